import { Redis } from '@upstash/redis';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis } from '../../infra/local/redis/redis.ts';
import { localSettings } from '../../infra/local/settings.ts';
import {
  endActivity,
  forgetActivity,
  type Knowledge,
  markLoggedOut,
  readActivity,
  recordActivity,
} from '../../shared/domains/presence/activity.ts';
import { takeLease } from '../../shared/doors/redis/lease.ts';
import { requireToken, TooOften } from '../../shared/doors/redis/limit.ts';
import { ModelRedis } from './model/redis.ts';

let engine: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  engine = await startRedis({ prefer: localSettings().prefer });
});
afterAll(() => engine?.stop());

const START = Date.UTC(2026, 5, 10);
const USERS = ['U', 'V'];

const user = fc.constantFrom(...USERS);
const session = fc.constantFrom('s', 't');
const perMinute = fc.constantFrom(0, 2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant<'ping'>('ping'),
    user,
    session,
    perMinute,
    knowledge: fc.constantFrom<Knowledge[]>('as_known', 'verified', 'unverified', 'login'),
  }),
  fc.record({ kind: fc.constantFrom<('logout' | 'mark')[]>('logout', 'mark'), user, session }),
  fc.record({ kind: fc.constant<'forget'>('forget'), back: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constantFrom<('read' | 'lease' | 'release')[]>('read', 'lease', 'release') }),
  fc.record({ kind: fc.constant<'token'>('token'), user }),
);
type Step =
  | { kind: 'ping'; user: string; session: string; perMinute: number; knowledge: Knowledge }
  | { kind: 'logout'; user: string; session: string }
  | { kind: 'mark'; user: string; session: string }
  | { kind: 'forget'; back: number }
  | { kind: 'read' }
  | { kind: 'lease' }
  | { kind: 'release' }
  | { kind: 'token'; user: string };

/** One of the two Redis. Each has its own users, so that no world sees another. */
class Side {
  readonly #redis: Redis;
  readonly #world: string;
  #lease: Awaited<ReturnType<typeof takeLease>> = null;

  constructor(redis: Redis, world: string) {
    this.#redis = redis;
    this.#world = world;
  }

  /** Returns what a caller sees of a step. */
  async take(step: Step, now: number): Promise<unknown> {
    try {
      return await this.#take(step, now);
    } catch (error) {
      if (error instanceof TooOften) return { waitMs: error.waitMs };
      throw error;
    }
  }

  async #take(step: Step, now: number): Promise<unknown> {
    const redis = this.#redis;
    const of = (name: string) => `${this.#world}${name}`;
    if (step.kind === 'read') return await readActivity(redis, USERS.map(of));
    if (step.kind === 'lease') return await this.#takeLease();
    if (step.kind === 'release') return await this.#lease?.release();
    if (step.kind === 'forget') return await forgetActivity(redis, USERS.map(of), now - step.back * 60_000);
    if (step.kind === 'token') return await requireToken(redis, of(`bucket:${step.user}`), 2, now);
    const ref = { userId: of(step.user), session: step.session, issuedAt: null };
    if (step.kind === 'logout') return await endActivity(redis, ref, now);
    if (step.kind === 'mark') return await markLoggedOut(redis, ref, now);
    return await recordActivity(redis, { ...ref, perMinute: step.perMinute }, now, step.knowledge);
  }

  async #takeLease(): Promise<boolean> {
    const taken = await takeLease(this.#redis, `${this.#world}lease`, 60);
    this.#lease ??= taken;
    return taken !== null;
  }

  async end(): Promise<void> {
    await this.#lease?.release();
  }
}

const minutes = fc.constantFrom(0, 1, 4, 6);

it('the model Redis answers as redis-server does, over generated operations', async () => {
  const real = new Redis({ url: engine.url, token: engine.token, automaticDeserialization: false });
  let world = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, minutes), { minLength: 10, maxLength: 30 }), async (steps) => {
      world += 1;
      let now = START;
      // Keys live longer than a walk of this test: the clock of redis-server does not move with its instants.
      const model = new Side(
        new ModelRedis(
          async () => 'ok',
          () => START,
        ).client,
        'world-',
      );
      const server = new Side(real, `world${world}-`);
      for (const [index, [one, passed]] of steps.entries()) {
        now += passed * 60_000 + 1;
        const [expected, answer] = [await server.take(one, now), await model.take(one, now)];
        expect({ index, answer }).toEqual({ index, answer: expected });
      }
      await Promise.all([server.end(), model.end()]);
    }),
    { numRuns: 40, seed: Number(process.env.SEED ?? 1) },
  );
});
