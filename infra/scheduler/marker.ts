/** Marks the jobs of this file in their descriptions, so that other jobs stay untouched. */
export const MARKER = 'Managed by infra/scheduler.yaml of Ronde.';

/** Cloud Scheduler accepts 500 characters (job.proto, Job.description), including the marker and its line break. */
export const DESCRIPTION_MAX = 500 - MARKER.length - 1;
