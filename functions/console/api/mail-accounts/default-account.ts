import type { Security } from '../../../../shared/domains/mail-accounts/account.ts';
import type { MailAccountView } from '../../../../shared/domains/mail-accounts/views.ts';
import { DEFAULT_ACCOUNT, mailAccounts } from '../../../../shared/doors/mail/accounts.ts';
import { domainOf } from '../../../../shared/doors/mail/message.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';
import { toJson } from '../../../../shared/doors/store/json.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import type { AdminContext } from '../route.ts';

const SECURITY: Readonly<Record<MailConfig['tls'], Security>> = {
  implicit: 'tls',
  starttls: 'starttls',
  none: 'none',
};

/** Returns the account of EMAIL_* as it is shown. Returns null if there is none. */
export async function shownDefault({ config, store }: AdminContext): Promise<MailAccountView | null> {
  const { mail } = config;
  if (!mail) return null;
  const snapshot = await mailAccounts(store).doc(DEFAULT_ACCOUNT).get();
  const { login, limits, from } = mail;
  return {
    id: DEFAULT_ACCOUNT,
    org_id: null,
    label: 'EMAIL_*',
    host: mail.host,
    port: mail.port,
    security: SECURITY[mail.tls],
    auth: {
      method: login && !('password' in login) ? 'xoauth2' : 'password',
      user: login?.user ?? null,
      has_credentials: login !== undefined,
    },
    address: from.address,
    from_domains: [domainOf(from.address)],
    max_connections: limits.connections,
    per_minute: limits.perMinute,
    held_until: (toJson(snapshot.get('held_until') ?? null) as string | null) ?? null,
    updated_at: versionOf(snapshot),
  };
}
