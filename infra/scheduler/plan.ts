import { compareJobs, type FieldChange, type ServerJob } from './compare.ts';
import { isOurs, type WantedJob } from './job.ts';

/**
 * What is to be done about one job. `adopt` is an update of a job of the same name that is not marked as ours; `delete`
 * is a marked one that the file does not have.
 */
export type Kind = 'create' | 'update' | 'adopt' | 'pause' | 'resume' | 'delete' | 'unchanged';

/** One line of a plan. */
export interface PlannedJob {
  /** The job's short name. */
  id: string;
  /** Its full resource name. */
  name: string;
  kind: Kind;
  fields: FieldChange[];
  /** The paths of an update, exactly those that differ. */
  mask: string[];
  /** The separate call that its state needs, if any. */
  pause: 'pause' | 'resume' | null;
  wanted: WantedJob | null;
}

/** Compares the file with the service. Pure; others' jobs are left out unless they stand in the way of one of ours. */
export function planSchedule(wanted: readonly WantedJob[], server: readonly ServerJob[]): PlannedJob[] {
  const there = new Map(server.map((job) => [job.name, job]));
  const names = new Set(wanted.map(({ body }) => body.name));
  const planned = wanted.map((job) => planOne(job, there.get(job.body.name)));
  const gone = server.filter((job) => isOurs(job) && !names.has(job.name));
  return [...planned, ...gone.map(({ name }) => line(name, 'delete', null))];
}

/** Whether the service differs from the file. */
export const hasDrift = (plan: readonly PlannedJob[]): boolean =>
  plan.some(({ kind }) => kind !== 'unchanged');

function planOne(wanted: WantedJob, server: ServerJob | undefined): PlannedJob {
  const { name } = wanted.body;
  if (!server) return { ...line(name, 'create', wanted), pause: wanted.paused ? 'pause' : null };
  const { fields, mask } = compareJobs(wanted.body, server);
  const pause = pauseStep(wanted.paused, server.state);
  const failed = !['ENABLED', 'PAUSED'].includes(server.state);
  const change = failed ? [{ field: 'state', old: server.state, new: 'ENABLED' }] : [];
  const rest = { fields: [...change, ...fields], mask: failed ? WHOLE_JOB : mask, pause };
  if (!isOurs(server)) return { ...line(name, 'adopt', wanted), ...rest };
  if (rest.fields.length > 0) return { ...line(name, 'update', wanted), ...rest };
  return { ...line(name, pause ?? 'unchanged', wanted), pause };
}

/** What an update sets again where the service says that the last one failed. */
const WHOLE_JOB = ['description', 'schedule', 'time_zone', 'attempt_deadline', 'retry_config', 'http_target'];

function pauseStep(paused: boolean, state: string): 'pause' | 'resume' | null {
  if (paused === (state === 'PAUSED')) return null;
  return paused ? 'pause' : 'resume';
}

function line(name: string, kind: Kind, wanted: WantedJob | null): PlannedJob {
  return { id: name.split('/').at(-1) ?? name, name, kind, fields: [], mask: [], pause: null, wanted };
}
