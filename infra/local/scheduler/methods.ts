import { randomUUID } from 'node:crypto';
import { GoogleApiError, invalid, pageOf, type RestCall, updateMaskOf } from '../google-json.ts';
import type { FireDeps } from './deliver.ts';
import { fireForced, type JobEntry, setNext } from './fire.ts';
import { applyMask, type Job, type JobFields, ownFields, parseFields } from './jobs.ts';
import { stored, timestamp, validate } from './rules.ts';

/** The state of one local scheduler. */
export interface SchedulerState {
  entries: Map<string, JobEntry>;
  outstanding: Set<Promise<void>>;
  locations: readonly string[];
  deps: FireDeps;
}

/** Remembers an attempt until it has ended. */
export function track(state: SchedulerState, attempt: Promise<void>): Promise<void> {
  const tracked = attempt.finally(() => state.outstanding.delete(tracked));
  state.outstanding.add(tracked);
  return tracked;
}

/** Handles GET jobs: sorted by name, in pages. */
export function list(state: SchedulerState, parent: string, query: URLSearchParams): unknown {
  const prefix = `${parent}/jobs/`;
  const all = [...state.entries.values()].map(({ job }) => job).filter((job) => job.name.startsWith(prefix));
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = pageOf(all, query, 500);
  return { jobs: items, ...next };
}

/** Handles POST jobs. */
export function create(state: SchedulerState, parent: string, body: unknown): Job {
  const fields = parseFields(ownFields(body));
  const name = fields.name || `${parent}/jobs/${randomUUID()}`;
  if (!name.startsWith(`${parent}/jobs/`)) throw invalid('Job name must start with its parent.');
  const job = finish({ ...fields, name }, { state: 'ENABLED' }, state.deps.clock());
  if (state.entries.has(name)) throw new GoogleApiError(409, 'ALREADY_EXISTS', `Job ${name} already exists.`);
  setNext(job, state.deps.clock());
  state.entries.set(name, { job, execution: null, running: 0 });
  return job;
}

type KeptFields = Pick<Job, 'state' | 'status' | 'scheduleTime' | 'lastAttemptTime'>;

/** Returns valid fields in the form that the service stores, with the values that only the service sets. */
function finish(fields: JobFields & { name: string }, kept: KeptFields, now: Date): Job {
  validate(fields);
  const { name } = fields;
  return {
    ...stored(fields),
    name,
    timeZone: fields.timeZone || 'UTC',
    ...kept,
    userUpdateTime: timestamp(now),
  };
}

/** Handles one job: GET, PATCH, DELETE and the custom methods. */
export function onJob(state: SchedulerState, name: string, { action, query, body }: RestCall): unknown {
  const entry = state.entries.get(name);
  if (!entry) throw new GoogleApiError(404, 'NOT_FOUND', 'Job not found.');
  if (action === 'GET') return entry.job;
  if (action === 'DELETE') {
    state.entries.delete(name);
    entry.execution = null;
    return {};
  }
  if (action === 'PATCH') return patch(state, entry, updateMaskOf(query), body);
  if (action === 'POST pause') return pause(entry);
  if (action === 'POST resume') return resume(entry, state.deps.clock());
  if (action === 'POST run') {
    void track(state, fireForced(entry, state.deps));
    return entry.job;
  }
  throw new GoogleApiError(404, 'NOT_FOUND', `The local scheduler has no method ${action}`);
}

function patch(state: SchedulerState, entry: JobEntry, mask: string | null, body: unknown): Job {
  const { job: old } = entry;
  const fields = applyMask(old, ownFields(body), mask);
  const { state: jobState, status, scheduleTime, lastAttemptTime } = old;
  const kept = { state: jobState, status, scheduleTime, lastAttemptTime };
  const job = finish({ ...fields, name: old.name }, kept, state.deps.clock());
  if (job.schedule !== old.schedule || job.timeZone !== old.timeZone) setNext(job, state.deps.clock());
  entry.job = job;
  return job;
}

function pause(entry: JobEntry): Job {
  requireState(entry, 'ENABLED');
  entry.execution = null;
  entry.job.state = 'PAUSED';
  return entry.job;
}

function resume(entry: JobEntry, now: Date): Job {
  requireState(entry, 'PAUSED');
  entry.job.state = 'ENABLED';
  setNext(entry.job, now);
  return entry.job;
}

function requireState(entry: JobEntry, wanted: Job['state']): void {
  if (entry.job.state === wanted) return;
  throw new GoogleApiError(400, 'FAILED_PRECONDITION', `Job must be ${wanted} for this operation.`);
}
