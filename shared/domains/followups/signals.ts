import type { Firestore } from '@google-cloud/firestore';
import type { Post } from '../../doors/mail/post.ts';
import { addDays } from '../../doors/time/zoned.ts';
import { paused, stopped } from './actions.ts';
import { type ChangeContext, changeFollowup, readFollowup } from './change.ts';
import { followups, toFollowup } from './followup.ts';
import { notifyOwner } from './mail/notices.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { settleUnknown } from './settle.ts';

/** An out-of-office without a return date postpones by this. */
const AUTO_REPLY_DAYS = 3;
/** Firestore takes at most this many values at once. The newest references name the answered mail. */
const MAX_REFERENCES = 30;
/** Queries under way at a time. */
const QUERIES = 8;

/**
 * A message in a mailbox that concerns a follow-up:
 * - `reply`: a person answered a reminder.
 * - `auto_reply`: a machine answered one, such as an out-of-office.
 * - `hard_bounce`: a report (RFC 3464) that a reminder will never arrive.
 * - `own_copy`: the reminder itself, in Sent or as a copy, so it was sent.
 */
export interface FollowupSignal {
  /** The organisation of the mailbox. Follow-ups of others are not touched. */
  orgId: string;
  kind: 'reply' | 'auto_reply' | 'hard_bounce' | 'own_copy';
  /** The Message-IDs of the reminders that it answers, reports or is, oldest first, as `<left@right>`. */
  messageIds: readonly string[];
  /** The return date of an absent person, if the auto-reply names one. */
  backAt?: Date;
  /** One line for the history: the sender, or the words of the report. */
  detail: string;
}

/** The effect of a signal on a follow-up. `ignored` changes nothing. */
export type SignalResult = { followupId: string; effect: 'stopped' | 'postponed' | 'settled' | 'ignored' };

/** With `post`, a hard bounce also notifies the organisation's owner. */
export interface FollowupSignalContext extends ChangeContext {
  post?: Post;
}

/** Returns the ids of the follow-ups that a signal names. */
export type Mentioned = (signal: FollowupSignal) => readonly string[];

/**
 * Finds the follow-ups whose mails these signals name, each of the signal's own organisation. It asks for thirty
 * Message-IDs at a time, each once: anyone can send mails that name made-up ones.
 */
export async function findMentioned(
  store: Firestore,
  signals: readonly FollowupSignal[],
): Promise<Mentioned> {
  const newest = ({ messageIds }: FollowupSignal) => messageIds.slice(-MAX_REFERENCES);
  const wanted = [...new Set(signals.flatMap(newest))];
  const parts = Array.from({ length: Math.ceil(wanted.length / MAX_REFERENCES) }, (_, index) =>
    wanted.slice(index * MAX_REFERENCES, (index + 1) * MAX_REFERENCES),
  );
  const found = new Map<string, { id: string; orgId: unknown }[]>();
  const query = async (some: readonly string[]) => {
    const naming = followups(store).where('message_ids', 'array-contains-any', some);
    for (const doc of (await naming.select('message_ids', 'org_id').get()).docs)
      for (const messageId of doc.get('message_ids') as readonly string[])
        found.set(messageId, [...(found.get(messageId) ?? []), { id: doc.id, orgId: doc.get('org_id') }]);
  };
  for (let from = 0; from < parts.length; from += QUERIES)
    await Promise.all(parts.slice(from, from + QUERIES).map(query));
  return (signal) => [
    ...new Set(
      newest(signal)
        .flatMap((messageId) => found.get(messageId) ?? [])
        .flatMap(({ id, orgId }) => (orgId === signal.orgId ? id : [])),
    ),
  ];
}

/**
 * Applies a signal to the follow-ups that it names; signals may come twice and in any order. The caller leaves out
 * replies of the organisation's people, who are no customers. Without ids it searches for them.
 */
export async function applySignal(
  context: FollowupSignalContext,
  signal: FollowupSignal,
  followupIds?: readonly string[],
): Promise<SignalResult[]> {
  const ids = followupIds ?? (await findMentioned(context.store, [signal]))(signal);
  const results: SignalResult[] = [];
  for (const id of ids) results.push({ followupId: id, effect: await applyTo(context, id, signal) });
  return results;
}

async function applyTo(
  context: FollowupSignalContext,
  id: string,
  signal: FollowupSignal,
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
    await notifyOfBounce(context, id, signal.detail);
  return effect;
}

async function notifyOfBounce(
  { post, ...context }: FollowupSignalContext,
  id: string,
  detail: string,
): Promise<void> {
  const found = post ? await readFollowup(context, id) : null;
  if (post && found) await notifyOwner({ ...context, post }, found, detail);
}

/** Settles an uncertain mail that was found, so it was sent. Only the newest level's mail can be uncertain. */
async function settleIfFound(
  context: ChangeContext,
  id: string,
  signal: FollowupSignal,
): Promise<SignalResult['effect']> {
  const snapshot = await followups(context.store).doc(id).get();
  const newest = toFollowup(snapshot).messageIds.at(-1);
  if (newest === undefined || !signal.messageIds.includes(newest)) return 'ignored';
  return (await settleUnknown(context, id, 'sent', signal.detail)) ? 'settled' : 'ignored';
}
