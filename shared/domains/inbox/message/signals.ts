import { type DeliveryStatus, isPermanent } from './automatic.ts';

/**
 * The meaning of a new message for the sender of the mail that it answers. Signals may come again after a crash; their
 * receiver recognises them by `document_id`.
 */
export type InboxSignal = {
  orgId: string;
  integrationId: string;
  /** The message's document in inbox_messages. */
  documentId: string;
  receivedAt: Date;
} & (
  | {
      /** A person's answer, or a machine's: an out-of-office note stops nothing. */
      kind: 'reply' | 'auto_reply';
      /** Lower-case. */
      from: string;
      /** The Message-IDs that it answers, oldest first. */
      references: readonly string[];
    }
  | {
      kind: 'bounce';
      /** The mail that did not arrive; null where the report does not tell. */
      originalMessageId: string | null;
      recipient: string | null;
      status: string | null;
      permanent: boolean;
    }
  | {
      /** A mail with this Message-ID lies in the mailbox; its sender may be uncertain about its delivery. */
      kind: 'found';
      messageId: string;
    }
);

/**
 * Receives signals before the cursor moves past the messages, so that none is lost. Rejects to stop the cursor. Returns
 * false if `mayGoOn` ended before the last signal; the next sync then repeats all of them.
 */
export type SignalSink = (signals: readonly InboxSignal[], mayGoOn: () => boolean) => Promise<boolean>;

export interface SignalFacts {
  orgId: string;
  integrationId: string;
  documentId: string;
  receivedAt: Date;
  from: string | null;
  messageId: string | null;
  references: readonly string[];
  autoReply: boolean;
  /** Written from this mailbox itself: a copy in Sent, a draft, or its own address. */
  outbound: boolean;
  deliveries: readonly DeliveryStatus[];
  /** The Message-ID of the mail that a report encloses. */
  enclosed: string | null;
}

/**
 * Returns the signals of a message: found, one bounce for each recipient of a report, a reply if it answers a mail. A
 * message that the mailbox itself sent is no reply.
 */
export function signalsOf(facts: SignalFacts): InboxSignal[] {
  const { orgId, integrationId, documentId, receivedAt, messageId } = facts;
  const base = { orgId, integrationId, documentId, receivedAt };
  const found: InboxSignal[] = messageId === null ? [] : [{ ...base, kind: 'found', messageId }];
  return facts.outbound ? found : [...found, ...answers(facts, base)];
}

type Base = Pick<InboxSignal, 'orgId' | 'integrationId' | 'documentId' | 'receivedAt'>;

function answers(facts: SignalFacts, base: Base): InboxSignal[] {
  const { references } = facts;
  const failed = facts.deliveries.filter(({ action }) => action === 'failed');
  if (failed.length > 0) {
    const originalMessageId = facts.enclosed ?? references.at(-1) ?? null;
    return failed.map((delivery) => ({
      ...base,
      kind: 'bounce',
      originalMessageId,
      recipient: delivery.recipient,
      status: delivery.status,
      permanent: isPermanent(delivery),
    }));
  }
  if (references.length === 0 || facts.from === null) return [];
  return [{ ...base, kind: facts.autoReply ? 'auto_reply' : 'reply', from: facts.from, references }];
}
