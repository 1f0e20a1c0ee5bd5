import { setTimeout as delay } from 'node:timers/promises';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import type { DeliveryAnswer } from './delivery.ts';
import type { WorkSize } from './kill.ts';
import { readLedger } from './ledger.ts';
import { type FaultCase, type FaultRun, type RunScale, refuse } from './plan.ts';
import { overlapStatus, type TaskUnderFault, Trial } from './trial.ts';

/** The number of parallel deliveries of one occurrence. */
const PARALLEL = 50;

/** Delivers one occurrence in parallel to two processes. Every other plan kills one of the two. */
export function deliveriesCase(
  task: TaskUnderFault,
  runs: Record<RunScale, number>,
  measured: (run: FaultRun) => Promise<WorkSize>,
): FaultCase {
  return {
    name: 'deliveries',
    claim: `one occurrence delivered ${PARALLEL} times in parallel to two processes has its effect once`,
    runs,
    async once(run) {
      const { ms } = await measured(run);
      const kills = run.random() < 0.5 ? [run.random() * ms] : [];
      const trial = await Trial.begin(task, run);
      const start = () => startFunction(task.name, run.bundles, run.stage.environment);
      const [one, other] = await Promise.all([start(), start()]);
      try {
        const occurrence = trial.occurrence(0);
        const answers = Array.from({ length: PARALLEL }, (_, index) =>
          trial.deliver(index % 2 === 0 ? one.url : other.url, { occurrence }),
        );
        for (const after of kills) {
          await delay(after);
          await one.kill();
        }
        const settled = await Promise.all(answers);
        // On a machine that delays Redis for seconds, some runs have no lease. They may share the work.
        const leased = one.withoutLease() + other.withoutLease() === 0;
        if (kills.length > 0 || !leased) {
          if (kills.length === 0) judgeShared(settled);
          await trial.observe();
          await trial.halfAMinuteLater();
        } else await judgeAnswers(trial, settled);
        await settleLater(trial, run, other, occurrence);
        await trial.judge({ exact: kills.length === 0 && leased, overtaken: !leased });
        if (!leased) return { deliveries: PARALLEL, kills: kills.length, 'without lease': 1 };
      } finally {
        await Promise.all([one.kill(), other.kill()]);
      }
      return { deliveries: PARALLEL, kills: kills.length };
    },
  };
}

/** Lets the other process finish the work of a killed one, or a later process for which enough time has passed. */
async function settleLater(
  trial: Trial,
  run: FaultRun,
  other: FunctionProcess,
  occurrence: string,
): Promise<void> {
  const { environment } = run.stage;
  const later = trial.later(environment);
  if (later === environment) return void (await trial.settle(other.url, { occurrence }));
  const child = await startFunction(trial.task.name, run.bundles, later);
  try {
    await trial.settle(child.url, { occurrence });
  } finally {
    await child.kill();
  }
}

/** Legal outcomes of runs that share the work. */
const SHARED = ['succeeded', 'nothing_to_do', 'failed', 'deduplicated', 'skipped_overlap'];

/** Requires an answer to each delivery, with a legal outcome for a run that shared the work. */
function judgeShared(answers: readonly (DeliveryAnswer | null)[]): void {
  const wrong = answers.filter(
    (answer) =>
      answer === null || ![200, 503].includes(answer.status) || !SHARED.includes(answer.outcome ?? ''),
  );
  refuse(wrong.map((answer) => `answer: ${answer?.status} ${answer?.outcome} of runs that share the work`));
}

/** Requires that one delivery did all the work, that the others say so, and that the ledger has one attempt. */
async function judgeAnswers(trial: Trial, answers: readonly (DeliveryAnswer | null)[]): Promise<void> {
  const skipped = overlapStatus(trial.task.name);
  const describe = (answer: DeliveryAnswer | null) => `${answer?.status} ${answer?.outcome}`;
  const worked = answers.filter((answer) => answer?.outcome === 'succeeded' && answer.status === 200);
  const others = answers.filter((answer) => !worked.includes(answer));
  const wrong = others.filter(
    (one) => ![`200 deduplicated`, `${skipped} skipped_overlap`].includes(describe(one)),
  );
  const violations = wrong.map((answer) => `answer: ${describe(answer)} for a duplicate`);
  if (worked.length !== 1) violations.push(`answer: ${worked.length} of ${answers.length} did the work`);
  const ledger = (await readLedger(trial.stage, trial.task.name)).filter(
    ({ outcome }) => outcome !== 'skipped_overlap',
  );
  // Its number is 2 if a delivery that overlapped was recorded first.
  if (ledger.length !== 1) violations.push(`ledger: ${ledger.length} attempts for one occurrence`);
  refuse(violations);
}
