import { randomUUID } from 'node:crypto';
import type { Caller } from '../doors/auth/caller.ts';
import { HttpError } from '../doors/http/errors.ts';
import { type HttpRequest, header } from '../doors/http/request.ts';

/**
 * A forced run (`gcloud scheduler jobs run`) carries the *next* occurrence. One that lies further ahead than clocks
 * may differ is therefore a manual run, and must not use up the scheduled one.
 */
const FORCED_AHEAD_MS = 30_000;

/** What identifies a run: a scheduled one by its occurrence, any other by chance. */
export interface RunIdentity {
  id: string;
  occurrence: Date | null;
}

/** The identity of the run a request asks for. The occurrence is compared as an instant, whatever offset it came in. */
export function identifyRun(task: string, request: HttpRequest, caller: Caller, now: Date): RunIdentity {
  const occurrence = scheduledInstant(request, caller);
  if (occurrence === null || occurrence.getTime() - now.getTime() > FORCED_AHEAD_MS) {
    return { id: `${task}!${randomUUID()}`, occurrence: null };
  }
  return { id: `${task}@${occurrence.toISOString()}`, occurrence };
}

function scheduledInstant(request: HttpRequest, caller: Caller): Date | null {
  const sent = header(request, 'x-cloudscheduler-scheduletime');
  if (sent === undefined || (caller.kind !== 'scheduler' && caller.kind !== 'secret')) return null;
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(sent) ? new Date(sent) : new Date(Number.NaN);
  if (Number.isNaN(instant.getTime())) {
    throw new HttpError(400, 'The header X-CloudScheduler-ScheduleTime is not an RFC 3339 instant.');
  }
  return instant;
}
