import { startMetadata } from '../../../infra/local/metadata.ts';
import type { Disturb } from '../../../infra/local/tasks/dispatch.ts';
import { type LocalTasks, startLocalTasks } from '../../../infra/local/tasks/tasks.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { BATCH_BACKOFF_SECONDS } from '../../../shared/runtime/fan-out/settings.ts';
import { makeQueue, QUEUE } from '../../support/fan-out/queue.ts';
import { type FrontEnd, startFrontEnd } from '../../support/front-end.ts';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultRun, type RunScale, Violation } from '../harness/plan.ts';
import type { Random } from '../harness/random.ts';
import type { FaultStage } from '../harness/stage.ts';

export const NAME = 'sync-inbox';
export const PROCESSES: Record<RunScale, number> = { sample: 2, full: 4 };
/** The share of deliveries that come twice; at least one does. */
const DOUBLED = 0.05;
/** About the time of a batch of eight small mailboxes, so that a kill hits a batch in progress. */
const KILL_WITHIN_MS = 400;
/** The first process dispatches; this one is killed during its first batch. */
const VICTIM = 1;

interface Parts {
  metadata: { stop(): Promise<void> };
  queue: LocalTasks;
  front: FrontEnd;
  clock: { aheadMs: number };
  disturbances: { kill: () => void; twice: () => void };
}

/** Several processes behind one address, a Cloud Tasks that calls it, and one dispatched run. */
export class DispatchedRun {
  kills = 0;
  doubled = 0;
  readonly #stage: FaultStage;
  readonly #processes: FunctionProcess[] = [];
  readonly #parts: { stop(): Promise<void> }[];
  readonly #front: FrontEnd;
  readonly #queue: LocalTasks;
  /** The lead of Cloud Tasks' clock. */
  readonly #clock = { aheadMs: 0 };

  private constructor(stage: FaultStage, parts: Parts) {
    this.#stage = stage;
    this.#front = parts.front;
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#parts = [parts.front, parts.queue, parts.metadata];
    parts.disturbances.kill = () => this.#kill();
    parts.disturbances.twice = () => {
      this.doubled += 1;
    };
  }

  static async begin(
    { stage, bundles, random, scale }: FaultRun,
    disturbed: boolean,
  ): Promise<DispatchedRun> {
    const clock = { aheadMs: 0 };
    const disturbances = { kill: () => {}, twice: () => {} };
    const metadata = await startMetadata(async () => 'unused');
    const queue = await startLocalTasks({
      clock: () => new Date(systemClock().getTime() + clock.aheadMs),
      signOidc: (email, audience) => stage.issuer.googleToken({ email, audience }),
      firing: true,
      disturb: disturbed ? doubleSome(random, () => disturbances.twice()) : () => null,
    });
    const kill = () => setTimeout(() => disturbances.kill(), random() * KILL_WITHIN_MS);
    const front = await startFrontEnd(disturbed ? onFirstRequest(VICTIM, kill) : undefined);
    const run = new DispatchedRun(stage, { metadata, queue, front, clock, disturbances });
    await makeQueue(queue.url, stage.environment['GOOGLE_CLOUD_PROJECT'] ?? '', {
      rateLimits: { maxConcurrentDispatches: 8 },
    });
    const environment = {
      ...stage.environment,
      ...{ TASKS_QUEUE: QUEUE, RONDE_TASKS: queue.url, RONDE_METADATA: metadata.url },
      FUNCTION_URLS: front.url,
    };
    for (let index = 0; index < PROCESSES[scale]; index += 1) {
      const child = await startFunction(NAME, bundles, environment);
      run.#processes.push(child);
      front.add(child);
    }
    return run;
  }

  #kill(): void {
    this.kills += 1;
    void this.#processes[VICTIM]?.kill();
  }

  /**
   * Dispatches a run and waits until its last batch is settled and its record closed. Returns the time of the whole
   * run and of the dispatcher.
   */
  async until(mailboxes: number, killAfterMs: number | null): Promise<{ ms: number; dispatchMs: number }> {
    const begun = performance.now();
    const occurrence = systemClock().toISOString();
    if (killAfterMs !== null) await this.#dispatchAndKill(occurrence, killAfterMs);
    const answer = await deliver(this.#front.url, this.#stage, { occurrence });
    // A dispatcher that was killed after its last write leaves nothing to repeat.
    const right = killAfterMs === null ? ['dispatched'] : ['dispatched', 'deduplicated'];
    if (!right.includes(answer?.outcome ?? ''))
      throw new Violation([`dispatcher: ${JSON.stringify(answer?.body)}`]);
    await this.#queue.idle();
    while (this.#queue.tasks().length > 0) {
      // No process works now. A remaining lease belongs to a killed process, and the back-off is skipped.
      await this.#endLeases();
      this.#clock.aheadMs += (BATCH_BACKOFF_SECONDS + 1) * 1000;
      await this.#queue.tick();
    }
    const ms = performance.now() - begun;
    const run = (await this.#stage.store().doc(`task_runs/${NAME}@${occurrence}`).get()).data();
    const { candidates, acted } = (run?.counts ?? {}) as Partial<Record<string, number>>;
    if (run?.outcome !== 'succeeded' || candidates !== mailboxes || acted !== mailboxes)
      throw new Violation([`ledger: ${JSON.stringify({ ...run, notes: undefined })}`]);
    return { ms, dispatchMs: answer?.ms ?? 0 };
  }

  /** Lets the first process dispatch and kills it. Half a minute later its leases have expired. */
  async #dispatchAndKill(occurrence: string, afterMs: number): Promise<void> {
    const [first] = this.#processes;
    if (!first) return;
    this.kills += 1;
    const timer = setTimeout(() => void first.kill(), afterMs);
    await deliver(first.url, this.#stage, { occurrence });
    clearTimeout(timer);
    await first.kill();
    await this.#queue.idle();
    await this.#endLeases();
  }

  async #endLeases(): Promise<void> {
    const { redis } = this.#stage;
    for (const lease of await redis.keys('lease:*')) await redis.pexpire(lease, 0);
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) await child.kill();
    for (const part of this.#parts) await part.stop();
  }
}

/** Doubles the first delivery and some others. */
function doubleSome(random: Random, count: () => void): Disturb {
  let seen = 0;
  return () => {
    seen += 1;
    if (seen > 1 && random() >= DOUBLED) return null;
    count();
    return 'twice';
  };
}

/** Calls back at the first request to this instance. */
function onFirstRequest(wanted: number, callback: () => void): (index: number) => void {
  let isCalled = false;
  return (index) => {
    if (index !== wanted || isCalled) return;
    isCalled = true;
    callback();
  };
}
