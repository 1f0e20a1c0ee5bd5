/** The metadata server of Google Cloud: https://cloud.google.com/compute/docs/metadata/overview */
export const METADATA_SERVER = 'http://metadata.google.internal';
/** Cloud Scheduler's REST v1: https://cloud.google.com/scheduler/docs/reference/rest */
export const CLOUD_SCHEDULER = 'https://cloudscheduler.googleapis.com';

/** Cloud Tasks' REST v2: https://cloud.google.com/tasks/docs/reference/rest */
export const CLOUD_TASKS = 'https://cloudtasks.googleapis.com';

/** Secret Manager's REST v1: https://cloud.google.com/secret-manager/docs/reference/rest */
export const SECRET_MANAGER = 'https://secretmanager.googleapis.com';

/** Returns a function's URL, known before it is deployed; without a trailing slash. */
export function functionUrl(project: string, region: string, name: string): string {
  return `https://${region}-${project}.cloudfunctions.net/${name}`;
}
