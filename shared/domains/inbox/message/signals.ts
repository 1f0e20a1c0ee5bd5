import { type DeliveryStatus, isPermanent } from './automatic.ts';

/**
 * What a new message means to whoever sent the mail that it answers. Signals may come again after a crash: whoever hears
 * them remembers by `document_id`.
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
      /** A mail with this Message-ID lies in the mailbox: whoever sent it may be in doubt whether it went. */
      kind: 'found';
      messageId: string;
    }
);

/** Whoever wants to know. Called before the cursor moves past the messages, so that none is lost; rejects to stop it. */
export type SignalSink = (signals: readonly InboxSignal[]) => Promise<void>;

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
 * What a message signals: that it was found, one bounce for each recipient of a report, a reply where it answers
 * something. What was written from the mailbox itself answers nobody.
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
