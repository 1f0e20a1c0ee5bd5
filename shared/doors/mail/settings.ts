import * as z from 'zod';
import { boolean, optional, secret, truth, url } from '../config-fields.ts';
import { withoutEndSlashes } from '../http/request.ts';
import { type Mailbox, normaliseAddress, parseMailbox } from './address.ts';
import { loginEnvironment, loginFaults, type MailLogin, toLogin } from './login.ts';

/** The pace that a provider allows one account. */
export interface MailLimits {
  /** Parallel connections, at most. */
  connections: number;
  /** Mails per minute, at most; null without a limit. */
  perMinute: number | null;
}

/** An SMTP account of outgoing mail: the default one from EMAIL_*, or one of an organisation. */
export interface MailConfig {
  host: string;
  port: number;
  /** `implicit`: TLS from the first byte (port 465). `starttls`: required. `none`: only on loopback or without a login. */
  tls: 'implicit' | 'starttls' | 'none';
  login: MailLogin | undefined;
  limits: MailLimits;
  /** The account's own address, under which it may always send. */
  from: Mailbox;
  /** The domains that the account may send for. Absent: the domain of its address. */
  fromDomains?: readonly string[];
  /** The domain of Message-IDs, so that another account leaves them as they are. Absent: the domain of its address. */
  idDomain?: string;
  /** The host must have a public address; `local` allows this machine's own. Absent: the operator chose the host. */
  guard?: { local: boolean };
  /** Every mail goes to this address instead: a staging copy mails no customer. */
  redirectTo: string | undefined;
  /** The emergency stop: no mail is claimed or sent. */
  paused: boolean;
  /** Signs opt-out links and makes Message-IDs unguessable. */
  key: string;
  /** The key before: opt-out links of mails already sent stay good after a rotation. */
  previousKey?: string | undefined;
  /** The address of links in mails, without a slash at its end. Undefined: mails have no links. */
  publicUrl?: string | undefined;
}

/** The variables of outgoing mail; shared/doors/config.ts reads them. */
export const mailEnvironment = {
  EMAIL_HOST: optional,
  EMAIL_PORT: optional.pipe(
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port number, such as 587')
      .transform(Number)
      .refine((port) => port >= 1 && port <= 65_535, 'must be a port number from 1 to 65535')
      .optional(),
  ),
  EMAIL_USE_TLS: optional.pipe(truth.optional()),
  ...loginEnvironment,
  DEFAULT_FROM_EMAIL: optional.pipe(
    z
      .string()
      .transform(parseMailbox)
      .refine((mailbox) => mailbox !== null, 'must be name@example.com or "Name <name@example.com>"')
      .optional(),
  ),
  EMAIL_REDIRECT_TO: optional.pipe(
    z
      .string()
      .transform(normaliseAddress)
      .refine((address) => address !== null, 'must be one e-mail address, or unset')
      .optional(),
  ),
  EMAIL_PAUSED: boolean,
  LINK_KEY: secret,
  LINK_KEY_PREVIOUS: secret,
  PUBLIC_URL: url,
};

type MailEnvironment = z.infer<z.ZodObject<typeof mailEnvironment>>;

/** Ports of https://www.rfc-editor.org/rfc/rfc8314: 587 with STARTTLS by default, 465 with TLS at once. */
const SUBMISSION_PORT = 587;
const SUBMISSIONS_PORT = 465;
/** Providers allow an account about ten connections. */
const ORDINARY: MailLimits = { connections: 8, perMinute: null };
/** Microsoft Learn, "Exchange Online limits": three connections and 30 messages per minute for client submission. */
const MICROSOFT: MailLimits = { connections: 3, perMinute: 30 };

/** Returns the limits of a provider by its server's name. */
export const limitsOf = (host: string): MailLimits =>
  /(^|\.)(office365|outlook)\.com$/i.test(host) ? MICROSOFT : ORDINARY;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Returns the faults of the mail settings together, if EMAIL_HOST is given or the function sends mail (`needed`). */
export function mailFaults(e: NodeJS.ProcessEnv, needed: boolean): string[] {
  if (!e.EMAIL_HOST && !needed) return [];
  const faults: string[] = [];
  if (!e.EMAIL_HOST) faults.push('EMAIL_HOST is not set; give the SMTP server, such as smtp.gmail.com');
  else if (/[\s/:@]/.test(e.EMAIL_HOST.replace(/^\[[\da-f:]+\]$/i, '')))
    faults.push('EMAIL_HOST must be a bare host name, without protocol, port or spaces');
  if (!e.DEFAULT_FROM_EMAIL) faults.push('DEFAULT_FROM_EMAIL is not set; give the address mail comes from');
  if (!e.LINK_KEY) faults.push('LINK_KEY is not set; make one with `npm run ronde -- secret generate`');
  faults.push(...loginFaults(e));
  const isSecret = Boolean(e.EMAIL_HOST_PASSWORD) || e.EMAIL_AUTH === 'xoauth2';
  const plain = truth.safeParse(e.EMAIL_USE_TLS).data === false && Number(e.EMAIL_PORT) !== SUBMISSIONS_PORT;
  if (plain && isSecret && !LOOPBACK.test(e.EMAIL_HOST ?? ''))
    faults.push('EMAIL_USE_TLS is off and would send the credentials unencrypted; set it to true');
  return faults;
}

/** Returns the checked settings, or undefined if none are given. */
export function toMailConfig(e: MailEnvironment): MailConfig | undefined {
  if (!e.EMAIL_HOST || !e.DEFAULT_FROM_EMAIL || !e.LINK_KEY) return undefined;
  const port = e.EMAIL_PORT ?? SUBMISSION_PORT;
  return {
    host: e.EMAIL_HOST.replace(/^\[(.*)\]$/, '$1'),
    port,
    tls: port === SUBMISSIONS_PORT ? 'implicit' : (e.EMAIL_USE_TLS ?? true) ? 'starttls' : 'none',
    login: toLogin(e),
    limits: limitsOf(e.EMAIL_HOST),
    from: e.DEFAULT_FROM_EMAIL,
    redirectTo: e.EMAIL_REDIRECT_TO ?? undefined,
    paused: e.EMAIL_PAUSED,
    key: e.LINK_KEY,
    ...(e.LINK_KEY_PREVIOUS ? { previousKey: e.LINK_KEY_PREVIOUS } : {}),
    publicUrl: e.PUBLIC_URL && withoutEndSlashes(e.PUBLIC_URL),
  };
}
