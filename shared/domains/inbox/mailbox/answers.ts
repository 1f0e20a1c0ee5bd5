import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../../doors/store/firestore.ts';
import { messagesOf, updateDocuments } from '../sync/folder/documents.ts';

/** A person's word on a mail that had an effect on follow-ups; `to_read` until there is one. */
export type AnswerState = 'to_read' | 'answer' | 'not_answer';

/** A mail that had an effect on follow-ups, for a person to read. */
export interface ListedAnswer {
  state: AnswerState;
  /** Its kind at first sight, such as `reply` or `doubtful`. */
  kind: string;
  followupIds: string[];
}

/** Reads what a mail did to follow-ups. Returns null if it did nothing. */
export function listedAnswer(message: DocumentSnapshot): ListedAnswer | null {
  const answer = message.get('answer') as
    | { state: AnswerState; kind: string; followup_ids: string[] }
    | undefined;
  return answer ? { state: answer.state, kind: answer.kind, followupIds: answer.followup_ids } : null;
}

/** Lists a mail among the answers to read. One that is listed already keeps a person's word. */
export async function listAnswer(
  store: Firestore,
  documentId: string,
  { kind, followupIds, now }: { kind: string; followupIds: readonly string[]; now: Date },
): Promise<void> {
  const message = await messagesOf(store).doc(documentId).get();
  if (!message.exists || !message.updateTime || listedAnswer(message)) return;
  const answer = {
    ...{ state: 'to_read', kind, followup_ids: [...followupIds] },
    ...{ at: Timestamp.fromDate(now), is_reported: false },
  };
  try {
    await message.ref.update({ answer }, { lastUpdateTime: message.updateTime });
  } catch (error) {
    if (!isConflict(error)) throw error;
    await listAnswer(store, documentId, { kind, followupIds, now });
  }
}

/** Records a person's word. Returns what the mail did before, or null if it is no listed answer. */
export async function decideAnswer(
  store: Firestore,
  documentId: string,
  state: Exclude<AnswerState, 'to_read'>,
): Promise<ListedAnswer | null> {
  const ref = messagesOf(store).doc(documentId);
  return await store.runTransaction(async (transaction) => {
    const answer = listedAnswer(await transaction.get(ref));
    if (answer && answer.state !== state)
      transaction.update(ref, { 'answer.state': state, 'answer.is_reported': true });
    return answer;
  });
}

/** Answers that the next notice names; a customer list writes hardly more in a day. */
const MAX_REPORTED = 200;

/** Reads the listed answers that no notice has named yet. Costs one read if there is none. */
export async function unreportedAnswers(store: Firestore): Promise<DocumentSnapshot[]> {
  const { docs } = await messagesOf(store)
    .where('answer.is_reported', '==', false)
    .select('org_id', 'from', 'subject', 'answer')
    .limit(MAX_REPORTED)
    .get();
  return docs;
}

/** Notes that a notice has named these answers. Skips mail that was deleted in between. */
export async function markReported(store: Firestore, answers: readonly DocumentSnapshot[]): Promise<void> {
  const fields = { 'answer.is_reported': true };
  await updateDocuments(
    store,
    answers.map(({ id }) => ({ id, fields })),
  );
}
