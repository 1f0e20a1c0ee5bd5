import { type DocumentSnapshot, type Firestore, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import { type Finding, type Incident, subjectOf } from './incident.ts';
import type { WatchedJob } from './job.ts';

/** An incident that opens this often within a day flaps: it is no longer reported each time. */
const FLAPS = 3;
/** The most openings that are kept per kind and task. */
const MAX_OPENINGS = 100;
const FLAPPING_MS = 24 * 3_600_000;

/** The state that watch-runs keeps between its runs: `watch_state/watchman`. */
export interface WatchState {
  /** The instant since which each task is watched, and its schedule at that time. */
  tasks: ReadonlyMap<string, { since: Date; signature: string }>;
  /** Occurrences before this are settled: one `asleep` incident reported them together. */
  settledUntil: Date | null;
  /** The last openings of incidents, by kind and task. */
  openings: ReadonlyMap<string, readonly number[]>;
  /** The last notice that a kind and task comes and goes. */
  flapping: ReadonlyMap<string, number>;
}

export const stateRef = (store: Firestore) => store.doc('watch_state/watchman');

/** Reads the state from its document. Without one, nothing is watched yet. */
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
    flapping: new Map(entries(document.get('flapping')).map(([subject, at]) => [subject, millis(at) ?? 0])),
  };
}

const entries = (value: unknown) => Object.entries((value ?? {}) as Record<string, unknown>);

/** The schedule that a task is watched by. After another schedule, or a pause, nothing earlier counts as missed. */
export function signatureOf(job: WatchedJob, paused: boolean): string {
  return paused ? 'paused' : `${job.schedule} ${job.time_zone}`;
}

/** Stores that a task is watched from now on. */
export function watchFrom(store: Firestore, task: string, signature: string, now: Date) {
  const fields = { tasks: { [task]: { since: Timestamp.fromDate(now), signature } } };
  return stateRef(store).set(fields, { merge: true });
}

/** Adds an incident's opening to the batch that creates it. An `asleep` one settles all earlier occurrences. */
export function rememberOpening(
  store: Firestore,
  batch: WriteBatch,
  state: WatchState,
  incident: Incident,
): void {
  const subject = subjectOf(incident);
  const opened = Timestamp.fromDate(incident.openedAt);
  const known = recentOpenings(state, incident, incident.openedAt).map((at) => Timestamp.fromMillis(at));
  const openings = { [subject]: [...known, opened].slice(-MAX_OPENINGS) };
  const settled = incident.kind === 'asleep' && !incident.muted ? { settled_until: opened } : {};
  batch.set(stateRef(store), { openings, ...settled }, { merge: true });
}

type Subject = Pick<Finding, 'kind' | 'task'>;

/** Returns the openings of this kind and task within the last day. */
export function recentOpenings(state: WatchState, finding: Subject, now: Date): number[] {
  const known = state.openings.get(subjectOf(finding)) ?? [];
  return known.filter((at) => now.getTime() - at < FLAPPING_MS);
}

/** Returns the longest time between two openings of this kind and task within the last day. */
export function widestGap(state: WatchState, finding: Subject, now: Date): number {
  const known = recentOpenings(state, finding, now);
  return Math.max(0, ...known.slice(1).map((at, index) => at - (known[index] ?? at)));
}

/** True if incidents of this kind and task opened three times within a day. */
export function isFlapping(state: WatchState, finding: Subject, now: Date): boolean {
  return recentOpenings(state, finding, now).length >= FLAPS;
}

/** True if a notice of the last day said that this kind and task comes and goes. */
export function isFlappingReported(state: WatchState, finding: Subject, now: Date): boolean {
  const at = state.flapping.get(subjectOf(finding));
  return at !== undefined && now.getTime() - at < FLAPPING_MS;
}

/** Stores that a notice said so. */
export function rememberFlapping(store: Firestore, finding: Subject, now: Date) {
  const flapping = { [subjectOf(finding)]: Timestamp.fromDate(now) };
  return stateRef(store).set({ flapping }, { merge: true });
}
