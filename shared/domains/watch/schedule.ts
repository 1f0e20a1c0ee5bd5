import type { WatchedJob } from './job.ts';

/** The jobs of infra/scheduler.yaml, written in by infra/build.ts; absent where the sources run as they are. */
declare const WATCHED_JOBS: readonly WatchedJob[];

let handed: readonly WatchedJob[] | undefined;

/** Hands the schedule to a process that runs the sources as they are: the local cloud reads the file for it. */
export function handSchedule(jobs: readonly WatchedJob[]): void {
  handed = jobs;
}

/** The schedule that is watched. Throws where there is none: a watchman that knows no rounds would find all well. */
export function watchedSchedule(): readonly WatchedJob[] {
  const jobs = handed ?? (typeof WATCHED_JOBS === 'undefined' ? undefined : WATCHED_JOBS);
  if (jobs && jobs.length > 0) return jobs;
  throw new Error('There is no schedule to watch; build the function with npm run build, or use npm start.');
}
