import * as z from 'zod';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import { ownIdentity } from './metadata.ts';

const TIMEOUT_MS = 5_000;
/** The service's largest page, far above the number of jobs. */
const PAGE_SIZE = 500;
const RETRY_AFTER_SECONDS = 10;

/** The part of a Cloud Scheduler job that the console shows. */
export interface SchedulerJob {
  /** The job's short name, equal to the task's. */
  id: string;
  schedule: string;
  time_zone: string;
  paused: boolean;
  /** The next occurrence, ISO 8601 in UTC; null while paused. */
  next_occurrence: string | null;
}

const job = z
  .object({
    name: z.string(),
    schedule: z.string().default(''),
    timeZone: z.string().default('Etc/UTC'),
    state: z.string().default('STATE_UNSPECIFIED'),
    scheduleTime: z.string().optional(),
  })
  .transform(({ name, schedule, timeZone, state, scheduleTime }): SchedulerJob => {
    const paused = state === 'PAUSED';
    const next = Date.parse(scheduleTime ?? '');
    return {
      id: name.split('/').at(-1) ?? '',
      schedule,
      time_zone: timeZone,
      paused,
      next_occurrence: paused || Number.isNaN(next) ? null : new Date(next).toISOString(),
    };
  });
const jobList = z.object({ jobs: z.array(job).default([]) });

/** Returns the jobs of this installation in the region, by task. Throws 503 if Cloud Scheduler does not answer. */
export async function listJobs(config: Config): Promise<SchedulerJob[]> {
  const { status, body } = await call(config, 'GET', `?pageSize=${PAGE_SIZE}`);
  if (status !== 200) throw refused(`GET jobs answered ${status}`);
  const { namePrefix: prefix } = config;
  return jobList
    .parse(body)
    .jobs.filter(({ id }) => id.startsWith(prefix))
    .map((found) => ({ ...found, id: found.id.slice(prefix.length) }));
}

/**
 * Pauses or resumes a job and returns it. A job that is so already stays unchanged, since the service would refuse the call.
 * Throws 404 if there is no such job, and 503 if Cloud Scheduler does not answer or refuses access.
 */
export async function setPaused(config: Config, id: string, paused: boolean): Promise<SchedulerJob> {
  const name = config.namePrefix + id;
  const found = await call(config, 'GET', `/${name}`);
  if (found.status === 404)
    throw new HttpError(
      404,
      `Cloud Scheduler has no job ${name}; apply the schedule first: ronde scheduler apply.`,
    );
  if (found.status !== 200) throw refused(`GET ${name} answered ${found.status}`);
  const now = job.parse(found.body);
  if (now.paused === paused) return now;
  const action = paused ? 'pause' : 'resume';
  const { status, body } = await call(config, 'POST', `/${name}:${action}`);
  if (status !== 200) throw refused(`${action} ${name} answered ${status}`);
  return job.parse(body);
}

async function call(config: Config, method: 'GET' | 'POST', rest: string) {
  const { project, region, google } = config;
  if (!region)
    throw new HttpError(503, 'REGION is not set, so the jobs cannot be found; set it and deploy again.');
  const url = `${google.scheduler}/v1/projects/${project}/locations/${region}/jobs${rest}`;
  try {
    const token = await ownIdentity(google.metadata).accessToken();
    const response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text === '' ? '{}' : text) as unknown };
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
}

function refused(check: string): HttpError {
  return new HttpError(503, 'Cloud Scheduler does not answer, or does not let the console in; try again.', {
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    check: `Cloud Scheduler: ${check}`,
  });
}
