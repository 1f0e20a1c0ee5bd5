import { FieldValue } from '@google-cloud/firestore';
import { updateUnchanged } from '../../shared/doors/store/update-unchanged.ts';
import { openContext } from '../../shared/runtime/context.ts';
import type { RunRequest } from '../../shared/runtime/request.ts';
import { realRun } from '../../shared/runtime/run.ts';
import type { Deps, Task } from '../../shared/runtime/task.ts';
import type { Protocol, Trial } from './explorer.ts';
import { ModelRedis, type RedisMutation } from './model/redis.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { MINUTE_MS, START, Stage, silentLog } from './stage.ts';

const RUN = `chore@${new Date(START).toISOString()}`;
const RECORD = `task_runs/${RUN}`;
const SHEEP = ['sheep/a', 'sheep/b'];

/** How many of each party take part, and what a mutant leaves out. */
export interface LedgerCast {
  deliveries: number;
  minutes: number;
  mutate?: Mutate;
  redis?: RedisMutation;
}

interface Types {
  params: Record<never, never>;
  candidate: { id: string };
  run: undefined;
  facts: undefined;
  reason: 'woolly' | 'shorn';
  plan: undefined;
}

/** One occurrence of a small task that is delivered several times: the real lease, ledger and pipeline. */
class LedgerTrial implements Trial {
  readonly #stage: Stage;
  readonly #redis: ModelRedis;
  readonly #cast: LedgerCast;
  #working = 0;
  #hasOverlapped = false;
  #isRedisWhole = true;

  constructor(scheduler: Scheduler, cast: LedgerCast) {
    this.#cast = cast;
    this.#stage = new Stage(scheduler, cast.mutate);
    const arrange: ConstructorParameters<typeof ModelRedis>[0] = async (label, ends) => {
      const end = await scheduler.stop(label, ends);
      if (end !== 'ok') this.#isRedisWhole = false;
      return end;
    };
    this.#redis = new ModelRedis(arrange, () => this.#stage.now, cast.redis);
  }

  async open(): Promise<void> {
    await this.#stage.seed(Object.fromEntries(SHEEP.map((path) => [path, { wool: true, shearings: 0 }])));
    for (let count = 1; count <= this.#cast.deliveries; count += 1)
      this.#stage.scheduler.start(`delivery ${count}`, () => this.#deliver());
    for (let count = 1; count <= this.#cast.minutes; count += 1) this.#stage.startMinute(`minute ${count}`);
  }

  /** Cloud Scheduler delivers the occurrence again, after the lease of a killed run. */
  async recover(): Promise<void> {
    for (let retry = 1; retry <= 2; retry += 1) {
      this.#stage.now += MINUTE_MS;
      await this.#deliver();
    }
  }

  findBroken(): string[] {
    const { model, scheduler } = this.#stage;
    const shearings = SHEEP.map((path) => Number(model.read(path)?.fields['shearings']?.integerValue ?? 0));
    const fields = model.read(RECORD)?.fields ?? {};
    const earlier = (fields['attempts']?.arrayValue?.values ?? []).map((one) => one.mapValue?.fields ?? {});
    const attempts = [...earlier, fields];
    const numbers = attempts.map((one) => Number(one['attempt']?.integerValue ?? 0));
    const mayOverlap = !this.#isRedisWhole || this.#cast.minutes > 0;
    const isKilled = scheduler.parties.some(({ state }) => state === 'dead');
    const allEnded = scheduler.parties.every(({ state, error }) => state === 'done' && error === null);
    const acted = attempts.map((one) =>
      Number(one['counts']?.mapValue?.fields?.['acted']?.integerValue ?? 0),
    );
    const sum = acted.reduce((all, one) => all + one, 0);
    const outcomes = attempts.map((one) => one['outcome']?.stringValue ?? 'open');
    const broken = this.#stage.findUnexpected();
    if (shearings.some((count) => count !== 1))
      broken.push(`the sheep were shorn ${shearings.join(', ')} times`);
    if (!['succeeded', 'nothing_to_do'].includes(outcomes.at(-1) ?? ''))
      broken.push(`the record is left ${outcomes.at(-1)}`);
    if (numbers.some((number, index) => number !== index + 1))
      broken.push(`attempts are ${numbers.join(', ')}`);
    if (sum > SHEEP.length || (allEnded && sum !== SHEEP.length))
      broken.push(`the attempts count ${sum} sheep of ${SHEEP.length}`);
    if (allEnded && !mayOverlap && outcomes.includes('abandoned'))
      broken.push('an attempt that nobody killed is recorded as abandoned');
    if (this.#hasOverlapped && !isKilled && !mayOverlap) broken.push('two runs worked at once');
    if (this.#redis.hasTakenFromHolder)
      broken.push('a lease was released or renewed by another than its holder');
    return broken;
  }

  async #deliver(): Promise<void> {
    const { model, scheduler, clock } = this.#stage;
    await scheduler.stop('arrives', ['ok']);
    const config = {} as Deps['config'];
    const engines = { store: model.client, redis: this.#redis.client, config, clock, log: silentLog };
    const deps = { ...engines, random: () => 0.5, keys: () => Promise.reject(new Error('no keys')) } as Deps;
    const request: RunRequest = {
      identity: { id: RUN, occurrence: new Date(START) },
      trigger: 'scheduler',
      requestedBy: null,
      params: { dry_run: false, budget_seconds: 60 },
    };
    await realRun(this.#task(), request, openContext(deps, request));
  }

  #task(): Task<Types> {
    const { model } = this.#stage;
    const flock = () => model.client.collection('sheep').where('wool', '==', true);
    return {
      ...{
        name: 'chore',
        route: '/chore',
        methods: ['POST'],
        params: {},
        language: 'en',
        onOverlap: 'retry',
      },
      ...{ budgetSeconds: 60, batchSize: 2, concurrency: 1 },
      async *find() {
        for (const one of (await flock().get()).docs) yield one;
      },
      decide: () => ({ act: true, reason: 'woolly' }),
      act: async (decided, _run, { store }) => {
        this.#working += 1;
        this.#hasOverlapped ||= this.#working > 1;
        const updates = decided.map(({ candidate }) => ({
          snapshot: candidate as FirebaseFirestore.QueryDocumentSnapshot,
          fields: { wool: false, shearings: FieldValue.increment(1) },
        }));
        const results = await updateUnchanged(store, updates);
        this.#working -= 1;
        return results.map((result) => {
          if (result === 'updated') return { outcome: 'acted' };
          if (result === 'changed') return { outcome: 'skipped', reason: 'shorn' };
          return { outcome: 'failed', reason: 'store_14', retry: true };
        });
      },
      reply: () => ({}),
    };
  }
}

/** One occurrence that arrives several times: lease, ledger, effects and retry. */
export function ledgerProtocol(cast: LedgerCast): Protocol {
  return {
    name: `ledger and lease (${cast.deliveries} deliveries, ${cast.minutes} minute)`,
    promises: [
      'Each effect happens once, and the attempts count it at most once.',
      'The record ends, by a retry at the latest; attempts are numbered without a gap.',
      'No attempt that nobody killed is recorded as killed.',
      'Two runs work at once only if Redis failed or a lease expired.',
    ],
    async open(scheduler) {
      const trial = new LedgerTrial(scheduler, cast);
      await trial.open();
      return trial;
    },
  };
}
