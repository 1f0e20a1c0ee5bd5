import type { Delivery, DeliveryReport } from './delivery.ts';
import type { Writer } from './writer/writer.ts';

/**
 * The meaning of a new message for the sender of the mail that it answers. Signals may come again after a crash; their
 * receiver recognises them by `messageId`, or by `documentId` where there is none.
 */
export type InboxSignal = {
  orgId: string;
  integrationId: string;
  /** The message's document in inbox_messages. */
  documentId: string;
  messageId: string | null;
  receivedAt: Date;
} & (
  | {
      /** A mail that somebody or something wrote to this mailbox, whether it names the mails it answers or not. */
      kind: 'mail';
      writer: Writer;
      /** The addresses that may be the author's, lower-case, the likeliest first. */
      authors: readonly string[];
      /** The Message-IDs that it answers, oldest first. */
      references: readonly string[];
      subject: string;
      snippet: string;
    }
  | {
      /** A mail was not delivered to one recipient; `references` name it. */
      kind: 'bounce';
      references: readonly string[];
      delivery: Delivery;
    }
  | {
      /** A reader has complained about a mail (RFC 5965). */
      kind: 'complaint';
      references: readonly string[];
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
  messageId: string | null;
  authors: readonly string[];
  references: readonly string[];
  subject: string;
  snippet: string;
  writer: Writer;
  report: DeliveryReport | null;
  complaint: boolean;
  /** Written from this mailbox itself: a copy in Sent, a draft, or its own address. */
  outbound: boolean;
}

/**
 * Returns the signals of a message: found, one bounce for each recipient of a report whom the mail never reached, a
 * complaint, or the mail itself. A report is no answer, and neither is a mail that the mailbox itself sent.
 */
export function signalsOf(facts: SignalFacts): InboxSignal[] {
  const { orgId, integrationId, documentId, receivedAt, messageId } = facts;
  const base = { orgId, integrationId, documentId, receivedAt, messageId };
  const found: InboxSignal[] = messageId === null ? [] : [{ ...base, messageId, kind: 'found' }];
  return facts.outbound ? found : [...found, ...meaningOf(facts, base)];
}

type Base = Pick<InboxSignal, 'orgId' | 'integrationId' | 'documentId' | 'receivedAt' | 'messageId'>;

function meaningOf(facts: SignalFacts, base: Base): InboxSignal[] {
  const { report, complaint, writer, authors, references, subject, snippet } = facts;
  // A report that encloses the mail names it; what it answers is the second best.
  const reported = report?.enclosed != null ? [report.enclosed] : references;
  if (complaint) return [{ ...base, kind: 'complaint', references: reported }];
  if (report !== null)
    return report.deliveries
      .filter(({ action }) => action === 'failed')
      .map((delivery) => ({ ...base, kind: 'bounce', references: reported, delivery }));
  if (authors.length === 0) return [];
  return [{ ...base, kind: 'mail', writer, authors, references, subject, snippet }];
}
