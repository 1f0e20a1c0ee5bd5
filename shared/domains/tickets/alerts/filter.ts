import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { LateTicket } from '../delay.ts';

/** The late tickets that a recipient is notified of. Absent fields restrict nothing. */
export interface RecipientFilter {
  /** Only tickets in these stages; empty means all. */
  stages: readonly string[];
  /** Only the tickets of this person. */
  assignee: string | null;
  /** Only after this many whole days in the stage. */
  minDays: number | null;
  /** Only this many whole days after the ticket became late. */
  escalateAfterDays: number | null;
}

/** Reads a stored filter. A field that cannot be read restricts nothing: one alert too many beats a missed one. */
export function toFilter(snapshot: DocumentSnapshot): RecipientFilter {
  const stages: unknown = snapshot.get('stages');
  const assignee: unknown = snapshot.get('assignee');
  const days = (field: string) => {
    const value: unknown = snapshot.get(field);
    return typeof value === 'number' && value > 0 ? value : null;
  };
  return {
    stages: Array.isArray(stages) ? stages.filter((stage) => typeof stage === 'string') : [],
    assignee: typeof assignee === 'string' && assignee !== '' ? assignee : null,
    minDays: days('min_days'),
    escalateAfterDays: days('escalate_after_days'),
  };
}

/** `later`: the ticket is theirs, but it is not old enough yet. */
export type FilterMatch = 'now' | 'later' | 'never';

/** Decides if a recipient is notified of a late ticket; pure. */
export function matchFilter(
  { stages, assignee, minDays, escalateAfterDays }: RecipientFilter,
  { ticket, days, threshold }: LateTicket,
): FilterMatch {
  if (stages.length > 0 && !stages.includes(ticket.stage)) return 'never';
  if (assignee !== null && assignee !== ticket.assignee) return 'never';
  return days >= (minDays ?? 0) && days - threshold >= (escalateAfterDays ?? 0) ? 'now' : 'later';
}
