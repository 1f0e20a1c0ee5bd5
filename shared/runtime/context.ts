import { stopwatch } from '../doors/clock.ts';
import { newMeter } from '../doors/cost.ts';
import { openPost } from '../doors/mail/post.ts';
import type { RunRequest } from './request.ts';
import type { Deps, RunContext } from './task.ts';

/** What a run works with, from now on: its meter at zero, its budget whole. */
export function openContext(deps: Deps, { identity, trigger, requestedBy, params }: RunRequest): RunContext {
  const now = deps.clock();
  const meter = newMeter();
  const budgetMs = params.budget_seconds * 1000;
  const elapsed = stopwatch();
  return {
    store: deps.store,
    redis: deps.redis,
    meter,
    post: openPost(deps, meter, new Date(now.getTime() + budgetMs)),
    now,
    leftMs: () => budgetMs - elapsed(),
    clock: deps.clock,
    random: deps.random,
    occurrence: identity.occurrence,
    runId: identity.id,
    trigger,
    requestedBy,
    tally: {},
    config: deps.config,
    log: deps.log,
  };
}
