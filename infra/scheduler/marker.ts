/** Every job of ours says so in its description, so that others' jobs are never taken for ours. */
export const MARKER = 'Managed by infra/scheduler.yaml of Ronde.';

/** Cloud Scheduler takes 500 characters (job.proto, Job.description), of which the marker and its line break are some. */
export const DESCRIPTION_MAX = 500 - MARKER.length - 1;
