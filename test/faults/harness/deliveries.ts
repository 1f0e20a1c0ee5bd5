import { setTimeout as delay } from 'node:timers/promises';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import type { Answer } from './delivery.ts';
import type { Measure } from './kill.ts';
import { readLedger } from './ledger.ts';
import { type FaultCase, type FaultRun, refuse, type Scale } from './plan.ts';
import { overlapStatus, type TaskUnderFault, Trial } from './trial.ts';

/** Deliveries of one occurrence at a time. */
const PARALLEL = 50;

/** N parallel deliveries of one occurrence to two processes; in every other plan one of the two is killed amid them. */
export function deliveriesCase(
  task: TaskUnderFault,
  runs: Record<Scale, number>,
  measured: (run: FaultRun) => Promise<Measure>,
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
        // On a machine that lets Redis wait for seconds some have no lease: they may share the work, and no more.
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

/** What a killed process has left is done by the other one, or by one for which enough time has passed. */
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

/** What runs may say that share the work: what each did, or that another is at it. */
const SHARED = ['succeeded', 'nothing_to_do', 'failed', 'deduplicated', 'skipped_overlap'];

/** Each is answered, and no run that shared the work calls its own part anything else. */
function judgeShared(answers: readonly (Answer | null)[]): void {
  const wrong = answers.filter(
    (answer) =>
      answer === null || ![200, 503].includes(answer.status) || !SHARED.includes(answer.outcome ?? ''),
  );
  refuse(wrong.map((answer) => `answer: ${answer?.status} ${answer?.outcome} of runs that share the work`));
}

/** One of them did all the work, the others are told so, and the ledger has one attempt. */
async function judgeAnswers(trial: Trial, answers: readonly (Answer | null)[]): Promise<void> {
  const skipped = overlapStatus(trial.task.name);
  const told = (answer: Answer | null) => `${answer?.status} ${answer?.outcome}`;
  const worked = answers.filter((answer) => answer?.outcome === 'succeeded' && answer.status === 200);
  const others = answers.filter((answer) => !worked.includes(answer));
  const wrong = others.filter(
    (one) => ![`200 deduplicated`, `${skipped} skipped_overlap`].includes(told(one)),
  );
  const violations = wrong.map((answer) => `answer: ${told(answer)} for a duplicate`);
  if (worked.length !== 1) violations.push(`answer: ${worked.length} of ${answers.length} did the work`);
  const ledger = (await readLedger(trial.stage, trial.task.name)).filter(
    ({ outcome }) => outcome !== 'skipped_overlap',
  );
  // Its number is 2 where a delivery that found the task at work was recorded first.
  if (ledger.length !== 1) violations.push(`ledger: ${ledger.length} attempts for one occurrence`);
  refuse(violations);
}
