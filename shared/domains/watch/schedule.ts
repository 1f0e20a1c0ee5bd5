import type { WatchedJob } from './job.ts';

/** The jobs of infra/scheduler.yaml. infra/build.ts puts them into bundles; they are absent if the sources run directly. */
declare const WATCHED_JOBS: readonly WatchedJob[];

let given: readonly WatchedJob[] | undefined;

/** Sets the schedule of a process that runs the sources directly. The local cloud reads the file for it. */
export function handSchedule(jobs: readonly WatchedJob[]): void {
  given = jobs;
}

/** Returns the schedule to watch. Throws if there is none: watch-runs would otherwise report that all is well. */
export function watchedSchedule(): readonly WatchedJob[] {
  const jobs = given ?? (typeof WATCHED_JOBS === 'undefined' ? undefined : WATCHED_JOBS);
  if (jobs && jobs.length > 0) return jobs;
  throw new Error('There is no schedule to watch; build the function with npm run build, or use npm start.');
}
