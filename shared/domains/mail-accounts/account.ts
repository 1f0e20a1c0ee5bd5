import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { StoredCredentials } from '../../doors/account/credentials.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { domainOf } from '../../doors/mail/message.ts';
import { limitsOf, type MailConfig, type MailLimits } from '../../doors/mail/settings.ts';
import { type AccountState, readState } from './state.ts';

export const SECURITIES = ['tls', 'starttls', 'none'] as const;
export type Security = (typeof SECURITIES)[number];

/** Ports of RFC 8314: TLS at once, or STARTTLS. */
export const SUBMISSION_PORTS: Readonly<Record<Security, number>> = { tls: 465, starttls: 587, none: 587 };

/** One SMTP account of an organisation. */
export interface MailAccount {
  id: string;
  orgId: string;
  label: string;
  host: string;
  port: number;
  security: Security;
  credentials: StoredCredentials;
  /** The account's own address, under which it may always send. */
  address: string;
  fromDomains: readonly string[];
  limits: MailLimits;
  state: AccountState;
}

/** Returns the owner of an account's sealed credentials. */
export const ownerOf = (id: string) => `mail_accounts/${id}`;

/** A document, as far as reading an account needs it. */
type Fields = Pick<DocumentSnapshot, 'id' | 'get'>;

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
const countOf = (value: unknown) =>
  Number.isInteger(value) && (value as number) > 0 ? (value as number) : null;

/** Reads an account; absent fields have their defaults. Throws if the document is no account. */
export function readAccount(snapshot: Fields): MailAccount {
  const text = (name: string) => textOf(snapshot.get(name));
  const need = (name: string) => {
    const value = text(name);
    if (value === null) throw new Error(`mail_accounts/${snapshot.id} has no ${name}; set it.`);
    return value;
  };
  const host = need('host');
  const user = need('auth.user');
  const security = SECURITIES.find((one) => one === snapshot.get('security')) ?? 'starttls';
  const address = text('address') ?? normaliseAddress(user);
  if (address === null) throw new Error(`mail_accounts/${snapshot.id} has no address; set it.`);
  const domains: unknown = snapshot.get('from_domains');
  const limits = limitsOf(host);
  return {
    id: snapshot.id,
    orgId: need('org_id'),
    label: text('label') ?? '',
    host,
    port: countOf(snapshot.get('port')) ?? SUBMISSION_PORTS[security],
    security,
    credentials: {
      owner: ownerOf(snapshot.id),
      user,
      method: text('auth.method') === 'xoauth2' ? 'xoauth2' : 'password',
      sealed: text('auth.sealed'),
      secretRef: text('auth.secret_ref'),
      token: text('auth.token'),
    },
    address,
    fromDomains: Array.isArray(domains) && domains.length > 0 ? domains.map(String) : [domainOf(address)],
    limits: {
      connections: countOf(snapshot.get('max_connections')) ?? limits.connections,
      perMinute: countOf(snapshot.get('per_minute')) ?? limits.perMinute,
    },
    state: readState(snapshot),
  };
}

const TLS: Readonly<Record<Security, MailConfig['tls']>> = {
  tls: 'implicit',
  starttls: 'starttls',
  none: 'none',
};

/**
 * Returns an account's settings for a delivery. The default account's gives the rest: the emergency stop, the redirection
 * and the keys of links and Message-IDs, which stay the same whichever account sends.
 */
export function configOf(
  account: MailAccount,
  base: MailConfig,
  login: NonNullable<MailConfig['login']>,
  local: boolean,
): MailConfig {
  const { host, port, security, limits, address, fromDomains } = account;
  return {
    ...base,
    ...{ host, port, tls: TLS[security], login, limits, fromDomains },
    from: { ...base.from, address },
    idDomain: base.idDomain ?? domainOf(base.from.address),
    guard: { local },
  };
}
