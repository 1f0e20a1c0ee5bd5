import type { Post } from '../../doors/mail/post.ts';
import { addDays } from '../../doors/time/zoned.ts';
import { paused, stopped } from './actions.ts';
import { type ChangeContext, changeFollowup, readFollowup } from './change.ts';
import { followups, toFollowup } from './followup.ts';
import { tellOwner } from './mail/notices.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { settleUnknown } from './settle.ts';

/** An out-of-office that does not say until when postpones by this. */
const AUTO_REPLY_DAYS = 3;
/** Firestore takes at most so many values at once; the newest references name the mail that is answered. */
const MAX_REFERENCES = 30;

/**
 * What an inbox has seen that concerns a follow-up. It says what a message is; what follows from it is decided here.
 * - `reply`: a person has answered one of our mails. `auto_reply`: a machine has, such as an out-of-office.
 * - `hard_bounce`: a report (RFC 3464) that a mail of ours will never arrive.
 * - `own_copy`: our own mail was found, in Sent or by its copy: it has gone.
 */
export interface InboxSignal {
  kind: 'reply' | 'auto_reply' | 'hard_bounce' | 'own_copy';
  /** Message-IDs of ours that it answers, reports or is, oldest first, as `<left@right>`. */
  messageIds: readonly string[];
  /** When an absent person is back, where an auto-reply says so. */
  backAt?: Date;
  /** One line for the history: who wrote, or what the report says. */
  detail: string;
}

/** What came of a signal, by follow-up. `ignored`: nothing of ours, or nothing was left to be changed. */
export type SignalResult = { followupId: string; effect: 'stopped' | 'postponed' | 'settled' | 'ignored' };

/** What applying a signal works with; with `post` the owner is told of an address that does not exist. */
export interface SignalContext extends ChangeContext {
  post?: Post;
}

/**
 * Applies a signal to every follow-up whose mails it names. May come twice and in any order: what has ended stays ended.
 * The caller answers for who wrote: our own copies and the organisation's own people are no reply of the customer.
 */
export async function applySignal(context: SignalContext, signal: InboxSignal): Promise<SignalResult[]> {
  const wanted = signal.messageIds.slice(-MAX_REFERENCES);
  if (wanted.length === 0) return [];
  const { docs } = await followups(context.store).where('message_ids', 'array-contains-any', wanted).get();
  const results: SignalResult[] = [];
  for (const { id } of docs) results.push({ followupId: id, effect: await applyTo(context, id, signal) });
  return results;
}

async function applyTo(
  context: SignalContext,
  id: string,
  signal: InboxSignal,
): Promise<SignalResult['effect']> {
  if (signal.kind === 'own_copy') return await settleIfFound(context, id, signal);
  let effect: SignalResult['effect'] = 'ignored';
  await changeFollowup(context, id, ({ snapshot, followup, settings }) => {
    effect = 'ignored';
    if (signal.kind === 'auto_reply') {
      const { hours } = settings.rules;
      const days = signal.backAt ? 1 : AUTO_REPLY_DAYS;
      const from = signal.backAt?.getTime() ?? context.now.getTime();
      const until = nextOpen(addDays(from, days, hours.zone), hours);
      if (
        followup.status !== 'open' ||
        until <= (followup.pausedUntil ?? 0) ||
        until <= context.now.getTime()
      )
        return null;
      effect = 'postponed';
      return paused(snapshot, settings, until, signal.detail);
    }
    const change = stopped(followup, signal.kind === 'reply' ? 'replied' : 'hard_bounce', signal.detail);
    if (change) effect = 'stopped';
    return change;
  });
  if (signal.kind === 'hard_bounce' && (effect as string) === 'stopped')
    await tellOfBounce(context, id, signal.detail);
  return effect;
}

async function tellOfBounce({ post, ...context }: SignalContext, id: string, detail: string): Promise<void> {
  const found = post ? await readFollowup(context, id) : null;
  if (post && found) await tellOwner({ ...context, post }, found, detail);
}

/** Our mail was found, so it has gone; only the newest level's can be in doubt. */
async function settleIfFound(
  context: ChangeContext,
  id: string,
  signal: InboxSignal,
): Promise<SignalResult['effect']> {
  const snapshot = await followups(context.store).doc(id).get();
  const newest = toFollowup(snapshot).messageIds.at(-1);
  if (newest === undefined || !signal.messageIds.includes(newest)) return 'ignored';
  return (await settleUnknown(context, id, 'sent', signal.detail)) ? 'settled' : 'ignored';
}
