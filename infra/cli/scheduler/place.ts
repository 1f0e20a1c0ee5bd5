import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { functionUrl } from '../../../shared/doors/google/addresses.ts';
import { serviceAccounts } from '../../deploy/plan.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from '../../local/environment.ts';
import { localJobs } from '../../local/jobs.ts';
import { openScheduler, type SchedulerApi } from '../../scheduler/client.ts';
import { readSchedule } from '../../scheduler/file.ts';
import { type WantedJob, wantedJobs } from '../../scheduler/job.ts';
import { UsageError } from '../run-task.ts';

const STACK_FILE = '.local/stack.json';
const stackFile = z.object({ gateway: z.url(), scheduler: z.url(), cron_secret: z.string() });

export interface PlaceOptions {
  project?: string;
  region?: string;
}

/** Where the schedule is to be, and what it is to be there. */
export interface SchedulerPlan {
  /** For people: the local cloud, or project and region. */
  place: string;
  /** What a job's short name begins with to be its full one. */
  prefix: string;
  api: SchedulerApi;
  wanted: () => WantedJob[];
}

/**
 * The local cloud where `.local/stack.json` is there and no project is named; else the project and region of the flags or
 * of GOOGLE_CLOUD_PROJECT and REGION, with application default credentials.
 */
export function findScheduler(options: PlaceOptions, env: NodeJS.ProcessEnv = process.env): SchedulerPlan {
  if (!options.project && existsSync(STACK_FILE)) return localScheduler();
  const project = options.project ?? env.GOOGLE_CLOUD_PROJECT;
  const region = options.region ?? env.REGION;
  if (!project || !region) {
    const missing = [
      ...(project ? [] : ['--project or GOOGLE_CLOUD_PROJECT']),
      ...(region ? [] : ['--region or REGION']),
    ];
    throw new UsageError(`There is no local cloud, and ${missing.join(' and ')} is not given; give it.`);
  }
  const secrets = env.CRON_SECRET ? [env.CRON_SECRET] : [];
  return {
    place: `${project}, ${region}`,
    prefix: jobPrefix(project, region),
    api: openScheduler({ project, region, secrets, ...gcloudEndpoint(env) }),
    wanted: () => deployedJobs(project, region, env),
  };
}

/** gcloud's own endpoint override, for a stand-in on this machine only: no credentials are sent there. */
function gcloudEndpoint(env: NodeJS.ProcessEnv): { endpoint?: string } {
  const endpoint = env.CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER ?? '';
  return /^http:\/\/(127\.0\.0\.1|localhost):\d+\/?$/.test(endpoint) ? { endpoint } : {};
}

function localScheduler(): SchedulerPlan {
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

/** Functions are called at their own addresses, which are known before they are deployed. */
function deployedJobs(project: string, region: string, env: NodeJS.ProcessEnv): WantedJob[] {
  const schedule = readSchedule({
    ...env,
    ...serviceAccounts(project, env),
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
