import { type Finding, type Incident, incidentId, subjectOf } from './incident.ts';
import { isFlapping, type WatchState } from './state.ts';

/** While something stays wrong, it is told again so often. */
const REMIND_MS = 24 * 3_600_000;

/** What is told of an incident, each once. */
export type Event = 'opened' | `reminder-${number}` | 'recovered';

/**
 * What one round has to do, or to leave, about one thing. `reason` is the word that a dry run and the run's record show.
 */
export type Concern = { id: string } & (
  | { reason: 'watching'; task: string; signature: string }
  | { reason: 'open'; finding: Finding; muted: boolean }
  | { reason: 'tell'; incident: Incident; event: Event }
  /** Closed without a word: its task was paused or is in the schedule no more, or nobody was told that it began. */
  | { reason: 'withdraw'; incident: Incident }
  /** A run that was handed on, whose batches have not all reported by its deadline. */
  | { reason: 'unreported'; run: string; task: string }
  | { reason: 'told' | 'nobody_to_tell'; incident: Incident }
  | { reason: 'on_time' | 'paused' }
);

/** What a round does something about; all else is left as it is. */
export const ACTING: readonly Concern['reason'][] = ['watching', 'open', 'tell', 'withdraw', 'unreported'];

export interface Present {
  now: Date;
  state: WatchState;
  /** Whether there is anybody to tell. */
  audience: boolean;
}

/**
 * What follows from what is wrong now and what is open already; pure. A finding whose kind and task have an open incident
 * is that incident.
 */
export function concernsOf(
  findings: readonly Finding[],
  open: readonly Incident[],
  isOver: (incident: Incident) => boolean,
  present: Present,
): Concern[] {
  const known = new Set(open.map(subjectOf));
  // Each sleep is one of its own, told or not.
  const opened = findings.filter((each) => each.kind === 'asleep' || !known.has(subjectOf(each)));
  return [
    ...open.map((incident) => standing(incident, isOver(incident), present)),
    ...opened.map((finding): Concern => {
      const muted = isFlapping(present.state, finding, present.now);
      return { id: incidentId(finding), reason: 'open', finding, muted };
    }),
  ];
}

/** What an incident that was open already asks for. */
function standing(incident: Incident, over: boolean, { now, audience }: Present): Concern {
  const { id, told, muted, openedAt, lastToldAt } = incident;
  const untold = told === 0 && !muted;
  if (over && told === 0 && muted) return { id, reason: 'withdraw', incident };
  if (over) return { id, reason: 'tell', incident, event: 'recovered' };
  const quietSince = lastToldAt ?? openedAt;
  const due = now.getTime() - quietSince.getTime() >= REMIND_MS;
  if (!due && !untold) return { id, reason: 'told', incident };
  if (!audience) return { id, reason: 'nobody_to_tell', incident };
  const day = Math.floor((now.getTime() - openedAt.getTime()) / REMIND_MS);
  return { id, reason: 'tell', incident, event: untold ? 'opened' : `reminder-${day}` };
}
