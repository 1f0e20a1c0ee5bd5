import { type Caller, TASK_CALLERS } from '../auth/caller.ts';
import { authenticate } from '../auth/door.ts';
import { stopwatch } from '../clock.ts';
import { cost, newMeter } from '../cost.ts';
import { sendError } from '../http/answer.ts';
import { answerWithin } from '../http/deadline.ts';
import { HttpError } from '../http/errors.ts';
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  location,
  sendJson,
} from '../http/request.ts';
import { requireMethod } from '../http/route.ts';
import { traceFields } from '../log.ts';
import { openPost } from '../mail/post.ts';
import { identifyRun } from './occurrence.ts';
import { parseParams } from './params.ts';
import { requesterOf } from './requester.ts';
import { dryRun, type RunRequest, type RunResult, realRun } from './run.ts';
import type { AnyTask, Deps, RunContext } from './task.ts';

/** A little longer than a lease lasts, so that the retry finds a killed run's lease gone. */
const RETRY_AFTER_SECONDS = 35;

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
      requireRoute(task, request);
      requireMethod(request.method, task.methods);
      const caller = await authenticate(request, deps, TASK_CALLERS);
      await serve(task, request, response, deps, caller, fields);
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
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
  const now = deps.clock();
  const identity = identifyRun(task.name, request, caller, now);
  const meter = newMeter();
  const deadline = new Date(now.getTime() + params.budget_seconds * 1000);
  const post = openPost(deps, meter, deadline);
  const requestedBy = requesterOf(request, caller);
  const elapsed = stopwatch();
  const leftMs = () => params.budget_seconds * 1000 - elapsed();
  const context: RunContext = {
    store: deps.store,
    redis: deps.redis,
    meter,
    post,
    now,
    leftMs,
    clock: deps.clock,
    occurrence: identity.occurrence,
    runId: identity.id,
    trigger: caller.kind,
    requestedBy,
    tally: {},
    config: deps.config,
  };
  const run: RunRequest = { identity, trigger: caller.kind, requestedBy, params };
  const work = (params.dry_run ? dryRun : realRun)(task, run, context, deps).then((result) => {
    logRun(deps, fields, run, result, context);
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

function replyBody(task: AnyTask, run: RunRequest, result: RunResult, context: RunContext): object {
  const { outcome, counts, complete, attempt, acted, skipped, failed, error, shown, notes } = result;
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
    }),
    run_id: run.identity.id,
    outcome,
    dry_run: dry,
    complete,
    attempt,
    counts,
    skipped,
    failed,
    cost: cost(context.meter),
    ...(error === null
      ? {}
      : { error: { code: 'unavailable', message: 'The run failed; its record and log have the reason.' } }),
    ...(dry ? { candidates: shown } : {}),
  };
}

function logRun(deps: Deps, fields: object, run: RunRequest, result: RunResult, context: RunContext): void {
  const { outcome, counts, complete, attempt, skipped, failed, error, startedAt, finishedAt } = result;
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
    cost: cost(context.meter),
    duration_ms: finishedAt.getTime() - startedAt.getTime(),
    ...(error === null ? {} : { error }),
  };
  const message = `${run.identity.id} ${outcome}: ${counts.acted} acted, ${counts.skipped} skipped, ${counts.failed} failed`;
  if (outcome === 'failed') deps.log.error(line, message);
  else deps.log.info(line, message);
}
