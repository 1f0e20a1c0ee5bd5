import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import type { Post } from '../../../doors/mail/post.ts';
import { addDays } from '../../../doors/time/zoned.ts';
import { paused, stopped } from '../actions.ts';
import { type ChangeContext, changeFollowup, type FollowupChange, readFollowup } from '../change.ts';
import { type Followup, followups, toFollowup } from '../followup.ts';
import { notifyOwner } from '../mail/notices.ts';
import { nextOpen } from '../schedule/opening-hours.ts';
import type { Settings } from '../settings.ts';
import { settleUnknown } from '../settle.ts';
import { answerFields, answersOf, type FollowupSignal, isDecidedSince } from './answer.ts';
import { returnLevel } from './returned.ts';

/** An out-of-office without a return date postpones by this. */
const AUTO_REPLY_DAYS = 3;
/** A doubtful answer waits this long for a person before the sequence goes on. */
const DOUBTFUL_DAYS = 7;
/** Firestore takes at most this many values at once. The newest references name the answered mail. */
const MAX_REFERENCES = 30;
/** Queries under way at a time. */
const QUERIES = 8;

/** The effect of a signal on a follow-up. `ignored` changes nothing. */
export interface SignalResult {
  followupId: string;
  effect: 'stopped' | 'postponed' | 'returned' | 'settled' | 'ignored';
}

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
  if (signal.kind === 'returned' || signal.kind === 'refused')
    return (await returnLevel(context, id, signal)) ? 'returned' : 'ignored';
  let effect: SignalResult['effect'] = 'ignored';
  await changeFollowup(context, id, ({ snapshot, followup, settings }) => {
    const known = answersOf(snapshot).find((each) => each.id === signal.answerId);
    // The same document again is the same signal again, whose first coming may have been cut short.
    effect = known?.document === signal.documentId ? known.effect : 'ignored';
    if (known || isDecidedSince(snapshot, signal.receivedAt) || !isAbout(followup, signal)) return null;
    const change = changeFor(context, signal, { snapshot, followup, settings });
    if (change === null) return null;
    effect = isPause(signal.kind) ? 'postponed' : 'stopped';
    const answer = { id: signal.answerId, document: signal.documentId, effect } as const;
    return { ...change, fields: { ...change.fields, ...answerFields(snapshot, answer) } };
  });
  if (signal.kind === 'hard_bounce' && (effect as string) === 'stopped')
    await notifyOfBounce(context, id, signal.detail);
  return effect;
}

const isPause = (kind: FollowupSignal['kind']) => kind === 'auto_reply' || kind === 'doubtful';

/** A report counts only for the address that the reminders go to. */
const isAbout = ({ customer }: Followup, { recipients = [] }: FollowupSignal) =>
  recipients.length === 0 || recipients.includes(customer.email?.toLowerCase() ?? '');

interface Found {
  snapshot: DocumentSnapshot;
  followup: Followup;
  settings: Settings;
}

function changeFor(
  { now }: ChangeContext,
  { kind, receivedAt, backAt, detail }: FollowupSignal,
  { snapshot, followup, settings }: Found,
): FollowupChange {
  if (!isPause(kind)) {
    const reason = kind === 'reply' ? 'replied' : kind === 'complaint' ? 'opted_out' : 'hard_bounce';
    return stopped(followup, reason, detail);
  }
  const { hours } = settings.rules;
  const days = backAt ? 1 : kind === 'doubtful' ? DOUBTFUL_DAYS : AUTO_REPLY_DAYS;
  // An old note, such as one of a mailbox that is new here, postpones nothing.
  const from = backAt?.getTime() ?? Math.min(receivedAt.getTime(), now.getTime());
  const until = nextOpen(addDays(from, days, hours.zone), hours);
  const isLate = until <= (followup.pausedUntil ?? 0) || until <= now.getTime();
  return followup.status !== 'open' || isLate ? null : paused(snapshot, settings, until, detail);
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
