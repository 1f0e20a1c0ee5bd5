import { setTimeout as delay } from 'node:timers/promises';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import type { DeliveryAnswer } from './delivery.ts';
import type { WorkSize } from './kill.ts';
import { type FaultCase, type FaultRun, type Figures, type RunScale, refuse } from './plan.ts';
import { between } from './random.ts';
import { type TaskUnderFault, Trial } from './trial.ts';

/**
 * The shortest budget of a task, and the time that its answer may take beyond it.
 */
const BUDGET_SECONDS = 5;
const ANSWER_MS = (BUDGET_SECONDS + 3) * 1000;
/** More than a user is promised: a busy machine slows function and harness down. The engine hangs until the answer. */
const LAG_MS = 30_000;
/** Well within the budget. */
const SHORT_MS = [200, 2_000] as const;

type MeasureWork = (run: FaultRun) => Promise<WorkSize>;
type EngineName = 'firestore' | 'redis';

interface Scene extends FaultRun {
  trial: Trial;
  child: FunctionProcess;
  /** Another process of the same function, ready before the fault. */
  second: FunctionProcess;
  occurrence: string;
  /** The answer of the run with the fault. */
  answer: Promise<DeliveryAnswer | null>;
}

/** Starts a run, injects the fault at a seeded point, and judges answer, process and stores. */
function outageCase(
  task: TaskUnderFault,
  measured: MeasureWork,
  spec: Pick<FaultCase, 'name' | 'claim' | 'runs'> & { fault(scene: Scene): Promise<Figures> },
): FaultCase {
  return {
    name: spec.name,
    claim: spec.claim,
    runs: spec.runs,
    async once(run) {
      const { ms } = await measured(run);
      const after = between(run.random, 0, ms);
      const trial = await Trial.begin(task, run);
      const start = () => startFunction(task.name, run.bundles, run.stage.environment);
      const [child, second] = await Promise.all([start(), start()]);
      try {
        const occurrence = trial.occurrence(0);
        const answer = trial.deliver(child.url, { occurrence, params: { budget_seconds: BUDGET_SECONDS } });
        await delay(after);
        return await spec.fault({ ...run, trial, child, second, occurrence, answer });
      } finally {
        await Promise.all([child.kill(), second.kill()]);
      }
    },
  };
}

/** Requires an answer in time with 200 or 503, from a process that still lives. */
async function judgeAnswer({ answer, child }: Scene): Promise<DeliveryAnswer | null> {
  const given = await answer;
  const violations: string[] = [];
  if (given === null) violations.push('answer: none; the connection ended');
  else {
    if (![200, 503].includes(given.status))
      violations.push(`answer: ${given.status} ${JSON.stringify(given.body)}`);
    const { error, message } = given.body;
    if (given.status === 503 && !error && !message)
      violations.push(`answer: 503 without a reason: ${JSON.stringify(given.body)}`);
    if (given.ms > ANSWER_MS + LAG_MS)
      violations.push(`answer: after ${Math.round(given.ms)} ms of ${ANSWER_MS}`);
  }
  if (!child.alive()) violations.push('process: it ended');
  refuse(violations);
  return given;
}

/** Requires that the next occurrence finishes the work, and that the ledger accounts for every item. */
async function settleNext({ trial }: Scene, child: FunctionProcess, lostLease = false): Promise<void> {
  await trial.settle(child.url, { occurrence: trial.occurrence(1) });
  await trial.judge({ exact: true, overtaken: lostLease });
}

function pausedCase(
  task: TaskUnderFault,
  measured: MeasureWork,
  name: EngineName,
  runs: Record<RunScale, number>,
) {
  return outageCase(task, measured, {
    name: `${name}-paused`,
    claim: `a run during which ${name} hangs for a while answers in time and loses nothing`,
    runs,
    async fault(scene) {
      const engine = scene.stage.engines[name];
      engine.pause();
      try {
        await delay(between(scene.random, ...SHORT_MS));
      } finally {
        engine.resume();
      }
      const answer = await judgeAnswer(scene);
      // Redis may have granted a lease without an answer while it hung. It expires like a killed run's.
      if (name === 'redis') await scene.trial.halfAMinuteLater();
      await settleNext(scene, scene.child);
      return { 'answered 503': answer?.status === 503 ? 1 : 0 };
    },
  });
}

function hangingCase(task: TaskUnderFault, measured: MeasureWork, runs: Record<RunScale, number>) {
  return outageCase(task, measured, {
    name: 'firestore-hangs',
    claim:
      'a run whose Firestore hangs beyond its budget answers 503 in time, and the next run finishes its work',
    runs,
    async fault(scene) {
      const { firestore } = scene.stage.engines;
      firestore.pause();
      let answer: DeliveryAnswer | null;
      try {
        answer = await judgeAnswer(scene);
      } finally {
        firestore.resume();
      }
      await settleNext(scene, scene.child);
      return { 'answered 503': answer?.status === 503 ? 1 : 0 };
    },
  });
}

function redisLostCase(task: TaskUnderFault, measured: MeasureWork, runs: Record<RunScale, number>) {
  return outageCase(task, measured, {
    name: 'redis-killed',
    claim:
      'a run whose Redis dies and restarts empty may share its work with a second one, and no effect comes twice',
    runs,
    async fault(scene) {
      const { redis } = scene.stage.engines;
      await redis.kill();
      // Without a lease, this run works while the first one still does.
      const second = scene.trial.deliver(scene.second.url, { occurrence: scene.occurrence });
      await redis.restart();
      await judgeAnswer(scene);
      await second;
      await settleNext(scene, scene.second, true);
      return { kills: 1 };
    },
  });
}

function firestoreLostCase(task: TaskUnderFault, measured: MeasureWork, runs: Record<RunScale, number>) {
  return outageCase(task, measured, {
    name: 'firestore-killed',
    claim: 'a run whose Firestore dies answers in time, and its process works on a new one',
    runs,
    async fault(scene) {
      await scene.stage.engines.firestore.kill();
      const answer = await judgeAnswer(scene);
      await scene.stage.restartFirestore();
      await scene.trial.beginAgain(scene);
      await scene.trial.settle(scene.child.url, { occurrence: scene.trial.occurrence(1) });
      await scene.trial.judge({ overtaken: true });
      return { kills: 1, 'answered 503': answer?.status === 503 ? 1 : 0 };
    },
  });
}

/** Cases of engines that hang, die and restart during a run. */
export function outageCases(task: TaskUnderFault, measured: MeasureWork): FaultCase[] {
  return [
    pausedCase(task, measured, 'firestore', { sample: 1, full: 20 }),
    pausedCase(task, measured, 'redis', { sample: 1, full: 20 }),
    hangingCase(task, measured, { sample: 1, full: 10 }),
    redisLostCase(task, measured, { sample: 1, full: 20 }),
    firestoreLostCase(task, measured, { sample: 1, full: 10 }),
  ];
}
