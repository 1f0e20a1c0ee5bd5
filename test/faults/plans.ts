import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tasks } from '../../functions/tasks.ts';
import type { FaultPlan } from './harness/plan.ts';
import { hostileInput } from './hostile/plan.ts';
import { imports } from './import.ts';
import { visits } from './visits.ts';

/** The plan of a task is the export `plan` of test/faults/<task>.ts. */
const files = tasks
  .map(({ name }) => new URL(`./${name}.ts`, import.meta.url))
  .filter((url) => existsSync(fileURLToPath(url)));
const own = await Promise.all(
  files.map(async ({ href }) => ((await import(href)) as { plan: FaultPlan }).plan),
);

/** Every function with a plan of faults. */
export const plans: readonly FaultPlan[] = [...own, visits, imports, hostileInput];

/** Tasks without a plan, each with the reason. */
export const UNPLANNED: Readonly<Record<string, string>> = {
  'clean-stale-sessions':
    'two runs without a lease both count a user whom both put offline (readAgain in ' +
    'shared/domains/presence/offline.ts), and the judgement rejects such a ledger',
  'test-presence': 'its candidates are checks on a probe user, and a run leaves no effect to count',
  'watch-runs':
    'its candidates are the runs of the ledger, and the harness judges by the ledger; ' +
    'test/functions/watch-runs/killed.test.ts kills it during its mails',
};
