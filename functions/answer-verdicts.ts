import type { DocumentSnapshot } from '@google-cloud/firestore';
import { resumed, stopped } from '../shared/domains/followups/actions.ts';
import { answersOf } from '../shared/domains/followups/answers/answer.ts';
import { type ChangeContext, changeFollowup } from '../shared/domains/followups/change.ts';
import type { Followup } from '../shared/domains/followups/followup.ts';
import { decideAnswer, type ListedAnswer, listedAnswer } from '../shared/domains/inbox/mailbox/answers.ts';

/** Stops that an answer in the mailbox made, and that a person may take back. */
const BY_ANSWER = ['replied', 'hard_bounce'];

/**
 * Applies a person's word on a listed answer. An answer ends the follow-ups that it postponed; text that is no answer lets those go
 * on that it stopped or postponed. The same word twice has the effect of one. Returns null if the mail is no listed answer.
 */
export async function decideOnAnswer(
  context: ChangeContext,
  message: DocumentSnapshot,
  verdict: 'answer' | 'not_answer',
): Promise<ListedAnswer | null> {
  const answer = listedAnswer(message);
  if (answer === null || answer.state === verdict) return answer;
  for (const id of answer.followupIds)
    await changeFollowup(context, id, ({ snapshot, followup, settings }) => {
      if (verdict === 'answer') return stopped(followup, 'replied', `a person read the answer ${message.id}`);
      if (!isEffectOf(message.id, snapshot, followup, context.now)) return null;
      return resumed(snapshot, followup, settings, context.now);
    });
  return await decideAnswer(context.store, message.id, verdict);
}

/** Returns true if a follow-up waits or has ended because of this mail. */
function isEffectOf(documentId: string, snapshot: DocumentSnapshot, followup: Followup, now: Date): boolean {
  if (!answersOf(snapshot).some(({ document }) => document === documentId)) return false;
  const { status, stopReason, pausedUntil } = followup;
  if (status === 'stopped') return BY_ANSWER.includes(stopReason ?? '');
  return status === 'open' && (pausedUntil ?? 0) > now.getTime();
}
