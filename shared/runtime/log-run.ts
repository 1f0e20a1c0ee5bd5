import { costOf } from '../doors/cost.ts';
import { ERROR_EVENT, type Log } from '../doors/log.ts';
import type { ClosedRun } from './fan-out/closing.ts';
import type { RunRequest, RunResult } from './request.ts';
import type { Counts, RunContext } from './task.ts';

/** Logs one structured line for a run. `fields` are those of its request. */
export function logRun(fields: object, run: RunRequest, result: RunResult, context: RunContext): void {
  const { outcome, counts, complete, attempt, skipped, failed, error, dispatched } = result;
  const line = {
    ...fields,
    run_id: run.identity.id,
    trigger: run.trigger,
    ...(run.requestedBy ? { requested_by: run.requestedBy } : {}),
    attempt,
    outcome,
    dry_run: run.params.dry_run,
    complete,
    counts,
    skipped,
    failed,
    ...(dispatched ? { dispatched } : {}),
    cost: costOf(context.usage()),
    duration_ms: result.finishedAt.getTime() - result.startedAt.getTime(),
    ...(error === null ? {} : { error }),
  };
  writeLine(context.log, line, messageOf(run.identity.id, outcome, counts), outcome);
}

/** Logs the end of a dispatched run, which its dispatcher could not know. */
export function logClosed(log: Log, fields: object, { id, outcome, sums, error }: ClosedRun): void {
  const { counts, skipped, failed, complete } = sums;
  const line = {
    ...fields,
    ...{ run_id: id, outcome, complete, counts, skipped, failed },
    cost: costOf(sums.cost),
    ...(error === null ? {} : { error }),
  };
  writeLine(log, line, messageOf(id, outcome, counts), outcome);
}

/** Logs what a run did if the ledger could not be written at its end. */
export function logUnrecorded(log: Log, fields: object, result: RunResult, error: unknown): void {
  const { outcome, counts, skipped, failed } = result;
  const line = { ...fields, outcome, counts, skipped, failed, error: String(error) };
  log.error(line, 'The run ended, and its record could not be written');
}

const messageOf = (id: string, outcome: string, { acted, skipped, failed }: Counts) =>
  `${id} ${outcome}: ${acted} acted, ${skipped} skipped, ${failed} failed`;

function writeLine(log: Log, line: object, message: string, outcome: string): void {
  if (outcome === 'failed') log.error({ ...ERROR_EVENT, ...line }, message);
  else log.info(line, message);
}
