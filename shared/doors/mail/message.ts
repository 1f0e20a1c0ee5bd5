import { createHmac } from 'node:crypto';
import type { MailComposerOptions } from 'nodemailer/lib/mail-composer';
import { headerText, type Mailbox, requireAddress } from './address.ts';
import type { MailConfig } from './settings.ts';

export type Locale = 'fr' | 'en';

/** One mail to one person; several recipients are several mails, so that each has an outcome of its own. */
export interface Mail {
  /** What it is, for ever the same: the Message-ID is made from it, so a second try bears the same one. */
  key: string;
  to: Mailbox;
  /** Absent: DEFAULT_FROM_EMAIL. */
  from?: Mailbox;
  replyTo?: Mailbox;
  locale: Locale;
  subject: string;
  text: string;
  html: string;
  /** Message-IDs this one answers; the first is the thread's. */
  references?: readonly string[];
  /** One-click opt-out (RFC 8058): an https address that takes a POST. */
  unsubscribeUrl?: string;
}

/** A mail as it goes over the wire. */
export interface ComposedMail {
  envelope: { from: string; to: string };
  messageId: string;
  raw: Buffer;
}

/**
 * The Message-ID of a key: always the same, and nobody without LINK_KEY can guess it (a guessed one could forge a reply).
 * The domain is the sender's, as mail servers expect it.
 */
export function messageIdOf(key: string, config: Pick<MailConfig, 'key' | 'from'>): string {
  const hash = createHmac('sha256', config.key).update(`message-id\n${key}`).digest('base64url');
  return `<${hash}@${domainOf(config.from.address)}>`;
}

/** Whether a Message-ID may be one that `messageIdOf` made: a cheap look that spares a search for most mails. */
export const looksLikeOurs = (messageId: string): boolean => /^<[\w-]{43}@[^<>@\s]+>$/.test(messageId);

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);

/**
 * Composes a mail: text and HTML, the headers of automatic mail (RFC 3834, and Microsoft's, MS-OXCMAIL 2.2.3.2.14) so
 * that no out-of-office answers it. With `redirectTo`, envelope and header name that address, and X-Original-To the
 * intended one. Throws where an address is none.
 */
export async function compose(mail: Mail, config: MailConfig, date: Date): Promise<ComposedMail> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const intended = requireAddress(mail.to.address);
  const to = config.redirectTo ?? intended;
  const from = mail.from ?? config.from;
  const messageId = messageIdOf(mail.key, config);
  const options: MailComposerOptions = {
    from: mailbox(from),
    to: mailbox(mail.to.name === undefined ? { address: to } : { name: mail.to.name, address: to }),
    ...(mail.replyTo ? { replyTo: mailbox(mail.replyTo) } : {}),
    subject: headerText(mail.subject),
    text: mail.text,
    html: mail.html,
    messageId,
    date,
    ...thread(mail.references ?? []),
    headers: headers(mail, intended, to),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const raw = await new MailComposer(options).compile().build();
  return { envelope: { from: requireAddress(config.from.address), to }, messageId, raw };
}

function mailbox({ name, address }: Mailbox): { name: string; address: string } {
  return { name: headerText(name ?? ''), address: requireAddress(address) };
}

function headers(mail: Mail, intended: string, to: string): Record<string, string> {
  return {
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    'Content-Language': mail.locale,
    ...(to === intended ? {} : { 'X-Original-To': intended }),
    ...(mail.unsubscribeUrl
      ? {
          'List-Unsubscribe': `<${requireHttps(mail.unsubscribeUrl)}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }
      : {}),
  };
}

/** Mail programs follow only https; the local cloud's http is let through, since it reaches nobody. */
function requireHttps(text: string): string {
  const url = new URL(text);
  if (url.protocol === 'https:' || url.hostname === '127.0.0.1') return url.href;
  throw new Error(`The opt-out address has the protocol ${url.protocol}; it must be https.`);
}

const MESSAGE_ID = /^<[^<>\s@]+@[^<>\s@]+>$/;

function thread(references: readonly string[]): { inReplyTo?: string; references?: string[] } {
  const wrong = references.find((reference) => !MESSAGE_ID.test(reference));
  if (wrong !== undefined)
    throw new Error(`${JSON.stringify(wrong)} is not a Message-ID; give it as <left@right>.`);
  const last = references.at(-1);
  return last === undefined ? {} : { inReplyTo: last, references: [...references] };
}
