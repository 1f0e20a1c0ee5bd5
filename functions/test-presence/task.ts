import { loginsOf } from '../../shared/domains/presence/login-history.ts';
import {
  type CheckName,
  checkNames,
  checks,
  type ProbeDeps,
  removeProbe,
} from '../../shared/domains/presence/probe.ts';
import { stopwatch } from '../../shared/doors/clock.ts';
import { within } from '../../shared/doors/time/within.ts';
import { lastRuns } from '../../shared/runtime/ledger.ts';
import type { ActResult, ReplyFacts, RunContext, Task } from '../../shared/runtime/task.ts';

/** A check that takes longer fails. */
const CHECK_MS = 10_000;
const MAX_DETAIL = 500;

type Reason = 'check' | CheckName;

interface Types {
  params: Record<never, never>;
  candidate: { id: CheckName };
  run: undefined;
  facts: undefined;
  reason: Reason;
  plan: undefined;
}

/**
 * Tests presence end to end: connections, the schema of users, pings and logouts, indexes, conditional updates, timings.
 *
 * - Each check is a candidate, so one that fails does not hide the others.
 * - The checks work on a probe user, and remove it again.
 * - A failed check makes the answer 500, with the same body.
 */
export const testPresence: Task<Types> = {
  name: 'test-presence',
  route: '/v1/presence/test',
  methods: ['POST'],
  params: {},
  language: 'en',
  onOverlap: 'retry',
  failedStatus: 500,
  budgetSeconds: 90,
  batchSize: 1,
  // Parallel checks would spoil the timings.
  concurrency: 1,

  async *find() {
    for (const id of checkNames) yield { id };
  },

  decide: () => ({ act: true, reason: 'check' }),

  act: (decided, _run, context) =>
    Promise.all(decided.map(({ candidate }) => runCheck(candidate.id, context))),

  reply: (facts) => ({
    success: facts.outcome !== 'failed',
    message: message(facts),
    checks: facts.notes,
  }),
};

async function runCheck(name: CheckName, context: RunContext): Promise<ActResult<Reason>> {
  const { store, now } = context;
  const deps: ProbeDeps = {
    ...context,
    queries: [loginsOf(store, ['nobody'], now), lastRuns(store, 'none', 1)],
  };
  const elapsed = stopwatch();
  const note = (ok: boolean, detail: string) => ({
    name,
    ok,
    duration_ms: Math.round(elapsed() * 10) / 10,
    detail: detail.slice(0, MAX_DETAIL),
  });
  try {
    const detail = await within(CHECK_MS, name, checks[name](deps));
    return { outcome: 'acted', note: note(true, detail) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', reason: name, retry: true, note: note(false, detail) };
  } finally {
    await within(CHECK_MS, 'removing the probe', removeProbe(deps)).catch(() => undefined);
  }
}

function message({ outcome, dryRun, counts }: ReplyFacts<object>): string {
  if (dryRun) return `Would run ${counts.acted} checks`;
  if (counts.failed > 0) return `${counts.failed} of ${counts.candidates} checks failed`;
  return outcome === 'failed' ? 'The checks could not be run' : `${counts.acted} checks passed`;
}
