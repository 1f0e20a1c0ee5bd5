import type { Firestore } from '@google-cloud/firestore';
import { AccessTokens } from '../../doors/account/access-tokens.ts';
import {
  type CredentialContext,
  type Resolved,
  resolveCredentials,
} from '../../doors/account/credentials.ts';
import { CredentialFault } from '../../doors/account/fault.ts';
import { mailAccounts } from '../../doors/mail/accounts.ts';
import type { MailLogin } from '../../doors/mail/login.ts';
import type { MailConfig } from '../../doors/mail/settings.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { configOf, type MailAccount, readAccount } from './account.ts';

/** Stores a new token, or newly sealed credentials. */
export type KeepCredentials = (account: MailAccount, fields: Resolved['keep']) => Promise<void>;

export interface OpenContext extends CredentialContext {
  /** The default account's settings. */
  base: MailConfig;
  /** Reads the credentials again, since another process may have got a new token. */
  read?: (account: MailAccount) => Promise<MailAccount>;
  keep: KeepCredentials;
}

/** Returns the settings by which an account sends. Credentials that do not open fail each delivery at its login. */
export async function openAccount(account: MailAccount, context: OpenContext): Promise<MailConfig> {
  const login = await loginOf(account, context);
  return configOf(account, context.base, login, context.config.local);
}

async function loginOf(account: MailAccount, { keep, read, now, config }: OpenContext): Promise<MailLogin> {
  const { user, method } = account.credentials;
  if (method === 'xoauth2') {
    const tokens = new AccessTokens({
      read: async () => (read ? await read(account) : account).credentials,
      keep: (fields) => keep(account, fields),
      context: () => ({ now, config }),
    });
    return { user, tokens };
  }
  try {
    const { credentials, keep: fields } = await resolveCredentials(account.credentials, { now, config });
    if (Object.keys(fields).length > 0) await keep(account, fields);
    return { user, password: credentials.password ?? '' };
  } catch (error) {
    if (!(error instanceof CredentialFault)) throw error;
    const fail = () => Promise.reject(error);
    return { user, tokens: { current: fail, renew: fail } };
  }
}

/** Reads and keeps credentials in the account's document, unless it was deleted. */
export function storedIn(store: Firestore): Required<Pick<OpenContext, 'read' | 'keep'>> {
  const refOf = ({ id }: MailAccount) => mailAccounts(store).doc(id);
  return {
    async read(account) {
      const snapshot = await refOf(account).get();
      return snapshot.exists ? readAccount(snapshot) : account;
    },
    async keep(account, fields) {
      const entries = Object.entries(fields).map(([name, value]) => [`auth.${name}`, value]);
      try {
        await refOf(account).update(Object.fromEntries(entries));
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    },
  };
}
