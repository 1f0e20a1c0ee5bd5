import { type DocumentSnapshot, type Firestore, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import { type Finding, subjectOf } from './incident.ts';
import type { WatchedJob } from './job.ts';

/** What comes and goes so often within a day is not told each time. */
const FLAPS = 3;
const FLAPPING_MS = 24 * 3_600_000;

/** What the watchman remembers between its rounds: `watch_state/watchman`. */
export interface WatchState {
  /** From when on each task is watched, under the schedule that it had then. */
  tasks: ReadonlyMap<string, { since: Date; signature: string }>;
  /** What came due before this is settled: it was told together, after the watchman had slept. */
  settledUntil: Date | null;
  /** When incidents of a kind and task were opened last. */
  openings: ReadonlyMap<string, readonly number[]>;
}

export const stateRef = (store: Firestore) => store.doc('watch_state/watchman');

/** The state from its document; nothing is watched yet where there is none. */
export function readState(document: DocumentSnapshot): WatchState {
  const settled = millis(document.get('settled_until'));
  const tasks = entries(document.get('tasks')).map(([task, entry]) => {
    const { since, signature } = (entry ?? {}) as { since?: unknown; signature?: unknown };
    return [task, { since: new Date(millis(since) ?? 0), signature: String(signature) }] as const;
  });
  const openings = entries(document.get('openings')).map(([subject, instants]) => {
    const known = Array.isArray(instants) ? instants.map((instant: unknown) => millis(instant) ?? 0) : [];
    return [subject, known] as const;
  });
  return {
    tasks: new Map(tasks),
    settledUntil: settled === null ? null : new Date(settled),
    openings: new Map(openings),
  };
}

const entries = (value: unknown) => Object.entries((value ?? {}) as Record<string, unknown>);

/** What a task is watched by. Another one, or a pause that ends, is a new beginning: nothing before it was missed. */
export function signatureOf(job: WatchedJob, paused: boolean): string {
  return paused ? 'paused' : `${job.schedule} ${job.time_zone}`;
}

/** Remembers that a task is watched from now on. */
export function watchFrom(store: Firestore, task: string, signature: string, now: Date) {
  const fields = { tasks: { [task]: { since: Timestamp.fromDate(now), signature } } };
  return stateRef(store).set(fields, { merge: true });
}

/** Remembers, with an incident's own creation, that it was opened; an `asleep` one settles all that came due before. */
export function rememberOpening(
  store: Firestore,
  batch: WriteBatch,
  state: WatchState,
  { finding, muted }: { finding: Finding; muted: boolean },
  now: Date,
): void {
  const known = (state.openings.get(subjectOf(finding)) ?? []).map((at) => Timestamp.fromMillis(at));
  const openings = { [subjectOf(finding)]: [...known, Timestamp.fromDate(now)].slice(-FLAPS) };
  const settled = finding.kind === 'asleep' && !muted ? { settled_until: Timestamp.fromDate(now) } : {};
  batch.set(stateRef(store), { openings, ...settled }, { merge: true });
}

/** Whether an incident that would be opened now comes and goes: the last ones were all opened within a day. */
export function isFlapping(state: WatchState, finding: Pick<Finding, 'kind' | 'task'>, now: Date): boolean {
  const known = state.openings.get(subjectOf(finding)) ?? [];
  return known.length >= FLAPS && known.every((at) => now.getTime() - at < FLAPPING_MS);
}
