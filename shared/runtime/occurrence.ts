import { randomUUID } from 'node:crypto';
import type { Caller } from '../doors/auth/caller.ts';
import { HttpError } from '../doors/http/errors.ts';
import { type HttpRequest, header } from '../doors/http/request.ts';

/**
 * A forced run (`gcloud scheduler jobs run`) carries the *next* occurrence. An occurrence further ahead than this is
 * therefore a manual run, and must not replace the scheduled one.
 */
const FORCED_AHEAD_MS = 30_000;

/** The identity of a run: its occurrence if it is scheduled, otherwise a random id. */
export interface RunIdentity {
  id: string;
  occurrence: Date | null;
}

/** Returns the identity of the requested run. The same instant in another offset is the same occurrence. */
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
  if (!(instant.getTime() > 0)) {
    throw new HttpError(
      400,
      'The header X-CloudScheduler-ScheduleTime is not an RFC 3339 instant; send one, such as 2026-03-31T09:00:00Z.',
    );
  }
  return instant;
}
