import { setTimeout as delay } from 'node:timers/promises';
import { type ClockedProcess, startClockedFunction } from '../function-process.ts';
import type { WorkSize } from './kill.ts';
import { readLedger } from './ledger.ts';
import { type FaultCase, type FaultRun, type RunScale, refuse } from './plan.ts';
import { between, pick } from './random.ts';
import { type TaskUnderFault, Trial } from './trial.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Zones of the process, each with an instant at which its offset changes. */
const CHANGES: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['Europe/Paris', '2026-03-29T01:00:00Z'],
  ['Europe/Paris', '2026-10-25T01:00:00Z'],
  ['America/Los_Angeles', '2026-03-08T10:00:00Z'],
  ['America/Los_Angeles', '2026-11-01T09:00:00Z'],
];

/** Formats an instant like Cloud Scheduler, with a Pacific offset. Both offsets are in use on these days. */
function pacific(instant: Date, hours: 7 | 8): string {
  const local = new Date(instant.getTime() - hours * HOUR_MS).toISOString().slice(0, -1);
  return `${local}-0${hours}:00`;
}

/** Deliveries around a change of offset, while the process's clock jumps during a run. */
export function movedClockCase(
  task: TaskUnderFault,
  runs: Record<RunScale, number>,
  measured: (run: FaultRun) => Promise<WorkSize>,
): FaultCase {
  return {
    name: 'clock',
    claim: 'a clock that jumps during a run, also on daylight-saving days, loses and doubles no effect',
    runs,
    async once(run) {
      const { ms } = await measured(run);
      const [zone, change] = pick(run.random, CHANGES);
      const first = new Date(Date.parse(change) - pick(run.random, [0, 15, 45] as const) * MINUTE_MS);
      const trial = await Trial.begin(task, run, first);
      const child = await startClockedFunction(task.name, first, { ...run.stage.environment, TZ: zone });
      try {
        const jumps = planJumps(run);
        for (const [index, jump] of jumps.entries()) {
          await deliverTwice(trial, child, new Date(first.getTime() + index * 15 * MINUTE_MS), jump, ms);
        }
        const last = new Date(first.getTime() + 24 * HOUR_MS);
        await child.setClock(last);
        await trial.settle(child.url, { occurrence: pacific(last, 7) });
        await trial.judge({ exact: true });
        await judgeRecords(trial, jumps.length + 1);
      } finally {
        await child.kill();
      }
      return { jumps: JUMPS };
    },
  };
}

const JUMPS = 4;

/** A jump of the clock during a run: its size, and the part of an undisturbed run before it. */
interface Jump {
  byMs: number;
  fraction: number;
}

/** Jumps of seconds to hours, alternately forward and back, so that every plan has both. */
function planJumps({ random }: FaultRun): Jump[] {
  return Array.from({ length: JUMPS }, (_, index) => ({
    byMs: (index % 2 === 0 ? 1 : -1) * pick(random, [MINUTE_MS, HOUR_MS, 3 * HOUR_MS] as const),
    fraction: between(random, 0, 1),
  }));
}

/** Delivers one occurrence at its instant, with the jump during its run, and then again in the other notation. */
async function deliverTwice(
  trial: Trial,
  child: ClockedProcess,
  at: Date,
  jump: Jump,
  ms: number,
): Promise<void> {
  await child.setClock(at);
  const answer = trial.deliver(child.url, { occurrence: pacific(at, 8) });
  await Promise.race([answer, begun(trial, at)]);
  await delay(jump.fraction * ms);
  await child.setClock(new Date(at.getTime() + jump.byMs));
  const complete = (await answer)?.complete === true;
  await child.setClock(at);
  const again = await trial.deliver(child.url, { occurrence: pacific(at, 7) });
  if (complete && again?.outcome !== 'deduplicated')
    refuse([`answer: ${again?.outcome} for ${pacific(at, 7)}, which ${pacific(at, 8)} had done`]);
}

/** Resolves once the run of this instant is in the ledger: it has read its clock then. */
async function begun(trial: Trial, at: Date): Promise<void> {
  const record = trial.stage.store().doc(`task_runs/${trial.task.name}@${at.toISOString()}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = record.onSnapshot((snapshot) => {
    if (snapshot.exists) resolve();
  });
  await promise;
  stop();
}

/** Requires one record per occurrence, in whatever offset it came. */
async function judgeRecords(trial: Trial, occurrences: number): Promise<void> {
  const ledger = await readLedger(trial.stage, trial.task.name);
  const ids = new Set(ledger.map(({ runId }) => runId));
  if (ids.size !== occurrences)
    refuse([`ledger: ${ids.size} records for ${occurrences} occurrences: ${[...ids].join(', ')}`]);
}
