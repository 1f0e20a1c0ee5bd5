import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { readSchedule } from './file.ts';

/** Reads infra/scheduler.yaml and returns the fields of its jobs that watch-runs needs. */
export function watchedJobs(): WatchedJob[] {
  return readSchedule().jobs.map((job) => ({
    task: job.function,
    schedule: job.schedule,
    time_zone: job.time_zone,
    period_seconds: job.period_seconds,
    grace_seconds: job.grace,
    budget_seconds: job.budget_seconds,
    paused: job.paused,
  }));
}
