import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import { FIRST_FOLDER, PORTS } from './limits.ts';
import { type MailboxHealth, readMailboxHealth } from './mailbox-health.ts';

/** One mailbox that is synchronised. */
export interface Integration {
  id: string;
  orgId: string;
  label: string;
  notifyEmail: string | null;
  host: string;
  port: number;
  secure: boolean;
  ca: string | null;
  user: string;
  method: 'password' | 'xoauth2';
  /** The sealed credentials, or the name of the secret that holds them. */
  sealed: string | null;
  secretRef: string | null;
  /** A sealed access token that was got with them. */
  token: string | null;
  folders: readonly string[];
  /** Older mail is left where it is. */
  since: Date | null;
  health: MailboxHealth;
}

export const integrationsOf = (store: Firestore) => store.collection('inbox_integrations');

/** The mailboxes that are synchronised at all. */
export const activeIntegrations = (store: Firestore) => integrationsOf(store).where('active', '==', true);

/** Returns the owner of an integration's sealed credentials: they open for no other owner. */
export const ownerOf = (integrationId: string) => `inbox_integrations/${integrationId}`;

/** A document, as far as reading an integration needs it. */
type Fields = Pick<DocumentSnapshot, 'id' | 'get'>;

/** An integration as it is stored; what is absent has its default, what is no integration is an error that says why. */
export function readIntegration(snapshot: Fields): Integration {
  const text = (name: string) => textOr(snapshot.get(name), null);
  const need = (name: string) => {
    const value = text(name);
    if (value === null) throw new Error(`inbox_integrations/${snapshot.id} has no ${name}; set it.`);
    return value;
  };
  const port: unknown = snapshot.get('port');
  const secure = snapshot.get('secure') !== false;
  const folders: unknown = snapshot.get('folders');
  const paths = Array.isArray(folders)
    ? folders.filter((path) => typeof path === 'string' && path !== '')
    : [];
  const since = millis(snapshot.get('sync_from'));
  return {
    id: snapshot.id,
    orgId: need('org_id'),
    label: text('label') ?? '',
    notifyEmail: text('notify_email'),
    host: need('host'),
    port: Number.isInteger(port) ? (port as number) : secure ? PORTS.tls : PORTS.starttls,
    secure,
    ca: text('ca'),
    user: need('auth.user'),
    method: text('auth.method') === 'xoauth2' ? 'xoauth2' : 'password',
    sealed: text('auth.sealed'),
    secretRef: text('auth.secret_ref'),
    token: text('auth.token'),
    folders: paths.length > 0 ? withOneInbox(paths as string[]) : [FIRST_FOLDER],
    since: since === null ? null : new Date(since),
    health: readMailboxHealth(snapshot),
  };
}

/** INBOX is the same in any case (RFC 9051, 5.1): of several spellings the first one, or the usual one, stays. */
function withOneInbox(paths: readonly string[]): string[] {
  const isInbox = (path: string) => path.toUpperCase() === FIRST_FOLDER;
  const inbox = paths.find((path) => path === FIRST_FOLDER) ?? paths.find(isInbox);
  return [...new Set(paths)].filter((path) => !isInbox(path) || path === inbox);
}

const textOr = (value: unknown, otherwise: string | null) =>
  typeof value === 'string' && value !== '' ? value : otherwise;
