import type { Firestore } from '@google-cloud/firestore';
import { isConflict } from '../../../doors/store/firestore.ts';
import { MailboxConnection, MailboxError } from '../imap/connection.ts';
import { type Integration, integrationsOf } from '../integration.ts';
import { type CredentialContext, type Resolved, resolveCredentials } from './credentials.ts';

/** Keeps a new token, or newly sealed credentials. */
export type Keep = (integration: Integration, fields: Resolved['keep']) => Promise<void>;

/**
 * Signs in to a mailbox with whatever its integration has. A token that the server refuses before its end is renewed
 * once; `renew` asks for a new one at once. What was got is kept before it is used: some servers give a refresh token for one use only.
 */
export async function signIn(
  integration: Integration,
  context: CredentialContext,
  keep: Keep,
  renew = false,
): Promise<MailboxConnection> {
  const open = async (renew: boolean) => {
    const resolved = await resolveCredentials(integration, context, renew);
    if (Object.keys(resolved.keep).length > 0) await keep(integration, resolved.keep);
    const rules = { local: context.config.local };
    const connected = MailboxConnection.open(integration, resolved.credentials, rules);
    return {
      connected: await connected.catch((error: unknown) => ({ error })),
      renewable: resolved.renewable,
    };
  };
  const first = await open(renew);
  if (first.connected instanceof MailboxConnection) return first.connected;
  const { error } = first.connected;
  const refused = error instanceof MailboxError && error.failure.kind === 'auth';
  if (!refused || !first.renewable) throw error;
  const second = await open(true);
  if (second.connected instanceof MailboxConnection) return second.connected;
  throw second.connected.error;
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
