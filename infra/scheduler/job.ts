import { markerOf } from './marker.ts';
import type { ScheduledJob, ScheduleFile } from './parse.ts';

/** Recognises a job of an installation by the marker in its description. */
export const isManaged = (job: Pick<JobBody, 'description'>, prefix = ''): boolean =>
  job.description.includes(markerOf(prefix));

/** Values of a job that the schedule does not contain. */
export interface JobContext {
  project: string;
  region: string;
  /** Stands before each job's name. */
  prefix?: string;
  /** Returns the address of a function, without a trailing slash. */
  urlOf: (functionName: string) => string;
  schedulerServiceAccount: string;
  cronSecret: string | undefined;
}

/** A job in the form of Cloud Scheduler's REST v1. */
export interface JobBody {
  name: string;
  description: string;
  schedule: string;
  timeZone: string;
  attemptDeadline: string;
  retryConfig: RetryBody;
  httpTarget: TargetBody;
}

interface RetryBody {
  retryCount: number;
  minBackoffDuration: string;
  maxBackoffDuration: string;
  maxDoublings: number;
  maxRetryDuration: string;
}

interface TargetBody {
  uri: string;
  httpMethod: string;
  headers: Record<string, string>;
  /** Base64. */
  body?: string;
  oidcToken?: { serviceAccountEmail: string; audience: string };
}

/** A job as the file wants it. */
export interface WantedJob {
  body: JobBody;
  paused: boolean;
}

/** Returns every job of the file in the form of the service. */
export function wantedJobs(schedule: ScheduleFile, context: JobContext): WantedJob[] {
  return schedule.jobs.map((job) => ({ body: toJob(job, context), paused: job.paused }));
}

/** Builds one job. Its parameters are a JSON body with POST, a query string with GET. */
function toJob(job: ScheduledJob, context: JobContext): JobBody {
  const { retry } = job;
  return {
    name: `projects/${context.project}/locations/${context.region}/jobs/${context.prefix ?? ''}${job.function}`,
    description: `${job.description}\n${markerOf(context.prefix)}`,
    schedule: job.schedule,
    timeZone: job.time_zone,
    attemptDeadline: `${job.attempt_deadline}s`,
    retryConfig: {
      retryCount: retry.count,
      minBackoffDuration: `${retry.min_backoff}s`,
      maxBackoffDuration: `${retry.max_backoff}s`,
      maxDoublings: retry.max_doublings,
      maxRetryDuration: `${retry.max_duration}s`,
    },
    httpTarget: toTarget(job, context),
  };
}

function toTarget(job: ScheduledJob, context: JobContext): TargetBody {
  const base = context.urlOf(job.function);
  const params = { ...job.params, budget_seconds: job.budget_seconds };
  const query = new URLSearchParams(
    Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const body = Buffer.from(JSON.stringify(params)).toString('base64');
  const { headers, oidcToken } = toProof(job, context, base);
  return {
    uri: job.method === 'GET' ? `${base}${job.route}?${query}` : `${base}${job.route}`,
    httpMethod: job.method,
    headers: { ...(job.method === 'GET' ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(job.method === 'GET' ? {} : { body }),
    ...(oidcToken ? { oidcToken } : {}),
  };
}

function toProof(job: ScheduledJob, context: JobContext, base: string) {
  if (job.auth.type === 'secret') {
    if (!context.cronSecret)
      throw new Error(`${job.function} needs a secret, and CRON_SECRET is not set; set it.`);
    return { headers: { 'X-Cron-Secret': context.cronSecret }, oidcToken: undefined };
  }
  const oidcToken = {
    serviceAccountEmail: context.schedulerServiceAccount,
    audience: job.auth.audience ?? base,
  };
  return { headers: {}, oidcToken };
}
