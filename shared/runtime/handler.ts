import { type Caller, TASK_CALLERS } from '../doors/auth/caller.ts';
import { authenticate } from '../doors/auth/door.ts';
import { cost } from '../doors/cost.ts';
import { sendError } from '../doors/http/answer.ts';
import { answerWithin } from '../doors/http/deadline.ts';
import { HttpError } from '../doors/http/errors.ts';
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  location,
  sendJson,
} from '../doors/http/request.ts';
import { requireMethod } from '../doors/http/route.ts';
import { traceFields } from '../doors/log.ts';
import { openContext } from './context.ts';
import { serveBatch } from './fan-out/handler.ts';
import { RETRY_AFTER_SECONDS } from './fan-out/retry-after.ts';
import { logRun } from './log-run.ts';
import { identifyRun } from './occurrence.ts';
import { parseParams } from './params.ts';
import type { RunRequest, RunResult } from './request.ts';
import { requesterOf } from './requester.ts';
import { dryRun, realRun } from './run.ts';
import type { RunReply } from './run-view.ts';
import type { AnyTask, Deps, RunContext } from './task.ts';

/** The answer comes within the budget and this: what was begun may end, and a store that hangs is not waited for. */
const ANSWER_SLACK_MS = 2500;

/** The HTTP function of a task: at `/` of its own URL and at its route. Dependencies are opened on the first request. */
export function taskHandler(task: AnyTask, open: () => Deps): HttpHandler {
  return async (request, response) => {
    const deps = open();
    const fields = {
      'logging.googleapis.com/labels': { task: task.name },
      ...traceFields(request.headers, deps.config.project),
    };
    try {
      if (isBatch(task, request)) {
        requireMethod(request.method, ['POST']);
        await serveBatch(task, request, response, deps, fields);
        return;
      }
      requireRoute(task, request);
      requireMethod(request.method, task.methods);
      const caller = await authenticate(request, deps, TASK_CALLERS);
      await serve(task, request, response, deps, caller, fields);
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
}

/** Whether a batch is delivered: at `/act` of the function's own URL, or below its route. */
function isBatch(task: AnyTask, request: HttpRequest): boolean {
  const { path } = location(request);
  return task.fanOut !== undefined && (path === '/act' || path === `${task.route}/act`);
}

function requireRoute(task: AnyTask, request: HttpRequest): void {
  const { path } = location(request);
  if (path !== '/' && path !== task.route)
    throw new HttpError(404, `Nothing is here; ${task.name} answers at ${task.route}.`);
}

async function serve(
  task: AnyTask,
  request: HttpRequest,
  response: HttpResponse,
  deps: Deps,
  caller: Caller,
  fields: object,
): Promise<void> {
  const params = await parseParams(task, request);
  const identity = identifyRun(task.name, request, caller, deps.clock());
  const requestedBy = requesterOf(request, caller);
  const run: RunRequest = { identity, trigger: caller.kind, requestedBy, params };
  const context = openContext(deps, run);
  const work = (params.dry_run ? dryRun : realRun)(task, run, context, deps).then((result) => {
    logRun(deps.log, fields, run, result, context);
    return result;
  });
  const result = await answerWithin(
    params.budget_seconds * 1000 + ANSWER_SLACK_MS,
    work,
    `The run ${identity.id} did not end within its budget of ${params.budget_seconds} s; its record tells how it ends.`,
    RETRY_AFTER_SECONDS,
  );
  const status = statusOf(task, run, result);
  sendJson(
    response,
    status,
    replyBody(task, run, result, context),
    status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {},
  );
}

/**
 * Cloud Scheduler sees success for all but a failed run. A task of `on_overlap: retry` also asks for Scheduler's retry
 * when a scheduled delivery finds the lease held, or when the budget ended a scheduled run early.
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
  return {
    ...task.reply({
      now: context.now,
      outcome,
      dryRun: dry,
      params: run.params,
      counts,
      reasons,
      tally,
      notes,
      ...(dispatched ? { dispatched } : {}),
    }),
    run_id: run.identity.id,
    outcome,
    dry_run: dry,
    complete,
    attempt,
    counts,
    skipped,
    failed,
    ...(dispatched ? { dispatched } : {}),
    cost: cost(context.meter),
    ...(error === null
      ? {}
      : { error: { code: 'unavailable', message: 'The run failed; its record and log have the reason.' } }),
    ...(dry ? { candidates: shown } : {}),
  };
}
