import type { MailClient } from '../imap/client.ts';
import { UidSet } from '../imap/uid-set.ts';
import { ENVELOPE_FIELDS, envelopeOf, isEnvelope } from '../message/envelope.ts';
import type { Outline } from '../message/outline.ts';
import { isReceivedAt, receivedDate } from '../message/received.ts';

const hasDate = ({ message }: Outline) => isReceivedAt(message.internalDate);

/**
 * Fills outlines from the headers of their mails: the envelope if the server gives none, and the date of the first
 * Received field if it does not know when a mail came.
 */
export async function fillFromHeaders(
  client: MailClient,
  outlines: ReadonlyMap<number, Outline>,
): Promise<void> {
  const lacking = [...outlines.values()].filter(
    (each) => !hasDate(each) || !isEnvelope(each.message.envelope),
  );
  if (lacking.length === 0) return;
  const set = UidSet.of(lacking.map(({ uid }) => uid)).toString();
  await client.fetchEach(set, { headers: ['received', ...ENVELOPE_FIELDS] }, ({ uid, headers }) => {
    const outline = uid === undefined ? undefined : outlines.get(uid);
    if (!outline || !headers) return;
    const { message } = outline;
    const date = hasDate(outline) ? null : receivedDate(headers);
    if (date) message.internalDate = date;
    if (!isEnvelope(message.envelope)) message.envelope = envelopeOf(headers);
  });
}
