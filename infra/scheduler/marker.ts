const MARKER = 'Managed by infra/scheduler.yaml of Ronde';
/** The longest prefix of an installation, with the brackets around it. */
const PREFIX_MAX = 13;

/**
 * Returns the mark in the descriptions of an installation's jobs. Other jobs stay untouched, also those of another
 * installation in the same project.
 */
export const markerOf = (prefix = ''): string => `${MARKER}${prefix ? ` (${prefix})` : ''}.`;

/** Cloud Scheduler accepts 500 characters (job.proto, Job.description), including the marker and its line break. */
export const DESCRIPTION_MAX = 500 - MARKER.length - PREFIX_MAX - 1;
