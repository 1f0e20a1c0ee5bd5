import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readOverride } from '../../google/rest.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from '../../local/environment.ts';
import { localJobs } from '../../local/jobs.ts';
import { openScheduler, type SchedulerApi } from '../../scheduler/client.ts';
import { deployedJobs, jobPrefix } from '../../scheduler/deployed.ts';
import type { WantedJob } from '../../scheduler/job.ts';
import { findStackFile } from '../named-project.ts';
import { UsageError } from '../usage-error.ts';

const stackFile = z.object({ gateway: z.url(), scheduler: z.url(), cron_secret: z.string() });

/** The target project and the jobs wanted there. */
export interface ScheduleTarget {
  /** For people: the local cloud, or project and region. */
  place: string;
  /** Stands before each short job name in its full name. */
  path: string;
  /** Stands before the job names of this installation; empty for one in a project. */
  prefix: string;
  api: SchedulerApi;
  wanted: () => WantedJob[];
}

/**
 * Returns the local cloud if one runs in this folder and --project names none. Else returns the project and region of the
 * environment, with application default credentials.
 */
export function findScheduler(env: NodeJS.ProcessEnv = process.env): ScheduleTarget {
  const stackPath = findStackFile(env);
  if (stackPath) return openLocalScheduler(stackPath);
  const { GOOGLE_CLOUD_PROJECT: project, REGION: region } = env;
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
  const prefix = env.NAME_PREFIX ?? '';
  const endpoint = readOverride('cloudscheduler', env);
  return {
    place: `${project}, ${region}`,
    path: jobPrefix(project, region),
    prefix,
    api: openScheduler({ project, region, secrets, ...(endpoint ? { endpoint } : {}) }),
    wanted: () => deployedJobs({ project, region, prefix }, env),
  };
}

function openLocalScheduler(path: string): ScheduleTarget {
  const stack = stackFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  const place = {
    project: LOCAL_PROJECT,
    region: LOCAL_REGION,
    secrets: [stack.cron_secret].filter(Boolean),
  };
  return {
    place: 'the local cloud',
    path: jobPrefix(LOCAL_PROJECT, LOCAL_REGION),
    prefix: '',
    api: openScheduler({ ...place, endpoint: stack.scheduler }),
    wanted: () => localJobs(stack),
  };
}
