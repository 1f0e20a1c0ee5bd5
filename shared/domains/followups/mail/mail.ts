import type { Mailbox } from '../../../doors/mail/address.ts';
import { type Html, html, page } from '../../../doors/mail/html.ts';
import { domainOf, type Locale, type Mail } from '../../../doors/mail/message.ts';
import type { MailConfig } from '../../../doors/mail/settings.ts';

import { type Followup, sendName } from '../followup.ts';
import { optOutPath } from '../opt-out.ts';
import type { Settings } from '../settings.ts';
import { contentOf, type MailContent, type Reminder } from './content.ts';

const OPT_OUT: Readonly<Record<Locale, { text: string; link: string }>> = {
  fr: { text: 'Ne plus recevoir de rappel automatique à ce sujet :', link: 'ne plus recevoir de rappel' },
  en: { text: 'To get no more automatic reminders about this:', link: 'no more reminders' },
};

/** The lasting name of a level's mail. Its Message-ID follows from it. */
const mailKey = (followup: Followup, level: number) =>
  `followups/${followup.id}/sends/${sendName(followup, level)}`;

/**
 * Chooses the sender of an organisation's mails: an SMTP account may only send for its domain (DMARC, RFC 7489). A
 * `from` of another domain becomes the account's address under the organisation's name, with a Reply-To.
 */
export function senderOf(
  settings: Settings,
  config: MailConfig,
): { from: Mailbox; replyTo?: Mailbox; own: boolean } {
  const { from, replyTo } = settings;
  const own = from === null || isAligned(from.address, config);
  const sender =
    from === null
      ? config.from
      : own
        ? from
        : { ...(from.name ? { name: from.name } : {}), address: config.from.address };
  const answers = replyTo ?? (own ? null : (from?.address ?? null));
  return { from: sender, own, ...(answers === null ? {} : { replyTo: { address: answers } }) };
}

function isAligned(address: string, { from, fromDomains }: MailConfig): boolean {
  const domain = domainOf(address);
  const allowed = fromDomains ?? [domainOf(from.address)];
  return allowed.some((own) => domain === own || domain.endsWith(`.${own}`));
}

/** Composes a reminder for the preview and for every sending, so that all are the same. Throws Unmailable. */
export function followupMail(reminder: Reminder, config: MailConfig, now: number): Mail {
  const { followup, settings, level } = reminder;
  const { from, replyTo } = senderOf(settings, config);
  const organisation = from.name ?? config.from.name ?? '';
  const content = contentOf(reminder, organisation, now);
  const isOffered = settings.optOut === 'all' || (settings.optOut === 'quotes' && followup.type === 'quote');
  const optOut =
    config.publicUrl && isOffered ? `${config.publicUrl}${optOutPath(followup.id, config.key)}` : null;
  const { name } = followup.customer;
  return {
    key: mailKey(followup, level),
    to: { address: content.to, ...(name ? { name } : {}) },
    from,
    ...(replyTo ? { replyTo } : {}),
    locale: content.locale,
    subject: content.subject,
    text: textOf(content, optOut),
    html: htmlOf(content, optOut),
    references: followup.messageIds.slice(0, level - 1),
    ...(optOut ? { unsubscribeUrl: optOut } : {}),
  };
}

function textOf({ text, note, locale }: MailContent, optOut: string | null): string {
  const below = [note, optOut && `${OPT_OUT[locale].text}\n${optOut}`].filter((part) => part !== null);
  return `${[text, ...(below.length > 0 ? ['-- '] : []), ...below].join('\n\n').replace('\n\n-- \n\n', '\n\n-- \n')}\n`;
}

function htmlOf({ subject, text, note, locale, links }: MailContent, optOut: string | null): string {
  const paragraphs = text.split(/\n\s*\n/).map((part) => html`<p>${toHtmlLines(part, links)}</p>\n`);
  const legal = note === null ? html`` : html`<p>${note}</p>`;
  const link = optOut === null ? html`` : html`<p><a href="${optOut}">${OPT_OUT[locale].link}</a></p>`;
  return page(locale, subject, html`${paragraphs}`, html`${legal}${link}`);
}

function toHtmlLines(paragraph: string, links: readonly string[]): Html[] {
  return paragraph.split('\n').map((line, index) => {
    const shown = links.includes(line.trim()) ? html`<a href="${line.trim()}">${line}</a>` : html`${line}`;
    return index === 0 ? shown : html`<br>${shown}`;
  });
}
