import { functionUrl } from '../../shared/doors/google/addresses.ts';
import { listServiceAccounts } from '../deploy/accounts.ts';
import { readSchedule } from './file.ts';
import { type WantedJob, wantedJobs } from './job.ts';

export interface DeployedPlace {
  project: string;
  region: string;
  /** Stands before the name of each function and job. */
  prefix: string;
}

/** Returns what stands before a job's short name in its full name. */
export const jobPrefix = (project: string, region: string): string =>
  `projects/${project}/locations/${region}/jobs/`;

/** Returns the jobs with the addresses of the functions, which are known before the functions are deployed. */
export function deployedJobs(
  { project, region, prefix }: DeployedPlace,
  env: NodeJS.ProcessEnv,
): WantedJob[] {
  const schedule = readSchedule({
    ...env,
    ...listServiceAccounts(project, env, prefix),
    GOOGLE_CLOUD_PROJECT: project,
    REGION: region,
  });
  return wantedJobs(schedule, {
    project,
    region,
    prefix,
    urlOf: (name) => functionUrl(project, region, prefix + name),
    schedulerServiceAccount: schedule.defaults.scheduler_service_account,
    cronSecret: env.CRON_SECRET,
  });
}
