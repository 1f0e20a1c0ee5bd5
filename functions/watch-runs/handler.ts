import { ACTING } from '../../shared/domains/watch/concern.ts';
import type { HttpHandler } from '../../shared/doors/http/request.ts';
import type { Log } from '../../shared/doors/log.ts';
import { taskHandler } from '../../shared/runtime/handler.ts';
import type { Deps, RunContext } from '../../shared/runtime/task.ts';
import { type Candidate, watchRuns } from './task.ts';

/** An outside switch that is slower is not waited for: the round itself is done. */
const TIMEOUT_MS = 5_000;

/**
 * watch-runs as an HTTP function. After each real round in which everybody was told of everything, it calls
 * HEALTHCHECK_URL: who is called no more knows that the watchman himself is gone. A round that was cut short, or in which
 * something failed, does not come so far.
 */
export function watchRunsHandler(open: () => Deps): HttpHandler {
  /** What each round has still to attend to. */
  const left = new WeakMap<RunContext, number>();
  const attended = async (context: RunContext, count: number) => {
    const rest = (left.get(context) ?? 0) - count;
    left.set(context, rest);
    if (rest === 0) await pingSwitch(open().config.healthcheckUrl, open().log);
  };
  const task: typeof watchRuns = {
    ...watchRuns,
    async *find(context, params) {
      const found: Candidate[] = [];
      for await (const candidate of watchRuns.find(context, params)) found.push(candidate);
      left.set(context, found.filter(({ concern }) => ACTING.includes(concern.reason)).length);
      if (!(params as { dry_run?: boolean }).dry_run && left.get(context) === 0) await attended(context, 0);
      yield* found;
    },
    async act(batch, facts, params, context) {
      const results = await watchRuns.act(batch, facts, params, context);
      await attended(context, results.filter(({ outcome }) => outcome !== 'failed').length);
      return results;
    },
  };
  return taskHandler(task, open);
}

/** Calls the switch. What goes wrong is logged, without the address: it is the switch's credential. */
async function pingSwitch(url: string | undefined, log: Log): Promise<void> {
  if (!url) return;
  const fault = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok ? null : `HTTP ${response.status}`;
    },
    (error: unknown) => (error instanceof Error ? error.name : 'no answer'),
  );
  if (fault !== null)
    log.warn({ alert: 'healthcheck', fault }, 'HEALTHCHECK_URL could not be told of this round; check it');
}
