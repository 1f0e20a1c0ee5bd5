import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { functionUrl } from '../../../shared/doors/google/addresses.ts';
import { listServiceAccounts } from '../../deploy/plan.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from '../../local/environment.ts';
import { localJobs } from '../../local/jobs.ts';
import { openScheduler, type SchedulerApi } from '../../scheduler/client.ts';
import { readSchedule } from '../../scheduler/file.ts';
import { type WantedJob, wantedJobs } from '../../scheduler/job.ts';
import { UsageError } from '../run-task.ts';

const STACK_FILE = '.local/stack.json';
const stackFile = z.object({ gateway: z.url(), scheduler: z.url(), cron_secret: z.string() });

export interface PlaceFlags {
  project?: string;
  region?: string;
}

/** The target project and the jobs wanted there. */
export interface ScheduleTarget {
  /** For people: the local cloud, or project and region. */
  place: string;
  /** The prefix of full job names. */
  prefix: string;
  api: SchedulerApi;
  wanted: () => WantedJob[];
}

/**
 * Returns the local cloud if `.local/stack.json` exists and no project is named. Else returns the project and region of
 * the flags or the environment, with application default credentials.
 */
export function findScheduler(flags: PlaceFlags, env: NodeJS.ProcessEnv = process.env): ScheduleTarget {
  if (!flags.project && existsSync(STACK_FILE)) return openLocalScheduler();
  const project = flags.project ?? env.GOOGLE_CLOUD_PROJECT;
  const region = flags.region ?? env.REGION;
  if (!project || !region) {
    const missing = [
      ...(project ? [] : ['--project or GOOGLE_CLOUD_PROJECT']),
      ...(region ? [] : ['--region or REGION']),
    ];
    throw new UsageError(
      `There is no local cloud, and ${missing.join(' and ')} is missing; set it, or run npm start.`,
    );
  }
  const secrets = env.CRON_SECRET ? [env.CRON_SECRET] : [];
  return {
    place: `${project}, ${region}`,
    prefix: jobPrefix(project, region),
    api: openScheduler({ project, region, secrets, ...readEndpoint(env) }),
    wanted: () => readDeployedJobs(project, region, env),
  };
}

/** Reads gcloud's endpoint override, for a stand-in on this machine only. It gets no credentials. */
function readEndpoint(env: NodeJS.ProcessEnv): { endpoint?: string } {
  const endpoint = env.CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER ?? '';
  return /^http:\/\/(127\.0\.0\.1|localhost):\d+\/?$/.test(endpoint) ? { endpoint } : {};
}

function openLocalScheduler(): ScheduleTarget {
  const stack = stackFile.parse(JSON.parse(readFileSync(STACK_FILE, 'utf8')));
  const place = {
    project: LOCAL_PROJECT,
    region: LOCAL_REGION,
    secrets: [stack.cron_secret].filter(Boolean),
  };
  return {
    place: 'the local cloud',
    prefix: jobPrefix(LOCAL_PROJECT, LOCAL_REGION),
    api: openScheduler({ ...place, endpoint: stack.scheduler }),
    wanted: () => localJobs(stack),
  };
}

const jobPrefix = (project: string, region: string) => `projects/${project}/locations/${region}/jobs/`;

/** Reads the jobs with the addresses of the functions, which are known before the functions are deployed. */
function readDeployedJobs(project: string, region: string, env: NodeJS.ProcessEnv): WantedJob[] {
  const schedule = readSchedule({
    ...env,
    ...listServiceAccounts(project, env),
    GOOGLE_CLOUD_PROJECT: project,
    REGION: region,
  });
  return wantedJobs(schedule, {
    project,
    region,
    urlOf: (name) => functionUrl(project, region, name),
    schedulerServiceAccount: schedule.defaults.scheduler_service_account,
    cronSecret: env.CRON_SECRET,
  });
}
