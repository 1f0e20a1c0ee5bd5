import { TASK_CALLERS } from '../doors/auth/caller.ts';
import { costOf } from '../doors/cost.ts';
import { answerWithin } from '../doors/http/deadline.ts';
import { functionHandler } from '../doors/http/function-handler.ts';
import type { HttpHandler } from '../doors/http/request.ts';
import { Answer, type AnyRoute, type Call } from '../doors/http/router.ts';
import { openContext } from './context.ts';
import { batchRoute } from './fan-out/handler.ts';
import { RETRY_AFTER_SECONDS } from './fan-out/retry-after.ts';
import { logRun } from './log-run.ts';
import { identifyRun } from './occurrence.ts';
import { paramsSchema } from './params.ts';
import type { RunRequest, RunResult } from './request.ts';
import { requesterOf } from './requester.ts';
import { dryRun, realRun } from './run.ts';
import type { RunReply } from './run-view.ts';
import type { AnyTask, Deps, Outcome, RunContext } from './task.ts';

/** The response comes within the budget and this time: work in flight may end, but a hanging store is not awaited. */
const ANSWER_SLACK_MS = 2500;

/** Makes the HTTP function of a task, at `/` of its own URL and at its route. Batches are delivered at `/act` below. */
export function taskHandler(task: AnyTask, open: () => Deps): HttpHandler {
  const params = paramsSchema(task);
  const routes = task.methods.map(
    (method): AnyRoute<Deps> => ({ method, path: '/', params, handle: (call) => answerRun(task, call) }),
  );
  if (task.fanOut) routes.push(batchRoute(task));
  const spec = { label: 'task', mountedAt: task.route, callers: TASK_CALLERS, routes } as const;
  return functionHandler(task.name, spec, open);
}

/** Runs the task as requested, and answers with the result. */
async function answerRun(task: AnyTask, { deps, caller, now, request, logFields, ...call }: Call<Deps>) {
  const params = call.params as RunRequest['params'];
  const identity = identifyRun(task.name, request, caller, now);
  const requestedBy = requesterOf(request, caller);
  const run: RunRequest = { identity, trigger: caller.kind, requestedBy, params };
  const context = openContext(deps, run);
  const work = (params.dry_run ? dryRun : realRun)(task, run, context).then((result) => {
    logRun(logFields, run, result, context);
    return result;
  });
  const result = await answerWithin(
    params.budget_seconds * 1000 + ANSWER_SLACK_MS,
    work,
    `The run ${identity.id} did not end within its budget of ${params.budget_seconds} s; its record will show the result.`,
    RETRY_AFTER_SECONDS,
  );
  const status = statusOf(task, run, result);
  const headers = status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : undefined;
  return new Answer(status, replyBody(task, run, result, context), headers);
}

/**
 * Returns 200 for all but a failed run. A task of `on_overlap: retry` also asks for Scheduler's retry, if a scheduled
 * delivery finds the lease held or the budget ended a scheduled run early.
 */
function statusOf(task: AnyTask, run: RunRequest, result: RunResult): 200 | 500 | 503 {
  if (result.outcome === 'failed') return task.failedStatus ?? 503;
  const scheduled = run.identity.occurrence !== null && !run.params.dry_run && task.onOverlap === 'retry';
  return scheduled && (result.outcome === 'skipped_overlap' || !result.complete) ? 503 : 200;
}

function replyBody(task: AnyTask, run: RunRequest, result: RunResult, context: RunContext): RunReply {
  const { outcome, counts, complete, attempt, acted, skipped, failed, error, shown, notes, dispatched } =
    result;
  const { dry_run: dry } = run.params;
  const reasons = { acted, skipped, failed };
  const { tally } = context;
  const facts = { now: context.now, outcome, dryRun: dry, params: run.params, counts, reasons, tally, notes };
  return {
    ...task.reply({ ...facts, ...(dispatched ? { dispatched } : {}) }),
    ...idleMessage(task, outcome),
    run_id: run.identity.id,
    outcome,
    dry_run: dry,
    complete,
    attempt,
    counts,
    skipped,
    failed,
    ...(dispatched ? { dispatched } : {}),
    cost: costOf(context.usage()),
    ...(error === null
      ? {}
      : {
          error: {
            code: 'unavailable',
            message: 'The run failed; see its record or the log for the reason.',
          },
        }),
    ...(dry ? { candidates: shown } : {}),
  };
}

/** The messages of a run that did no work, in the language of the task. */
const IDLE = {
  en: {
    skipped_overlap: 'Skipped: another run is at work',
    deduplicated: 'Deduplicated: this occurrence is done already',
  },
  fr: {
    skipped_overlap: 'Ignoré : une autre exécution est en cours',
    deduplicated: 'Ignoré : cette échéance a déjà été traitée',
  },
};

function idleMessage({ language }: AnyTask, outcome: Outcome): { message?: string } {
  const idle = outcome === 'skipped_overlap' || outcome === 'deduplicated';
  return idle ? { message: IDLE[language][outcome] } : {};
}
