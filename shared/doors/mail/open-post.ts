import type { Firestore } from '@google-cloud/firestore';
import { AccessTokens } from '../account/access-tokens.ts';
import type { CredentialContext } from '../account/credentials.ts';
import type { Clock } from '../clock.ts';
import type { Meter } from '../cost.ts';
import type { Log } from '../log.ts';
import { DEFAULT_ACCOUNT, mailAccounts } from './accounts.ts';
import { Post } from './post.ts';
import type { MailConfig } from './settings.ts';

/** The engines of outgoing mail. */
export interface MailDeps {
  config: CredentialContext['config'] & { mail: MailConfig | undefined };
  store: Firestore;
  clock: Clock;
  log: Log;
}

/** Opens the outgoing mail of one run or request by the default account. Returns undefined if no EMAIL_HOST is configured. */
export function openPost(deps: MailDeps, meter: Meter, deadline?: Date): Post | undefined {
  const { clock, log } = deps;
  const config = openDefaultAccount(deps);
  return config ? new Post({ config, clock, log, meter, ...(deadline ? { deadline } : {}) }) : undefined;
}

/** Returns the settings of EMAIL_*, ready to log in. Without a store, an access token is not kept. */
export function openDefaultAccount({
  config,
  store,
  clock,
}: Pick<MailDeps, 'config' | 'clock'> & { store: Firestore | null }): MailConfig | undefined {
  const { mail } = config;
  if (!mail?.login || !('source' in mail.login)) return mail;
  const { user, source } = mail.login;
  const ref = store && mailAccounts(store).doc(DEFAULT_ACCOUNT);
  const tokens = new AccessTokens({
    async read() {
      const token: unknown = (await ref?.get())?.get('auth.token');
      const stored = {
        owner: `mail_accounts/${DEFAULT_ACCOUNT}`,
        user,
        method: 'xoauth2' as const,
        sealed: null,
        secretRef: null,
      };
      return { ...stored, source, token: typeof token === 'string' ? token : null };
    },
    async keep(fields) {
      await ref?.set({ org_id: null, auth: fields }, { merge: true });
    },
    context: () => ({ now: clock(), config }),
  });
  return { ...mail, login: { user, tokens } };
}
