import type { Applied } from '../../scheduler/apply.ts';
import type { ServerJob } from '../../scheduler/compare.ts';
import { isOurs } from '../../scheduler/job.ts';
import { hasDrift, type PlannedJob } from '../../scheduler/plan.ts';

/** Prints the value as JSON where it is asked for, else the lines. */
export function printAs(options: { json?: true }, value: object, lines: () => string[]): void {
  const text = options.json ? [JSON.stringify(value, null, 2)] : lines();
  for (const line of text) process.stdout.write(`${line}\n`);
}

/** What a program may read of a plan. */
export function planJson(plan: readonly PlannedJob[]): object {
  return {
    drift: hasDrift(plan),
    jobs: plan.map(({ id, kind, fields, pause }) => ({ job: id, action: kind, state: pause, fields })),
  };
}

/** A plan for people: what is to be done first, each changed field with its old and new value. */
export function planLines(plan: readonly PlannedJob[], place: string): string[] {
  const same = plan.filter(({ kind }) => kind === 'unchanged').length;
  const changes = plan.filter(({ kind }) => kind !== 'unchanged').flatMap(jobPlanLines);
  const foot =
    changes.length === 0
      ? `${place}: all ${same} job(s) are as infra/scheduler.yaml says`
      : `${place}: ${plan.length - same} to change, ${same} unchanged`;
  return [...changes, foot];
}

const REMARKS: Partial<Record<PlannedJob['kind'], string>> = {
  adopt: ' (there, but not marked as ours: apply --adopt takes it over)',
  delete: ' (not in the file: prune deletes it)',
};

function jobPlanLines({ id, kind, fields, pause }: PlannedJob): string[] {
  const state = pause !== null && pause !== kind ? `, ${pause}` : '';
  return [
    `${kind} ${id}${state}${REMARKS[kind] ?? ''}`,
    ...fields.map(({ field, old, new: next }) =>
      old === '(hidden)' ? `    ${field}: ${next}` : `    ${field}: ${quoted(old)} -> ${quoted(next)}`,
    ),
  ];
}

const quoted = (text: string) => (text === '(none)' ? text : text.replaceAll('\n', ' / ') || '(none)');

/** One job's line after apply or prune. */
export function appliedLine({ id, kind, done, error }: Applied): string {
  const did = done.length > 0 ? `done: ${done.join(', ')}` : 'nothing done';
  return error === null ? `${id}: ${did}` : `${id}: ${kind} failed (${did}): ${error}`;
}

/** One job of the service, as fields and as a line. */
export function jobLine(job: ServerJob) {
  const { state, schedule, timeZone, nextAt, lastAt, lastCode } = job;
  const name = job.name.split('/').at(-1) ?? '';
  const ours = isOurs(job);
  const last =
    lastAt === null ? 'never ran' : `last ${lastAt} ${lastCode === 0 ? 'ok' : `failed (code ${lastCode})`}`;
  const line = `${name}  ${state}  "${schedule}" ${timeZone}  next ${nextAt ?? '-'}  ${last}${ours ? '' : '  (not ours)'}`;
  return {
    job: name,
    state,
    schedule,
    time_zone: timeZone,
    next: nextAt,
    last: lastAt,
    last_code: lastCode,
    ours,
    line,
  };
}
