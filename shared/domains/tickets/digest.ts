import type { Mailbox } from '../../doors/mail/address.ts';
import { type Html, html, page } from '../../doors/mail/html.ts';
import type { Locale, Mail } from '../../doors/mail/message.ts';

/** A digest names at most this many tickets and counts the others: it must be readable on a phone. */
const SHOWN_TICKETS = 50;

/** One line of a digest. */
export interface DigestTicket {
  number: string;
  device: string;
  customerName: string | null;
  stage: string;
  days: number;
  /** True for a first alert, false for a reminder. */
  isNew: boolean;
  /** Leads to the ticket; null for no link. */
  url: string | null;
}

/** Returns the address of a ticket from its pattern, with `{id}` and `{number}` replaced and encoded. */
export function ticketUrlOf({ id, number }: { id: string; number: string }, pattern: string): string {
  return pattern
    .replaceAll('{id}', () => encodeURIComponent(id))
    .replaceAll('{number}', () => encodeURIComponent(number));
}

interface DigestWords {
  subject: (count: number) => string;
  lead: (count: number) => string;
  head: readonly [string, string, string];
  isNew: string;
  days: (days: number) => string;
  more: (count: number) => string;
  footer: string;
}

const WORDS: Record<Locale, DigestWords> = {
  fr: {
    subject: (count) => `${count} dossier${count > 1 ? 's' : ''} en retard`,
    lead: (count) =>
      count > 1
        ? `${count} dossiers sont depuis trop longtemps à la même étape, les plus anciens d’abord.`
        : 'Un dossier est depuis trop longtemps à la même étape.',
    head: ['Dossier', 'Étape', 'Jours'],
    isNew: 'nouveau',
    days: (days) => `${days} j`,
    more: (count) => `et ${count} de plus`,
    footer: 'Vous recevez ce message parce que vous êtes destinataire des alertes de retard.',
  },
  en: {
    subject: (count) => `${count} ticket${count > 1 ? 's' : ''} overdue`,
    lead: (count) =>
      count > 1
        ? `${count} tickets have been in the same stage for too long, oldest first.`
        : 'One ticket has been in the same stage for too long.',
    head: ['Ticket', 'Stage', 'Days'],
    isNew: 'new',
    days: (days) => `${days} d`,
    more: (count) => `and ${count} more`,
    footer: 'You receive this because you are on the list for delay alerts.',
  },
};

/**
 * Returns the digest of all late tickets for one recipient, oldest first, new ones marked. `key` must be the same for the
 * same digest. Throws for an empty list.
 */
export function delayDigest(
  key: string,
  to: Mailbox,
  locale: Locale,
  tickets: readonly DigestTicket[],
): Mail {
  if (tickets.length === 0) throw new Error('A digest needs at least one late ticket; send none without.');
  const words = WORDS[locale];
  const oldestFirst = tickets.toSorted((a, b) => b.days - a.days || (a.number < b.number ? -1 : 1));
  const shown = oldestFirst.slice(0, SHOWN_TICKETS);
  const rest = tickets.length - shown.length;
  const subject = words.subject(tickets.length);
  const text = [
    words.lead(tickets.length),
    '',
    ...shown.map((ticket) => textLine(ticket, words)),
    ...(rest > 0 ? [words.more(rest)] : []),
    '',
    words.footer,
    '',
  ].join('\n');
  const content = html`<p>${words.lead(tickets.length)}</p>${table(shown, words)}${
    rest > 0 ? html`<p class="quiet">${words.more(rest)}</p>` : html``
  }`;
  return { key, to, locale, subject, text, html: page(locale, subject, content, html`${words.footer}`) };
}

/** Replaces line ends and control characters by blanks. */
const flat = (text: string) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

function textLine(ticket: DigestTicket, words: DigestWords): string {
  const who = ticket.customerName ? ` (${flat(ticket.customerName)})` : '';
  const mark = ticket.isNew ? ` [${words.isNew}]` : '';
  return `- ${flat(ticket.number)} ${flat(ticket.device)}${who}: ${flat(ticket.stage)}, ${words.days(ticket.days)}${mark}${ticket.url ? `\n  ${ticket.url}` : ''}`;
}

function table(tickets: readonly DigestTicket[], words: DigestWords): Html {
  const [ticketHead, stageHead, daysHead] = words.head;
  const rows = tickets.map(
    (ticket) => html`<tr>
<td><strong>${
      ticket.url ? html`<a href="${ticket.url}">${flat(ticket.number)}</a>` : flat(ticket.number)
    }</strong> <bdi>${flat(ticket.device)}</bdi>${
      ticket.isNew ? html` <span class="new">${words.isNew}</span>` : html``
    }${ticket.customerName ? html`<br><bdi class="quiet">${flat(ticket.customerName)}</bdi>` : html``}</td>
<td><bdi>${flat(ticket.stage)}</bdi></td>
<td class="days">${words.days(ticket.days)}</td>
</tr>
`,
  );
  return html`<table>
<thead><tr><th scope="col">${ticketHead}</th><th scope="col" class="stage">${stageHead}</th><th scope="col" class="days">${daysHead}</th></tr></thead>
<tbody>
${rows}</tbody>
</table>`;
}
