import { Timestamp } from '@google-cloud/firestore';
import { actOnBatch, findBatch } from '../../shared/runtime/fan-out/act.ts';
import { closeIfDone, closeLate } from '../../shared/runtime/fan-out/closing.ts';
import { noSums } from '../../shared/runtime/fan-out/sums.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { shearSheep } from '../support/sheep.ts';
import type { Protocol, Trial } from './explorer.ts';
import { ModelRedis } from './model/redis.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { MINUTE_MS, START, Stage, silentLog } from './stage.ts';

const RUN = 'shear-sheep!1';
const NAMES = ['a'.repeat(32), 'b'.repeat(32)];
const SHEEP = ['s0', 's1'];

export interface BatchCast {
  /** How often each batch is delivered at once. */
  deliveries: [number, number];
  /** Runs that close the dispatched one after its deadline. */
  closers: number;
  mutate?: Mutate;
}

/** A dispatched run with two batches of one sheep each, delivered and closed at once. */
class BatchTrial implements Trial {
  readonly #stage: Stage;
  readonly #redis: ModelRedis;
  #closings = 0;

  constructor(scheduler: Scheduler, mutate?: Mutate) {
    this.#stage = new Stage(scheduler, mutate, true);
    this.#redis = new ModelRedis(
      async (label, ends) => await scheduler.stop(label, ends),
      () => this.#stage.now,
    );
    this.#stage.model.onCommit = (done) => {
      if (/task_runs\/shear-sheep!1=(?!dispatched)/.test(done)) this.#closings += 1;
    };
  }

  async open({ deliveries, closers }: BatchCast): Promise<void> {
    const deadline = Timestamp.fromMillis(START + 240_000);
    const started = Timestamp.fromMillis(START);
    const batch = (id: string) => ({ state: 'open', ids: [id], left: [id], expires_at: deadline });
    await this.#stage.seed({
      [`task_runs/${RUN}`]: {
        ...{
          task: 'shear-sheep',
          outcome: 'dispatched',
          started_at: started,
          trigger: 'secret',
          occurrence: null,
        },
        params: { dry_run: false, budget_seconds: 60 },
        dispatched: { batches: 2, candidates: 2, deadline, own: noSums() },
      },
      ...Object.fromEntries(
        NAMES.map((name, at) => [`task_runs/${RUN}/batches/${name}`, batch(SHEEP[at] ?? '')]),
      ),
      ...Object.fromEntries(SHEEP.map((id) => [`sheep/${id}`, { wool: true, shearings: 0, black: false }])),
    });
    const { scheduler } = this.#stage;
    for (const [at, count] of deliveries.entries())
      for (let nth = 1; nth <= count; nth += 1)
        scheduler.start(`batch ${at + 1}, delivery ${nth}`, () => this.#deliver(NAMES[at] ?? '', nth));
    for (let count = 1; count <= closers; count += 1)
      scheduler.start(`closer ${count}`, async () => {
        await scheduler.stop('finds the run late', ['ok']);
        await closeLate(this.#stage.model.client, RUN, this.#stage.clock());
      });
  }

  /** Cloud Tasks delivers each batch again; the next run closes what is late. */
  async recover(): Promise<void> {
    for (const name of NAMES) {
      this.#stage.now += MINUTE_MS;
      await this.#deliver(name, 3);
    }
    await closeIfDone(this.#stage.model.client, RUN, this.#stage.clock());
    this.#stage.now += 10 * MINUTE_MS;
    await closeLate(this.#stage.model.client, RUN, this.#stage.clock());
  }

  findBroken(): string[] {
    const { model } = this.#stage;
    const shearings = SHEEP.map((id) =>
      Number(model.read(`sheep/${id}`)?.fields['shearings']?.integerValue ?? 0),
    );
    const run = model.read(`task_runs/${RUN}`)?.fields ?? {};
    const counts = run['counts']?.mapValue?.fields ?? {};
    const count = (name: string) => Number(counts[name]?.integerValue ?? 0);
    const broken = this.#stage.findUnexpected();
    if (shearings.some((times) => times > 1))
      broken.push(`the sheep were shorn ${shearings.join(', ')} times`);
    if (run['outcome']?.stringValue === 'dispatched') broken.push('the run is never closed');
    if (this.#closings > 1) broken.push(`the run was closed ${this.#closings} times`);
    if (count('candidates') !== 2) broken.push(`the run counts ${count('candidates')} of 2 candidates`);
    if (count('acted') > shearings.reduce((all, times) => all + times, 0))
      broken.push('the run counts more than was shorn');
    return broken;
  }

  async #deliver(batch: string, attempt: number): Promise<void> {
    const { model, scheduler, clock } = this.#stage;
    await scheduler.stop('arrives', ['ok']);
    const config = {} as Deps['config'];
    const engines = { store: model.client, redis: this.#redis.client, config, clock, log: silentLog };
    const deps = { ...engines, random: () => 0.5, keys: () => Promise.reject(new Error('no keys')) } as Deps;
    const order = { run: RUN, batch, dry_run: false, attempt };
    await actOnBatch(await findBatch(shearSheep, order, deps), deps, {});
  }
}

/** Batches of a dispatched run, delivered twice, late, and closed by several. */
export function batchProtocol(cast: BatchCast): Protocol {
  return {
    name: `fan-out (${cast.deliveries.join(' and ')} deliveries, ${cast.closers} closer)`,
    promises: [
      'A candidate is acted on once.',
      'The run closes once, and counts each candidate once.',
      'A lost batch counts as failed, and a late delivery changes nothing.',
    ],
    async open(scheduler) {
      const trial = new BatchTrial(scheduler, cast.mutate);
      await trial.open(cast);
      return trial;
    },
  };
}
