import { readSchedule } from '../scheduler/file.ts';
import { type WantedJob, wantedJobs } from '../scheduler/job.ts';
import { LOCAL_PROJECT, LOCAL_REGION, SCHEDULER_ACCOUNT } from './environment.ts';

/** Returns the jobs of infra/scheduler.yaml with all functions behind the one gateway. */
export function localJobs(stack: { gateway: string; cron_secret: string }): WantedJob[] {
  return wantedJobs(readSchedule(), {
    project: LOCAL_PROJECT,
    region: LOCAL_REGION,
    urlOf: () => stack.gateway,
    schedulerServiceAccount: SCHEDULER_ACCOUNT,
    cronSecret: stack.cron_secret,
  });
}
