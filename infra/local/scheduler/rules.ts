import { Cron } from 'croner';
import { invalid } from '../google-json.ts';
import type { JobFields } from './jobs.ts';

const NAME = /^projects\/[^/]+\/locations\/[^/]+\/jobs\/[A-Za-z0-9_-]{1,500}$/;
/** Unix cron only: digits, names, lists, ranges, steps. No seconds, no L, W, # or ?, no @daily. */
const CRON_FIELD = /^(\*|(\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?)(\/\d+)?$/;

/** Returns the seconds of a proto3 JSON duration ("540s"). */
export const seconds = (duration: string | undefined): number => Number.parseFloat(duration ?? '0');

function cron(schedule: string, timeZone: string): Cron {
  const fields = schedule.trim().split(/\s+/);
  const plain =
    fields.length === 5 && fields.every((field) => field.split(',').every((p) => CRON_FIELD.test(p)));
  if (!plain) throw invalid(`Schedule or time zone is invalid. (not a five-field cron: '${schedule}')`);
  try {
    const found = new Cron(fields.join(' '), {
      timezone: timeZone,
      paused: true,
      mode: '5-part',
      domAndDow: false,
    });
    found.nextRun(new Date(0)); // an unknown zone only shows here
    return found;
  } catch (error) {
    throw invalid(`Schedule or time zone is invalid. (${(error as Error).message})`);
  }
}

/**
 * Returns the first occurrence after this instant, in the zone's wall-clock time, or null if there is none. A time
 * that spring skips occurs right after the change.
 * A time that autumn repeats occurs once for a fixed hour, and each time for an hourly schedule.
 */
export function nextOccurrence(schedule: string, timeZone: string, after: Date): Date | null {
  return cron(schedule, timeZone).nextRun(after);
}

/** Formats an instant like the service: RFC 3339, without a zero fraction. */
export const timestamp = (at: Date): string => at.toISOString().replace('.000Z', 'Z');

const pacificParts = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'longOffset',
});

/** Formats an instant for X-CloudScheduler-ScheduleTime: with the Pacific offset, in every zone. */
export function pacific(at: Date): string {
  const parts = Object.fromEntries(pacificParts.formatToParts(at).map((part) => [part.type, part.value]));
  const offset = (parts.timeZoneName ?? '').replace('GMT', '');
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}${offset}`;
}

/** Throws INVALID_ARGUMENT for a job that the real API rejects. */
export function validate(job: JobFields): void {
  if (!NAME.test(job.name ?? '')) {
    throw invalid(
      'Job name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>".',
    );
  }
  if (!job.schedule) throw invalid('Schedule is required.');
  cron(job.schedule, job.timeZone || 'UTC');
  if ((job.description ?? '').length > 500) throw invalid('Description too long.');
  if (JSON.stringify(job).length > 1_000_000) throw invalid('Job too large.');
  validateRetry(job);
  validateTarget(job);
}

function validateRetry({ retryConfig }: JobFields): void {
  const count = retryConfig?.retryCount ?? 0;
  if (count < 0 || count > 5) throw invalid('retryConfig.retry_count must be in [0, 5].');
  if (retryConfig?.maxRetryDuration?.includes('.')) {
    throw invalid('retryConfig.max_retry_duration.nanos cannot be set: invalid argument');
  }
  const min = seconds(retryConfig?.minBackoffDuration) || 5;
  const max = seconds(retryConfig?.maxBackoffDuration) || 3600;
  if (min > max) throw invalid('retryConfig.min_backoff_duration must not exceed max_backoff_duration.');
}

function validateTarget({ httpTarget, attemptDeadline }: JobFields): void {
  if (!httpTarget) throw invalid('Job must have a target (here: httpTarget).');
  if (!/^https?:\/\//.test(httpTarget.uri) || !URL.canParse(httpTarget.uri) || httpTarget.uri.length > 2083) {
    throw invalid('HttpTarget.uri must be an http or https URL.');
  }
  if (httpTarget.body && !['POST', 'PUT', 'PATCH'].includes(httpTarget.httpMethod)) {
    throw invalid('HttpTarget.body is only allowed for POST, PUT and PATCH.');
  }
  const deadline = seconds(attemptDeadline ?? '180s');
  if (deadline < 15 || deadline > 1800) throw invalid('attemptDeadline must be in [15s, 30m].');
}

/** Returns the fields as the real service stores them: with defaults, replaced zeros and added headers. */
export function stored(fields: JobFields): JobFields {
  const job = structuredClone(fields);
  job.attemptDeadline ??= '180s';
  const retry = job.retryConfig;
  if (retry) {
    retry.maxRetryDuration ??= '0s';
    retry.maxDoublings ||= 5;
    if (seconds(retry.minBackoffDuration) === 0) retry.minBackoffDuration = '5s';
    if (seconds(retry.maxBackoffDuration) === 0) retry.maxBackoffDuration = '3600s';
    if (retry.retryCount === 0) delete retry.retryCount;
  }
  const target = job.httpTarget;
  if (target) {
    if (/^https?:\/\/[^/?#]+$/.test(target.uri)) target.uri += '/';
    target.headers = storedHeaders(target.headers ?? {}, target.body !== undefined);
    if (target.oidcToken) target.oidcToken.audience ||= target.uri;
  }
  return job;
}

function storedHeaders(headers: Record<string, string>, withBody: boolean): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'user-agent');
  const typed = own.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    ...(withBody && !typed ? { 'Content-Type': 'application/octet-stream' } : {}),
    ...Object.fromEntries(own),
    'User-Agent': 'Google-Cloud-Scheduler',
  };
}
