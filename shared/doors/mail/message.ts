import { createHmac } from 'node:crypto';
import type { MailComposerOptions } from 'nodemailer/lib/mail-composer';
import { headerText, type Mailbox, requireAddress } from './address.ts';
import type { MailConfig } from './settings.ts';

export type Locale = 'fr' | 'en';

/** One mail to one person. Each recipient gets a separate mail, so that each has an outcome. */
export interface Mail {
  /** The mail's lasting identity. The Message-ID is made from it, so a second try has the same one. */
  key: string;
  to: Mailbox;
  /** Absent: DEFAULT_FROM_EMAIL. */
  from?: Mailbox;
  replyTo?: Mailbox;
  locale: Locale;
  subject: string;
  text: string;
  html: string;
  /** The Message-IDs that this mail answers; the first is the thread's. */
  references?: readonly string[];
  /** One-click opt-out (RFC 8058): an https address that accepts a POST. */
  unsubscribeUrl?: string;
}

/** A mail in the form of the wire. */
export interface ComposedMail {
  envelope: { from: string; to: string };
  messageId: string;
  raw: Buffer;
}

/**
 * Returns the Message-ID of a key, always the same. Only LINK_KEY makes it predictable: a guessed one could forge a reply.
 * Its domain is the sender's, as mail servers expect.
 */
export function messageIdOf(key: string, config: Pick<MailConfig, 'key' | 'from' | 'idDomain'>): string {
  const hash = createHmac('sha256', config.key).update(`message-id\n${key}`).digest('base64url');
  return `<${hash}@${config.idDomain ?? domainOf(config.from.address)}>`;
}

/** Returns false if `messageIdOf` cannot have made a Message-ID. This cheap check spares most mails a search. */
export const looksLikeOurs = (messageId: string): boolean => /^<[\w-]{43}@[^<>@\s]+>$/.test(messageId);

/** Returns the domain of an address. */
export const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);

/**
 * Composes a mail of text and HTML. Headers mark it as automatic (RFC 3834, MS-OXCMAIL 2.2.3.2.14), so that no
 * out-of-office answers it. With `redirectTo`, envelope and header name that address, and X-Original-To the intended one.
 *
 * Throws if an address is malformed.
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
    ...thread(mail.references ?? [], messageId),
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

/** Returns an https address, since mail programs follow no other. The local cloud may use http. */
function requireHttps(text: string): string {
  const url = new URL(text);
  if (url.protocol === 'https:' || url.hostname === '127.0.0.1') return url.href;
  throw new Error(`The opt-out address has the protocol ${url.protocol}; it must be https.`);
}

const MESSAGE_ID = /^<[^<>\s@]+@[^<>\s@]+>$/;

/**
 * The first mail of a thread names itself: some providers replace Message-ID and leave References, which answers repeat.
 */
function thread(references: readonly string[], own: string): { inReplyTo?: string; references: string[] } {
  const wrong = references.find((reference) => !MESSAGE_ID.test(reference));
  if (wrong !== undefined)
    throw new Error(`${JSON.stringify(wrong)} is not a Message-ID; give it as <left@right>.`);
  const last = references.at(-1);
  return last === undefined ? { references: [own] } : { inReplyTo: last, references: [...references] };
}
