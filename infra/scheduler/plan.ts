import { compareJobs, type FieldChange, type ServerJob } from './compare.ts';
import { isManaged, type WantedJob } from './job.ts';

/**
 * The action for one job. The file and the service are compared by name:
 *
 *   file  service                   action
 *   yes   no job                    create
 *   yes   job without our marker    adopt (an update that needs --adopt)
 *   yes   job with other fields     update
 *   yes   job in another state      pause or resume
 *   yes   equal job                 unchanged
 *   no    job with our marker       delete (only by prune)
 *   no    job without our marker    not in the plan
 */
export type PlanAction = 'create' | 'update' | 'adopt' | 'pause' | 'resume' | 'delete' | 'unchanged';

/** One line of a plan. */
export interface PlannedJob {
  /** The job's short name. */
  id: string;
  /** Its full resource name. */
  name: string;
  kind: PlanAction;
  fields: FieldChange[];
  /** The paths of an update, for exactly the fields that differ. */
  mask: string[];
  /** The separate call for its state, if it needs one. */
  pause: 'pause' | 'resume' | null;
  wanted: WantedJob | null;
}

/** Compares the file with the service. Pure; leaves out foreign jobs, except those with the name of a wanted job. */
export function planSchedule(
  wanted: readonly WantedJob[],
  server: readonly ServerJob[],
  prefix = '',
): PlannedJob[] {
  const existing = new Map(server.map((job) => [job.name, job]));
  const names = new Set(wanted.map(({ body }) => body.name));
  const planned = wanted.map((job) => planOne(job, existing.get(job.body.name), prefix));
  const gone = server.filter((job) => isManaged(job, prefix) && !names.has(job.name));
  return [...planned, ...gone.map(({ name }) => toPlannedJob(name, 'delete', null))];
}

/** Returns true if the service differs from the file. */
export const hasDrift = (plan: readonly PlannedJob[]): boolean =>
  plan.some(({ kind }) => kind !== 'unchanged');

function planOne(wanted: WantedJob, server: ServerJob | undefined, prefix: string): PlannedJob {
  const { name } = wanted.body;
  if (!server) return { ...toPlannedJob(name, 'create', wanted), pause: wanted.paused ? 'pause' : null };
  const { fields, mask } = compareJobs(wanted.body, server);
  const pause = findPauseStep(wanted.paused, server.state);
  const hasFailed = !['ENABLED', 'PAUSED'].includes(server.state);
  const change = hasFailed ? [{ field: 'state', old: server.state, new: 'ENABLED' }] : [];
  const rest = { fields: [...change, ...fields], mask: hasFailed ? WHOLE_JOB : mask, pause };
  if (!isManaged(server, prefix)) return { ...toPlannedJob(name, 'adopt', wanted), ...rest };
  if (rest.fields.length > 0) return { ...toPlannedJob(name, 'update', wanted), ...rest };
  return { ...toPlannedJob(name, pause ?? 'unchanged', wanted), pause };
}

/** The mask of an update after the service reports that the last update failed. */
const WHOLE_JOB = ['description', 'schedule', 'time_zone', 'attempt_deadline', 'retry_config', 'http_target'];

function findPauseStep(isPaused: boolean, state: string): 'pause' | 'resume' | null {
  if (isPaused === (state === 'PAUSED')) return null;
  return isPaused ? 'pause' : 'resume';
}

function toPlannedJob(name: string, kind: PlanAction, wanted: WantedJob | null): PlannedJob {
  return { id: name.split('/').at(-1) ?? name, name, kind, fields: [], mask: [], pause: null, wanted };
}
