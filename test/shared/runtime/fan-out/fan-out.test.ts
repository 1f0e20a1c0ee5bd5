import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONSOLE_ACCOUNT, OPERATOR, SCHEDULER_ACCOUNT } from '../../../../infra/local/environment.ts';
import { handSchedule } from '../../../../shared/domains/watch/schedule.ts';
import { openRedis } from '../../../../shared/doors/redis/redis.ts';
import { type FanOutWorld, startFanOut } from '../../../support/fan-out/fan-out.ts';
import { DEADLINE_SECONDS, graze, shearings, shearSheep, trouble } from '../../../support/sheep.ts';
import { OWN_JOB, watch } from '../../../support/watch.ts';
import { clear, dump, NOW, startWorld, type World } from '../../../support/world.ts';

let world: World;
let fan: FanOutWorld;
let tests = 0;

beforeAll(async () => {
  world = await startWorld();
  fan = await startFanOut(world, shearSheep);
});
afterAll(async () => {
  await fan?.stop();
  await world?.stop();
});
beforeEach(async () => {
  fan.disturb.with = () => null;
  fan.apiCalls.left = null;
  trouble.with = () => false;
  // Names of batches stay taken for an hour, and each test has its own hours.
  tests += 1;
  world.clock.set(new Date(NOW.getTime() + tests * 7_200_000));
  for (const { ref } of (await world.store.collection('task_runs').get()).docs)
    await world.store.recursiveDelete(ref);
  await clear(world.store, 'sheep');
  await world.redis.flushall();
});

const record = async (id: string) => (await world.store.doc(`task_runs/${id}`).get()).data();
const batches = async (id: string) => (await world.store.collection(`task_runs/${id}/batches`).get()).docs;
const seconds = (count: number) => world.clock.advance(count * 1000);

/** Delivers everything there is, retries included. */
async function settle(): Promise<void> {
  await fan.queue.tick();
  while (fan.queue.tasks().length > 0) {
    seconds(40);
    await fan.queue.tick();
  }
}

describe('a dispatched run', () => {
  it('answers with its batches, stays open, and ends with the sums of all instances', async () => {
    await graze(world.store, 8, 2);
    const { status, body } = await fan.run();
    expect([status, body]).toMatchObject([
      200,
      {
        outcome: 'dispatched',
        dispatched: { batches: 3, candidates: 8 },
        handed: { batches: 3, candidates: 8 },
        counts: { candidates: 2, acted: 0, skipped: 2, failed: 0 },
      },
    ]);
    expect(await record(body.run_id)).toMatchObject({
      outcome: 'dispatched',
      finished_at: null,
      duration_ms: null,
    });
    expect(await shearings(world.store)).toEqual(Array(10).fill(0));

    seconds(7);
    await settle();
    expect(await shearings(world.store)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    const closed = await record(body.run_id);
    expect(closed).toMatchObject({
      outcome: 'succeeded',
      complete: true,
      error: null,
      duration_ms: 7_000,
      counts: { candidates: 10, acted: 8, skipped: 2, failed: 0 },
      skipped: { black: 2 },
      tally: { fleeces: 8 },
    });
    // The dispatcher: look for earlier runs, open, look for abandoned ones, the flock, three batches, the record, the look.
    // A search ends with an empty page, which counts as a read.
    // A batch: two documents, three sheep read twice, its record, the look. Closing: the run, three batches, the record.
    expect(closed?.['cost']).toMatchObject({
      firestore_reads: 1 + (1 + 1) + (10 + 1) + 1 + (3 * 2 + 8 * 2 + 3) + (1 + 3),
      firestore_writes: 1 + 3 + 1 + (8 + 3) + 1,
      redis_commands: 2 + 3 * 2,
    });
    expect(world.logs.filter((line) => line.includes(`${body.run_id} succeeded: 8 acted`))).toHaveLength(1);
  });

  it('ends at once without calls if there is nothing to act on', async () => {
    await graze(world.store, 0, 2);
    fan.apiCalls.left = 0;
    const { body } = await fan.run();
    expect(body).toMatchObject({ outcome: 'nothing_to_do', counts: { candidates: 2, skipped: 2 } });
    expect(await record(body.run_id)).toMatchObject({ outcome: 'nothing_to_do', complete: true });
  });

  it('works in the called instance without a queue, and in a dry run', async () => {
    await graze(world.store, 4);
    const before = await dump(world.store, world.redis);
    const dry = await fan.run({ body: { dry_run: true } });
    expect(dry.body).toMatchObject({ outcome: 'succeeded', counts: { acted: 4 } });
    expect(await dump(world.store, world.redis)).toBe(before);
    const { config } = world.deps;
    world.deps.config = { ...config, tasks: undefined };
    const { body } = await fan.run();
    world.deps.config = config;
    expect(body).toMatchObject({ outcome: 'succeeded', counts: { acted: 4 }, handed: null });
    expect(fan.queue.tasks()).toEqual([]);
  });

  it('works on its candidates as they are now, and counts one that is gone as skipped', async () => {
    await graze(world.store, 4);
    const { body } = await fan.run();
    await world.store.doc('sheep/sheep-1').delete();
    await world.store.doc('sheep/sheep-2').update({ black: true });
    await settle();
    expect(await record(body.run_id)).toMatchObject({
      outcome: 'succeeded',
      counts: { candidates: 4, acted: 2, skipped: 2, failed: 0 },
      skipped: { gone: 1, black: 1 },
    });
  });

  it('is deduplicated for the same occurrence, and overlaps with another run', async () => {
    await graze(world.store, 4);
    const occurrence = world.clock();
    const first = await fan.run({ occurrence });
    expect((await fan.run({ occurrence })).body).toMatchObject({ outcome: 'deduplicated' });
    expect((await fan.run()).body).toMatchObject({ outcome: 'skipped_overlap' });
    await settle();
    expect(await record(first.body.run_id)).toMatchObject({ outcome: 'succeeded', counts: { acted: 4 } });
    expect((await fan.run()).body).toMatchObject({ outcome: 'nothing_to_do' });
  });
});

describe('deliveries that go wrong', () => {
  it('change nothing and count once if every batch is delivered twice at once', async () => {
    await graze(world.store, 8);
    fan.disturb.with = ({ attempt }) => (attempt === 1 ? 'twice' : null);
    const { body } = await fan.run();
    await settle();
    expect(await shearings(world.store)).toEqual(Array(8).fill(1));
    expect(await record(body.run_id)).toMatchObject({
      outcome: 'succeeded',
      counts: { candidates: 8, acted: 8, skipped: 0, failed: 0 },
      tally: { fleeces: 8 },
    });
  });

  it('change nothing twice without Redis', async () => {
    await graze(world.store, 8);
    fan.disturb.with = ({ attempt }) => (attempt === 1 ? 'twice' : null);
    const { redis } = world.deps;
    const nowhere = { url: 'http://127.0.0.1:1', token: 'none' };
    world.deps.redis = openRedis({ ...world.deps.config, redis: nowhere });
    const { body } = await fan.run();
    await settle();
    world.deps.redis = redis;
    expect(await shearings(world.store)).toEqual(Array(8).fill(1));
    const { counts } = (await record(body.run_id)) as { counts: Record<string, number> };
    expect(counts).toMatchObject({ candidates: 8, failed: 0 });
    expect(Number(counts['acted']) + Number(counts['skipped'])).toBe(8);
  });

  it('find a batch settled whose answer was lost', async () => {
    await graze(world.store, 4);
    fan.disturb.with = ({ attempt }) => (attempt === 1 ? 'unacknowledged' : null);
    const { body } = await fan.run();
    await settle();
    expect(await record(body.run_id)).toMatchObject({ outcome: 'succeeded', counts: { acted: 4 } });
    expect(await shearings(world.store)).toEqual([1, 1, 1, 1]);
  });

  it('lose a batch, which the next run after its deadline names and whose candidates it acts on', async () => {
    await graze(world.store, 7);
    let lost = '';
    fan.disturb.with = ({ name }) => {
      lost ||= name.split('/').pop() ?? '';
      return name.endsWith(lost) ? 'never' : null;
    };
    const first = await fan.run();
    await settle();
    expect(await record(first.body.run_id)).toMatchObject({ outcome: 'dispatched' });
    expect((await fan.run()).body).toMatchObject({ outcome: 'skipped_overlap' });

    fan.disturb.with = () => null;
    seconds(DEADLINE_SECONDS);
    const second = await fan.run();
    const left = second.body.dispatched.candidates as number;
    expect(await record(first.body.run_id)).toMatchObject({
      outcome: 'failed',
      counts: { candidates: 7, acted: 7 - left, failed: left },
      failed: { lost: left },
      lost: [lost],
      error: expect.stringMatching(`^Lost: 1 of 3 batches \\(${left} candidates\\) .*${lost}`),
    });
    await settle();
    expect(await record(second.body.run_id)).toMatchObject({ outcome: 'succeeded', counts: { acted: left } });
    expect(await shearings(world.store)).toEqual(Array(7).fill(1));
    // A late delivery finds the batch lost, and does nothing.
    const late = await fan.act({ run: first.body.run_id, batch: lost });
    expect([late.status, late.body.outcome]).toEqual([200, 'deduplicated']);
  });

  it('lose a batch, which watch-runs names after its deadline if no run follows', async () => {
    await graze(world.store, 7);
    let lost = '';
    fan.disturb.with = ({ name }) => {
      lost ||= name.split('/').pop() ?? '';
      return name.endsWith(lost) ? 'never' : null;
    };
    const { body } = await fan.run();
    await settle();
    handSchedule([OWN_JOB]);
    const deadline: Date = (await record(body.run_id))?.['dispatched'].deadline.toDate();
    world.clock.set(new Date(deadline.getTime() - 1));
    await watch(world);
    expect(await record(body.run_id)).toMatchObject({ outcome: 'dispatched' });
    world.clock.set(deadline);
    const before = await dump(world.store, world.redis);
    expect((await watch(world, { dry_run: true })).body.candidates).toMatchObject([
      { id: body.run_id, decision: 'act', reason: 'unreported' },
    ]);
    expect(await dump(world.store, world.redis)).toEqual(before);
    expect((await watch(world)).body).toMatchObject({ success: true, counts: { acted: 1 } });
    expect(await record(body.run_id)).toMatchObject({ outcome: 'failed', lost: [lost] });
    expect(world.logs.join('')).toContain(`${body.run_id} failed`);
    expect((await watch(world)).body).toMatchObject({ counts: { acted: 0 } });
  });

  it('retry failures that may heal, and count each candidate once', async () => {
    await graze(world.store, 3);
    const kicks: string[] = [];
    trouble.with = (id) => id === 'sheep-1' && kicks.push(id) < 3;
    const { body } = await fan.run();
    await fan.queue.tick();
    const [batch] = await batches(body.run_id);
    expect(batch?.data()).toMatchObject({
      state: 'open',
      left: ['sheep-1'],
      done: { counts: { candidates: 2, acted: 2, failed: 0 }, failed: {} },
    });
    await settle();
    expect(kicks).toHaveLength(3);
    expect(await record(body.run_id)).toMatchObject({
      outcome: 'succeeded',
      counts: { candidates: 3, acted: 3, failed: 0 },
      tally: { fleeces: 3 },
    });
  });

  it('fail the run if no attempt heals a candidate', async () => {
    await graze(world.store, 3);
    trouble.with = (id) => id === 'sheep-1';
    const { body } = await fan.run();
    await settle();
    expect(await record(body.run_id)).toMatchObject({
      outcome: 'failed',
      counts: { candidates: 3, acted: 2, failed: 1 },
      failed: { kicks: 1 },
    });
  });
});

describe('a dispatcher that fails', () => {
  it('is followed by its retry, which enqueues the recorded batches again and batches only the rest', async () => {
    await graze(world.store, 20);
    const occurrence = world.clock();
    fan.apiCalls.left = 3;
    const first = await fan.run({ occurrence });
    expect([first.status, first.body.outcome]).toEqual([503, 'failed']);
    const recorded = (await batches(first.body.run_id)).map(({ id }) => id);
    // Some of its batches are settled before the retry.
    await fan.queue.tick();
    fan.apiCalls.left = null;
    const second = await fan.run({ occurrence });
    expect(second.body).toMatchObject({ outcome: 'dispatched', attempt: 2 });
    const all = (await batches(first.body.run_id)).map(({ id }) => id);
    expect(all).toEqual(expect.arrayContaining(recorded));
    await settle();
    expect(await shearings(world.store)).toEqual(Array(20).fill(1));
    expect(await record(first.body.run_id)).toMatchObject({
      outcome: 'succeeded',
      counts: { candidates: 20, acted: 20, skipped: 0, failed: 0 },
      attempts: [{ attempt: 1, outcome: 'failed' }],
    });
  });
});

describe('the door of a batch', () => {
  it('opens for service callers only', async () => {
    const signed = async (email: string) => ({
      Authorization: `Bearer ${await world.issuer.googleToken({ email, audience: fan.url })}`,
    });
    const nobody = { run: 'r', batch: '0'.repeat(32) };
    for (const email of [SCHEDULER_ACCOUNT, OPERATOR])
      expect((await fan.act(nobody, await signed(email))).status).toBe(403);
    const admin = await world.issuer.userToken('admintest1', {});
    expect((await fan.act(nobody, { Authorization: `Bearer ${admin}` })).status).toBe(403);
    const secret = await fetch(`${fan.url}${shearSheep.route}/act`, {
      method: 'POST',
      headers: { 'X-Cron-Secret': world.secret },
    });
    expect(secret.status).toBe(403);
    expect((await fan.act(nobody, await signed(CONSOLE_ACCOUNT))).status).toBe(404);
  });

  it('rejects an unknown batch and never repeats a settled one', async () => {
    await graze(world.store, 2);
    const { body } = await fan.run();
    const [batch] = await batches(body.run_id);
    const order = { run: body.run_id, batch: batch?.id };
    for (const wrong of [{}, { ...order, batch: '../x' }, { ...order, more: 1 }])
      expect((await fan.act(wrong)).status).toBe(400);
    for (const unknown of [
      { ...order, run: 'a/b' },
      { ...order, batch: 'f'.repeat(32) },
    ])
      expect((await fan.act(unknown)).status).toBe(404);
    expect((await fetch(`${fan.url}${shearSheep.route}/act`)).status).toBe(405);
    await settle();
    expect((await fan.act(order)).body).toMatchObject({ outcome: 'deduplicated', counts: { candidates: 0 } });
  });

  it('answers a dry run of a batch with its decisions, and writes nothing', async () => {
    await graze(world.store, 2);
    const { body } = await fan.run();
    const [batch] = await batches(body.run_id);
    const before = await dump(world.store, world.redis);
    const dry = await fan.act({ run: body.run_id, batch: batch?.id, dry_run: true });
    expect(dry.body).toMatchObject({ outcome: 'dry_run', dry_run: true, counts: { acted: 2 } });
    expect(dry.body.candidates).toHaveLength(2);
    expect(await dump(world.store, world.redis)).toBe(before);
    expect((await batches(body.run_id))[0]?.updateTime).toEqual(batch?.updateTime);
    await settle();
  });
});
