import { type Finding, type Incident, incidentId, subjectOf } from './incident.ts';
import { isFlapping, isFlappingReported, type WatchState, widestGap } from './state.ts';

/** An open incident is reported again after this time. */
const REMIND_MS = 24 * 3_600_000;
/** An incident that comes and goes is reported like any other once it has lasted this long. */
const LASTING_MS = 30 * 60_000;

/** The events of an incident that are reported, each once. `flapping`: it comes and goes, at most once a day. */
export type IncidentEvent = 'opened' | 'flapping' | `reminder-${number}` | 'recovered';

/**
 * One candidate of watch-runs: an action, or a reason to do nothing. A dry run and the run's record show `reason`.
 */
export type Concern = { id: string } & (
  | { reason: 'watching'; task: string; signature: string }
  | { reason: 'open'; finding: Finding; muted: boolean }
  | { reason: 'tell'; incident: Incident; event: IncidentEvent }
  /** Closes silently: its task is paused or no longer scheduled, or it came and went. */
  | { reason: 'withdraw'; incident: Incident }
  /** A dispatched run with batches that did not report by its deadline. */
  | { reason: 'unreported'; run: string; task: string }
  | { reason: 'told' | 'nobody_to_tell'; incident: Incident }
  /** A task that is paused in the settings only: it ran for an occurrence after that. */
  | { reason: 'stale_pause'; task: string }
  | { reason: 'on_time' | 'paused' }
);

/** The reasons that need an action. */
export const ACTING: readonly Concern['reason'][] = [
  ...(['watching', 'open', 'tell', 'withdraw', 'unreported', 'stale_pause'] as const),
];

export interface Present {
  now: Date;
  state: WatchState;
  /** True if there is an operator or a webhook. */
  audience: boolean;
}

/**
 * Compares the findings with the open incidents; pure. A finding belongs to the open incident of its kind and task, if
 * there is one.
 */
export function concernsOf(
  findings: readonly Finding[],
  open: readonly Incident[],
  isOver: (incident: Incident) => boolean,
  present: Present,
): Concern[] {
  const known = new Set(open.map(subjectOf));
  // Every sleep is a separate incident.
  const opened = findings.filter((each) => each.kind === 'asleep' || !known.has(subjectOf(each)));
  return [
    ...open.map((incident) => standing(incident, isOver(incident), present)),
    ...opened.map((finding): Concern => {
      const muted = isFlapping(present.state, finding, present.now);
      return { id: incidentId(finding), reason: 'open', finding, muted };
    }),
  ];
}

/** Returns what an open incident needs now. */
function standing(incident: Incident, over: boolean, present: Present): Concern {
  const { now, audience } = present;
  const { id, notices, muted, openedAt, lastNotifiedAt } = incident;
  if (muted) return standingMuted(incident, over, present);
  const isNew = notices === 0;
  if (over) return { id, reason: 'tell', incident, event: 'recovered' };
  const quietSince = lastNotifiedAt ?? openedAt;
  const due = now.getTime() - quietSince.getTime() >= REMIND_MS;
  if (!due && !isNew) return { id, reason: 'told', incident };
  if (!audience) return { id, reason: 'nobody_to_tell', incident };
  const day = Math.floor((now.getTime() - openedAt.getTime()) / REMIND_MS);
  return { id, reason: 'tell', incident, event: isNew ? 'opened' : `reminder-${day}` };
}

/** Returns what a muted incident needs: a daily notice that it comes and goes, and a usual one once it lasts. */
function standingMuted(incident: Incident, over: boolean, { now, state, audience }: Present): Concern {
  const { id, openedAt } = incident;
  if (over) return { id, reason: 'withdraw', incident };
  // A web cron of a slower rhythm misses occurrences regularly, each time until its next call.
  const usual = incident.kind === 'missed' ? widestGap(state, incident, openedAt) : 0;
  const isLasting = now.getTime() - openedAt.getTime() >= Math.max(LASTING_MS, usual);
  if (!isLasting && isFlappingReported(state, incident, now)) return { id, reason: 'told', incident };
  if (!audience) return { id, reason: 'nobody_to_tell', incident };
  return { id, reason: 'tell', incident, event: isLasting ? 'opened' : 'flapping' };
}
