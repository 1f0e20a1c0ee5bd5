import type { Firestore } from '@google-cloud/firestore';
import {
  type CredentialContext,
  type Resolved,
  resolveCredentials,
} from '../../../doors/account/credentials.ts';
import { CredentialFault, type CredentialFaultKind } from '../../../doors/account/fault.ts';
import { isConflict } from '../../../doors/store/firestore.ts';
import { MailboxConnection, MailboxError } from '../imap/connection.ts';
import { type FailureKind, failureOf } from '../imap/failure.ts';
import { type Integration, integrationsOf, ownerOf } from '../integration.ts';

/** Keeps a new token, or newly sealed credentials. */
export type Keep = (integration: Integration, fields: Resolved['keep']) => Promise<void>;

/**
 * Signs in to a mailbox with whatever its integration has. A token that the server refuses before its end is renewed
 * once, and with `renew` before it is used. What was got is kept before it is used: some servers give a refresh token for
 * one use only.
 */
export async function signIn(
  integration: Integration,
  context: CredentialContext,
  keep: Keep,
  renew = false,
): Promise<MailboxConnection> {
  const open = async (refused: string | null) => {
    let resolved = await resolve(integration, context, refused);
    if (renew && resolved.renewable)
      resolved = await resolve(integration, context, resolved.credentials.accessToken ?? null);
    if (Object.keys(resolved.keep).length > 0) await keep(integration, resolved.keep);
    const rules = { local: context.config.local };
    const connected = MailboxConnection.open(integration, resolved.credentials, rules);
    return {
      connected: await connected.catch((error: unknown) => ({ error })),
      token: resolved.renewable ? (resolved.credentials.accessToken ?? null) : null,
    };
  };
  const first = await open(null);
  if (first.connected instanceof MailboxConnection) return first.connected;
  const { error } = first.connected;
  const isRefused = error instanceof MailboxError && error.failure.kind === 'auth';
  if (!isRefused || first.token === null) throw error;
  const second = await open(first.token);
  if (second.connected instanceof MailboxConnection) return second.connected;
  throw second.connected.error;
}

const FAILURES: Readonly<Record<Exclude<CredentialFaultKind, 'network'>, FailureKind>> = {
  consent: 'auth',
  client: 'auth',
  busy: 'busy',
  host: 'host',
  credentials: 'credentials',
};

/** Resolves the credentials. Throws a MailboxError: `auth` if a person must act. */
async function resolve(
  integration: Integration,
  context: CredentialContext,
  refused: string | null,
): Promise<Resolved> {
  try {
    const stored = { ...integration, owner: ownerOf(integration.id) };
    return await resolveCredentials(stored, context, refused);
  } catch (error) {
    if (!(error instanceof CredentialFault)) throw error;
    const { kind, message, cause } = error;
    const failure = kind === 'network' ? failureOf(cause, null).kind : FAILURES[kind];
    throw new MailboxError({ kind: failure, detail: message }, error);
  }
}

/** Keeps fields in the integration's document, unless it was deleted. */
export function keepIn({ store }: { store: Firestore }): Keep {
  return async ({ id }, fields) => {
    const entries = Object.entries(fields).map(([name, value]) => [`auth.${name}`, value]);
    try {
      await integrationsOf(store).doc(id).update(Object.fromEntries(entries));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  };
}
