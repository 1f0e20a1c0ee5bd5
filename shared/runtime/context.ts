import { stopwatch } from '../doors/clock.ts';
import { openCounted } from '../doors/engines.ts';
import type { RunRequest } from './request.ts';
import type { Deps, RunContext } from './task.ts';

/** Opens the tools of a run, with its whole budget left. */
export function openContext(deps: Deps, { identity, trigger, requestedBy, params }: RunRequest): RunContext {
  const now = deps.clock();
  const budgetMs = params.budget_seconds * 1000;
  const elapsed = stopwatch();
  return {
    ...openCounted(deps, new Date(now.getTime() + budgetMs)),
    now,
    dryRun: params.dry_run,
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
