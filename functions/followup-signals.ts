import type { FollowupSignal } from '../shared/domains/followups/answers/answer.ts';
import type { Delivery } from '../shared/domains/inbox/message/delivery.ts';
import type { InboxSignal } from '../shared/domains/inbox/message/signals.ts';
import { faultOf } from '../shared/doors/mail/faults/fault.ts';
import { looksLikeOurs } from '../shared/doors/mail/message.ts';
import { parseReply } from '../shared/doors/mail/outcome.ts';
import { comparableId, isProviderId, isSesId } from '../shared/doors/mail/provider-id.ts';

export type MailSignal = Extract<InboxSignal, { kind: 'mail' }>;

/** Mail of customers that names no reminder is looked at for this long; older mail is history. */
const RECENT_MS = 30 * 24 * 3_600_000;

/** Returns true for mail that may concern reminders of these days. */
export const isRecent = ({ receivedAt }: InboxSignal, now: Date): boolean =>
  receivedAt.getTime() > now.getTime() - RECENT_MS;

/** Returns what a signal of a mailbox means for follow-ups. Its `messageIds` are empty if it names no reminder. */
export function toFollowupSignal(signal: InboxSignal, now: Date): FollowupSignal {
  const named = signal.kind === 'found' ? [signal.messageId] : signal.references;
  const base = {
    orgId: signal.orgId,
    documentId: signal.documentId,
    receivedAt: signal.receivedAt,
    answerId: signal.messageId ?? signal.documentId,
    // Half of all mail answers an id of Outlook; a search for each would double the cost of a first sync.
    messageIds: remindersIn(named, isRecent(signal, now) ? isProviderId : isSesId),
  };
  switch (signal.kind) {
    case 'found':
      return { ...base, kind: 'own_copy', detail: `found in the mailbox ${signal.integrationId}` };
    case 'complaint':
      return { ...base, kind: 'complaint', detail: 'the customer reported a reminder as unwanted' };
    case 'bounce':
      return {
        ...base,
        kind: kindOfBounce(signal.delivery),
        recipients: signal.delivery.recipients,
        detail: detailOf(signal.delivery),
      };
    case 'mail':
      return {
        ...base,
        kind: KINDS[signal.writer],
        detail: `${SAYS[signal.writer]} by ${signal.authors[0]}`,
      };
  }
}

const KINDS = { person: 'reply', machine: 'auto_reply', doubtful: 'doubtful' } as const;
const SAYS = { person: 'answered', machine: 'answered automatically', doubtful: 'perhaps answered' };

/** The Message-IDs that may be of reminders; those that a provider made are kept in another form. */
const remindersIn = (ids: readonly string[], isMaybe: (id: string) => boolean) =>
  ids.filter((id) => looksLikeOurs(id) || isMaybe(id)).map(comparableId);

/** Decides what a report means, by the table of refusals (RFC 3463); pure. */
export function kindOfBounce({ status, diagnostic }: Delivery): FollowupSignal['kind'] {
  const reply = parseReply(diagnostic ?? '');
  // X.0.0 says nothing; the server's own words may.
  const enhanced = status === null || /\.0\.0$/.test(status) ? (reply.enhanced ?? status) : status;
  const fault = faultOf({ phase: 'report', code: reply.code, enhanced, text: diagnostic ?? '' });
  if (fault.whose === 'sender' || fault.whose === 'account') return 'refused';
  // RFC 3464: failed is the end, whatever the class of the code; the mail may still arrive another day.
  if (enhanced?.startsWith('4') || fault.mayPass || fault.whose === 'server') return 'returned';
  const isForGood = fault.whose === 'recipient' && fault.kind !== 'takes_no_outside_mail';
  return isForGood ? 'hard_bounce' : 'doubtful';
}

function detailOf({ recipients, status, diagnostic }: Delivery): string {
  const said = diagnostic ?? status ?? 'not delivered';
  const code = status === null || said.includes(status) ? '' : `${status} `;
  return `${recipients.join(', ') || 'the recipient'}: ${code}${said}`;
}
