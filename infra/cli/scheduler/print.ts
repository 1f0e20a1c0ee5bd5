import type { Applied } from '../../scheduler/apply.ts';
import type { ServerJob } from '../../scheduler/compare.ts';
import { isManaged } from '../../scheduler/job.ts';
import { hasDrift, type PlannedJob } from '../../scheduler/plan.ts';

/** Prints the value as JSON with --json, else the lines. */
export function printResult(options: { json?: true }, value: object, lines: () => string[]): void {
  const text = options.json ? [JSON.stringify(value, null, 2)] : lines();
  for (const line of text) process.stdout.write(`${line}\n`);
}

/** Returns a plan for programs. */
export function toPlanJson(plan: readonly PlannedJob[]): object {
  return {
    drift: hasDrift(plan),
    jobs: plan.map(({ id, kind, fields, pause }) => ({ job: id, action: kind, state: pause, fields })),
  };
}

/** Describes a plan for people: each change with the old and new values of its fields, then the totals. */
export function describePlan(plan: readonly PlannedJob[], place: string): string[] {
  const same = plan.filter(({ kind }) => kind === 'unchanged').length;
  const changes = plan.filter(({ kind }) => kind !== 'unchanged').flatMap(describePlannedJob);
  const foot =
    changes.length === 0
      ? `${place}: all ${same} job(s) are as infra/scheduler.yaml says`
      : `${place}: ${plan.length - same} to change, ${same} unchanged`;
  return [...changes, foot];
}

const REMARKS: Partial<Record<PlannedJob['kind'], string>> = {
  adopt: ' (exists, but is not marked as ours: apply --adopt takes it over)',
  delete: ' (not in the file: prune deletes it)',
};

function describePlannedJob({ id, kind, fields, pause }: PlannedJob): string[] {
  const state = pause !== null && pause !== kind ? `, ${pause}` : '';
  return [
    `${kind} ${id}${state}${REMARKS[kind] ?? ''}`,
    ...fields.map(({ field, old, new: next }) =>
      old === '(hidden)' ? `    ${field}: ${next}` : `    ${field}: ${toOneLine(old)} -> ${toOneLine(next)}`,
    ),
  ];
}

const toOneLine = (text: string) => (text === '(none)' ? text : text.replaceAll('\n', ' / ') || '(none)');

/** Describes one job after apply or prune. */
export function describeApplied({ id, kind, done, left, error }: Applied): string {
  const did = done.length > 0 ? `done: ${done.join(', ')}` : 'nothing done';
  if (left) return `${id}: ${did}; stays paused, since a person paused it (--resume resumes it)`;
  return error === null ? `${id}: ${did}` : `${id}: ${kind} failed (${did}): ${error}`;
}

/** Describes one job of the service, as fields and as the cells of its line. */
export function describeJob(job: ServerJob) {
  const { state, schedule, timeZone, nextAt, lastAt, lastCode } = job;
  const name = job.name.split('/').at(-1) ?? '';
  const ours = isManaged(job);
  const last =
    lastAt === null ? 'never ran' : `last ${lastAt} ${lastCode === 0 ? 'ok' : `failed (code ${lastCode})`}`;
  const cells = [
    name,
    state,
    `"${schedule}" ${timeZone}`,
    `next ${nextAt ?? '-'}`,
    last,
    ours ? '' : '(not ours)',
  ];
  const fields = {
    job: name,
    state,
    schedule,
    time_zone: timeZone,
    next: nextAt,
    last: lastAt,
    last_code: lastCode,
    ours,
  };
  return { fields, cells };
}
