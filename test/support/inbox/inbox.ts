import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import type { ImapUser, LocalImap } from '../../../infra/local/imap/imap.ts';
import { findDovecot } from '../../../infra/local/programs.ts';
import { localSettings } from '../../../infra/local/settings.ts';
import { MailboxConnection } from '../../../shared/domains/inbox/imap/connection.ts';
import type { Integration } from '../../../shared/domains/inbox/integration.ts';
import { HEALTHY_MAILBOX } from '../../../shared/domains/inbox/mailbox-health.ts';
import type { InboxSignal } from '../../../shared/domains/inbox/message/signals.ts';
import { readFolders } from '../../../shared/domains/inbox/sync/folder/read-folders.ts';
import { type MailboxResult, syncMailbox } from '../../../shared/domains/inbox/sync/sync-mailbox.ts';
import { noUsage } from '../../../shared/doors/cost.ts';
import { countedStore } from '../../../shared/doors/store/counted.ts';
import type { Listed, Mailbox } from './mailbox.ts';

/**
 * Returns true, with a warning, if no IMAP server is installed. (With RONDE_ENGINES=real no test runs without one.)
 */
export function withoutDovecot(): boolean {
  const found = findDovecot(process.env);
  if (localSettings().prefer !== 'embedded' && typeof found === 'string') return false;
  const why = typeof found === 'string' ? 'Only engines from npm are wanted.' : found.missing;
  process.stdout.write(`SKIPPED: whatever needs an IMAP server. ${why}\n`);
  return true;
}

/** Returns an integration for one account of one server, with a new id. */
export function integrationFor(
  server: Pick<LocalImap, 'host' | 'port'>,
  user: ImapUser,
  changes: Partial<Integration> = {},
): Integration {
  return {
    id: randomUUID(),
    orgId: 'org-1',
    label: user.user,
    notifyEmail: null,
    host: server.host,
    port: server.port,
    secure: false,
    ca: null,
    user: user.user,
    method: 'password',
    sealed: null,
    secretRef: null,
    token: null,
    folders: ['INBOX'],
    since: null,
    health: HEALTHY_MAILBOX,
    ...changes,
  };
}

export interface SyncOptions {
  password: string;
  now?: Date;
  mayGoOn?: () => boolean;
  heard?: InboxSignal[];
  hangUpAfterMs?: number;
}

/** Synchronises a mailbox once. Returns the result and its cost. */
export async function syncOnce(bare: Firestore, integration: Integration, options: SyncOptions) {
  const meter = noUsage();
  const store = countedStore(bare, meter);
  const { password, now = new Date('2026-03-04T10:00:00.000Z'), mayGoOn = () => true, heard } = options;
  const result: MailboxResult = await syncMailbox({
    ...{ mailbox: integration, now, mayGoOn },
    readFolders: async () => (await readFolders(store, [integration]))[0] ?? [],
    connect: () => MailboxConnection.open(integration, { user: integration.user, password }, { local: true }),
    hangUpAfterMs: options.hangUpAfterMs ?? 60_000,
    signals: heard && (async (signals) => heard.push(...signals) > 0),
  });
  return { ...result, usage: meter };
}

export interface StoredMail {
  id: string;
  folder: string;
  uid_validity: string;
  uid: number;
  message_id?: string;
  thread_id: string;
  flags: string[];
  // biome-ignore lint/suspicious/noExplicitAny: fields are checked one by one
  [field: string]: any;
}

/** Returns the stored messages of an integration that are not removed. */
export async function stored(
  store: Firestore,
  integration: Integration,
  folder?: string,
): Promise<StoredMail[]> {
  const all = await everStored(store, integration);
  return all.filter(
    (each) => each['removed_at'] === null && (folder === undefined || each.folder === folder),
  );
}

/** Returns all documents of an integration, sorted by UID. */
export async function everStored(store: Firestore, integration: Integration): Promise<StoredMail[]> {
  const { docs } = await store
    .collection('inbox_messages')
    .where('integration_id', '==', integration.id)
    .get();
  return docs
    .map((doc) => ({ ...doc.data(), id: doc.id }) as StoredMail)
    .sort((one, other) => one.uid - other.uid);
}

/** Returns the stored messages in the shape of the server's listing. */
export async function storedListing(
  store: Firestore,
  integration: Integration,
  folder: string,
): Promise<Listed[]> {
  return (await stored(store, integration, folder)).map((each) => ({
    uid: each.uid,
    flags: each.flags,
    size: each['size'] as number,
    messageId: each.message_id,
  }));
}

/** Returns both listings of a folder: the server's, read by another client, and the store's. */
export async function bothListings(
  store: Firestore,
  integration: Integration,
  mailbox: Mailbox,
  folder = 'INBOX',
) {
  const plain = ({ uid, flags, size, messageId }: Listed) => ({
    uid,
    flags,
    size,
    messageId: messageId || undefined,
  });
  const server = (await mailbox.listing(folder)).map(plain);
  return { server, store: (await storedListing(store, integration, folder)).map(plain) };
}
