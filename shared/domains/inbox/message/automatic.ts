import { firstValue, type Headers, parseHeaders } from './headers.ts';

/** The header fields that tell automatic mail from a person's; they are fetched beside the envelope. */
export const AUTOMATIC_FIELDS = [
  'auto-submitted',
  'x-autoreply',
  'x-autorespond',
  'x-auto-response-suppress',
  'precedence',
  'return-path',
  'x-failed-recipients',
  'list-id',
] as const;

/** Subjects that answering machines use where they set no header; French, English and German. */
const MACHINE_SUBJECT =
  /^\s*(automatic reply|auto(matic)?[- ]?(reply|response)|out of (the )?office|r[ée]ponse automatique|absence du bureau|abwesenheitsnotiz|automatische antwort)\b/iu;

/**
 * Returns true if a machine wrote this (RFC 3834, 2 and 5; Microsoft's MS-OXCMAIL): an out-of-office note, a bounce, a
 * newsletter. Such a mail is never a person's answer.
 */
export function isAutomatic(headers: Headers, subject: string, from: string): boolean {
  const submitted = firstValue(headers, 'auto-submitted')?.split(';')[0]?.trim().toLowerCase();
  if (submitted !== undefined && submitted !== '' && submitted !== 'no') return true;
  if (headers.has('x-autoreply') || headers.has('x-autorespond') || headers.has('x-failed-recipients'))
    return true;
  if (headers.has('list-id')) return true;
  if (/^(auto_reply|bulk|junk|list)$/i.test(firstValue(headers, 'precedence') ?? '')) return true;
  if (/^<\s*>$/.test(firstValue(headers, 'return-path') ?? '')) return true;
  if (/^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)(@|$)/i.test(from)) return true;
  const suppress = firstValue(headers, 'x-auto-response-suppress');
  return MACHINE_SUBJECT.test(subject) || (suppress !== undefined && /\ball\b/i.test(suppress));
}

/** One recipient that a delivery status notification (RFC 3464) tells of. */
export interface DeliveryStatus {
  /** Lower-case; null where the report names none. */
  recipient: string | null;
  action: string;
  /** An enhanced code such as 5.1.1 (RFC 3463); null where there is none. */
  status: string | null;
}

/** Bounds of a report, in characters and recipients: a mail of ours has one recipient. */
const MAX_REPORT = 64 * 1024;
const MAX_RECIPIENTS = 20;

/**
 * Reads a message/delivery-status part: a group of fields for the message, then one for each recipient. Recipients with
 * the same words count once.
 */
export function parseDeliveryStatus(text: string): DeliveryStatus[] {
  const groups = text
    .slice(0, MAX_REPORT)
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ')
    .split(/\n{2,}/);
  const found = new Map<string, DeliveryStatus>();
  for (const group of groups) {
    const status = deliveryStatusOf(parseHeaders(group));
    if (status) found.set(JSON.stringify(status), status);
    if (found.size === MAX_RECIPIENTS) break;
  }
  return [...found.values()];
}

function deliveryStatusOf(fields: Headers): DeliveryStatus | null {
  const field = (name: string) => fields.get(name)?.[0];
  const action = field('action')?.toLowerCase();
  if (action === undefined) return null;
  const address = (field('final-recipient') ?? field('original-recipient') ?? '').split(';').at(-1)?.trim();
  const [status = null] = /\d\.\d{1,3}\.\d{1,3}/.exec(field('status') ?? '') ?? [];
  return { recipient: address ? address.replace(/^<|>$/g, '').toLowerCase() : null, action, status };
}

/** Returns true if a recipient will never get it: RFC 3464, 2.3.3, and a status of class 5. */
export function isPermanent({ action, status }: DeliveryStatus): boolean {
  return action === 'failed' && !(status ?? '5').startsWith('4');
}
