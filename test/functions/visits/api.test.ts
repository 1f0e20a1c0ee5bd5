import { randomUUID } from 'node:crypto';
import type { Timestamp } from '@google-cloud/firestore';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { meterRedis } from '../../support/redis-meter.ts';
import { minutes, NOW, startWorld, visit, type World } from '../../support/world.ts';

const ROUTE = '/api/v1/visits';
const DAY_MS = 24 * 60 * 60 * 1000;

let world: World;
let user: string;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  // The clock stands still, so that all tests report within one minute.
  world.reconfigure({ VISITS_PER_MINUTE: '999999' });
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  user = await world.issuer.userToken('usertest1', { ttlSeconds: 3 * 86_400 });
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 3 * 86_400 });
});

const send = (path: string, body: unknown, token = user) =>
  world.post(ROUTE + path, { body, headers: { Authorization: `Bearer ${token}` } });
const beat = (id: string, body: object = {}, token = user) => send(`/${id}/heartbeat`, body, token);
const end = (id: string, body: object = {}, token = user) => send(`/${id}/end`, body, token);
const about = (id: string, more: object = {}) => ({
  visit_id: id,
  session_id: 'tab-1',
  path: '/repairs',
  ...more,
});
const begin = (id: string, more: object = {}, token = user) => send('', about(id, more), token);

async function begun(more: object = {}): Promise<string> {
  const id = randomUUID();
  expect((await begin(id, more)).status).toBe(201);
  return id;
}

const document = (id: string) => world.store.collection('page_visits').doc(id);

/** Reads the stored visit, with its times in milliseconds since NOW. */
async function stored(id: string): Promise<Record<string, unknown> | undefined> {
  const data = (await document(id).get()).data();
  return (
    data &&
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => {
        const at = (value as Timestamp | null)?.toMillis?.();
        return [key, at === undefined ? value : at - NOW.getTime()];
      }),
    )
  );
}

/** Reads the fields and the instant of the last write, which may not change. */
async function untouched(id: string, act: () => Promise<unknown>): Promise<void> {
  const before = await document(id).get();
  await act();
  const after = await document(id).get();
  expect(after.data()).toEqual(before.data());
  expect(after.updateTime?.valueOf()).toBe(before.updateTime?.valueOf());
}

describe('start', () => {
  it('makes the visit with 201, and a replay answers 200 and changes nothing', async () => {
    const id = randomUUID();
    const body = { title: 'Repairs', referrer: 'https://example.org/' };
    expect(await begin(id, body)).toMatchObject({ status: 201, body: { visit_id: id } });
    expect(await stored(id)).toEqual({
      user_id: 'usertest1',
      session_id: 'tab-1',
      path: '/repairs',
      title: 'Repairs',
      referrer: 'https://example.org/',
      start_time: 0,
      last_activity_at: 0,
      end_time: null,
      duration_seconds: null,
      engaged_seconds: 0,
      close_reason: null,
      duration_source: null,
      closed_at: null,
    });
    world.clock.advance(5000);
    await untouched(id, async () => {
      expect(await begin(id, { ...body, path: '/other' })).toMatchObject({
        status: 200,
        body: { visit_id: id },
      });
    });
  });

  it('began elapsed_ms ago, at most a day', async () => {
    const late = await begun({ elapsed_ms: 4000, engaged_ms: 9000 });
    expect(await stored(late)).toMatchObject({ start_time: -4000, last_activity_at: 0, engaged_seconds: 4 });
    const absurd = await begun({ elapsed_ms: 1e300 });
    expect(await stored(absurd)).toMatchObject({ start_time: -DAY_MS, last_activity_at: 0 });
  });

  it('with a delayed report began age_ms ago, and was alive for elapsed_ms of it', async () => {
    const kept = await begun({ elapsed_ms: 2000, engaged_ms: 1500, age_ms: 60_000 });
    expect(await stored(kept)).toMatchObject({
      start_time: -60_000,
      last_activity_at: -58_000,
      engaged_seconds: 1.5,
      end_time: null,
    });
    const id = randomUUID();
    const report = { session_id: 'tab-1', path: '/repairs', elapsed_ms: 2000, age_ms: 30_000 };
    expect((await end(id, report)).status).toBe(201);
    expect(await stored(id)).toMatchObject({ start_time: -30_000, end_time: -28_000, duration_seconds: 2 });
    const confused = await begun({ elapsed_ms: 5000, age_ms: 1000 });
    expect(await stored(confused)).toMatchObject({ start_time: -5000, last_activity_at: 0 });
  });

  it('after the end answers 200 and leaves the visit closed', async () => {
    const id = randomUUID();
    const report = { session_id: 'tab-1', path: '/repairs', elapsed_ms: 3000, reason: 'left' };
    expect((await end(id, report)).status).toBe(201);
    await untouched(id, async () => expect((await begin(id)).status).toBe(200));
    expect(await stored(id)).toMatchObject({ start_time: -3000, end_time: 0, duration_seconds: 3 });
  });
});

it("another user's visit is not found by start, heartbeat and end, and stays as it is", async () => {
  const id = await begun();
  world.clock.advance(1000);
  await untouched(id, async () => {
    for (const reply of [
      await begin(id, {}, admin),
      await beat(id, { elapsed_ms: 500 }, admin),
      await beat(id, { session_id: 'tab-1', path: '/repairs' }, admin),
      await end(id, { elapsed_ms: 500 }, admin),
      await end(id, { session_id: 'tab-1', path: '/repairs' }, admin),
    ]) {
      expect(reply).toMatchObject({ status: 404, body: { error: { message: 'There is no such visit.' } } });
    }
    const taken = await begin(randomUUID(), { previous_visit_id: id }, admin);
    expect(taken.status).toBe(201);
  });
});

it('without a token is 401, with the cron secret 403, and a GET is 405', async () => {
  expect((await world.post(ROUTE, { body: about(randomUUID()) })).status).toBe(401);
  const cron = { Authorization: `Bearer ${world.secret}` };
  expect((await world.post(ROUTE, { body: about(randomUUID()), headers: cron })).status).toBe(403);
  expect((await fetch(world.url + ROUTE)).status).toBe(405);
});

describe('heartbeat', () => {
  it.each([
    { elapsed_ms: 20_000, at: 20_000 },
    { elapsed_ms: 60_000, at: 60_000 },
    { elapsed_ms: 61_000, at: 60_000 },
    { elapsed_ms: 1e300, at: 60_000 },
    { elapsed_ms: 0, at: 10_000 },
    { elapsed_ms: 9999, at: 10_000 },
    { elapsed_ms: undefined, at: 60_000 },
  ])('of $elapsed_ms ms a minute on, 10 s stored, moves activity to $at', async ({ elapsed_ms, at }) => {
    const id = await begun();
    world.clock.advance(10_000);
    expect((await beat(id, { elapsed_ms: 10_000 })).status).toBe(200);
    world.clock.advance(50_000);
    expect(await beat(id, { elapsed_ms })).toMatchObject({ status: 200, body: { visit_id: id } });
    expect(await stored(id)).toMatchObject({ start_time: 0, last_activity_at: at, end_time: null });
  });

  it('may come twice and out of order', async () => {
    const orders = [
      [10_000, 20_000, 30_000],
      [30_000, 10_000, 20_000, 10_000],
      [20_000, 30_000, 30_000, 10_000, 20_000],
    ];
    const results: unknown[] = [];
    for (const order of orders) {
      world.clock.set(NOW);
      const id = await begun();
      world.clock.advance(40_000);
      for (const ms of order) await beat(id, { elapsed_ms: ms + 0.7, engaged_ms: ms / 2 });
      results.push(await stored(id));
    }
    expect(results[0]).toMatchObject({ last_activity_at: 30_000, engaged_seconds: 15 });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('for an unknown id creates the visit if it has path and session_id, else is 404', async () => {
    const id = randomUUID();
    for (const body of [{}, { path: '/repairs' }, { session_id: 'tab-1' }]) {
      expect((await beat(id, body)).status).toBe(404);
      expect((await end(id, body)).status).toBe(404);
    }
    expect(await stored(id)).toBeUndefined();
    const body = { session_id: 'tab-1', path: '/repairs', elapsed_ms: 7000 };
    expect((await beat(id, body)).status).toBe(201);
    expect(await stored(id)).toMatchObject({ start_time: -7000, last_activity_at: 0, end_time: null });
    expect((await begin(id)).status).toBe(200);
    expect(await stored(id)).toMatchObject({ start_time: -7000 });
  });
});

describe('end', () => {
  it('closes with the measured duration, engaged for no longer than that', async () => {
    const id = await begun();
    world.clock.advance(90_000);
    const report = { elapsed_ms: 80_000, engaged_ms: 500_000, reason: 'logout' };
    expect(await end(id, report)).toMatchObject({ status: 200, body: { visit_id: id } });
    expect(await stored(id)).toMatchObject({
      last_activity_at: 80_000,
      end_time: 80_000,
      duration_seconds: 80,
      duration_source: 'measured',
      engaged_seconds: 80,
      close_reason: 'logout',
      closed_at: 90_000,
    });
  });

  it('is final: a second end and a late heartbeat are 409 and change nothing', async () => {
    const id = await begun();
    world.clock.advance(10_000);
    await end(id, { elapsed_ms: 10_000 });
    world.clock.advance(10_000);
    await untouched(id, async () => {
      expect((await end(id, { elapsed_ms: 20_000 })).status).toBe(409);
      expect((await beat(id, { elapsed_ms: 20_000 })).status).toBe(409);
      expect((await beat(id, { session_id: 'tab-1', path: '/repairs' })).status).toBe(409);
    });
  });

  it('of a visit with one sign of life has a duration of 0 that is inferred', async () => {
    const id = await begun();
    await end(id);
    expect(await stored(id)).toMatchObject({ end_time: 0, duration_seconds: 0, duration_source: 'inferred' });
    const unseen = randomUUID();
    await end(unseen, { session_id: 'tab-1', path: '/repairs' });
    expect(await stored(unseen)).toMatchObject({
      end_time: 0,
      duration_seconds: 0,
      duration_source: 'inferred',
    });
  });

  it('is never more than a day after the start', async () => {
    const id = await begun();
    world.clock.advance(DAY_MS + minutes(120));
    expect((await end(id, { elapsed_ms: DAY_MS + minutes(110) })).status).toBe(200);
    expect(await stored(id)).toMatchObject({
      last_activity_at: DAY_MS,
      end_time: DAY_MS,
      duration_seconds: 86_400,
    });
  });

  it.each([DAY_MS, DAY_MS + minutes(360), 1e300])(
    'of an unseen visit, %d ms old, keeps its times in agreement',
    async (elapsed_ms) => {
      const id = randomUUID();
      const report = { session_id: 'tab-1', path: '/repairs', elapsed_ms, engaged_ms: elapsed_ms };
      expect((await end(id, report)).status).toBe(201);
      expect(await stored(id)).toMatchObject({
        start_time: -DAY_MS,
        last_activity_at: 0,
        end_time: 0,
        duration_seconds: 86_400,
        engaged_seconds: 86_400,
      });
    },
  );

  it.each([0.5, 1234.567])('of an unknown visit, %d ms old, measures what it stores', async (elapsed_ms) => {
    const id = randomUUID();
    await end(id, { session_id: 'tab-1', path: '/repairs', elapsed_ms });
    const { start_time, end_time, duration_seconds } = (await stored(id)) ?? {};
    expect(Number(duration_seconds) * 1000).toBe(Number(end_time) - Number(start_time));
    expect(start_time).toBe(0 - Math.floor(elapsed_ms));
  });
});

describe('previous_visit_id', () => {
  it('closes the previous visit where the next begins', async () => {
    const first = await begun();
    world.clock.advance(30_000);
    await beat(first, { elapsed_ms: 30_000 });
    world.clock.advance(20_000);
    const next = await begun({ previous_visit_id: first, elapsed_ms: 1000 });
    expect(await stored(first)).toMatchObject({
      end_time: 49_000,
      duration_seconds: 49,
      duration_source: 'measured',
      close_reason: 'navigated',
      closed_at: 50_000,
    });
    expect(await stored(next)).toMatchObject({ start_time: 49_000, end_time: null });
    world.clock.advance(1000);
    await untouched(first, async () => {
      expect((await begin(next, { previous_visit_id: first })).status).toBe(200);
    });
  });

  it('is closed by the replay of a start whose first answer was lost', async () => {
    const first = await begun();
    world.clock.advance(5000);
    const next = await begun();
    world.clock.advance(5000);
    expect((await begin(next, { previous_visit_id: first })).status).toBe(200);
    expect(await stored(first)).toMatchObject({ end_time: 5000, close_reason: 'navigated' });
  });

  it.each([
    { silence: minutes(30), ends: minutes(32), reason: 'navigated' },
    { silence: minutes(30) + 1, ends: minutes(2), reason: 'timeout' },
  ])('after $silence ms of silence closes as $reason', async ({ silence, ends, reason }) => {
    const first = await begun();
    world.clock.advance(minutes(2));
    await beat(first, { elapsed_ms: minutes(2) });
    world.clock.advance(silence);
    await begun({ previous_visit_id: first });
    expect(await stored(first)).toMatchObject({ end_time: ends, close_reason: reason });
  });

  it('leaves the visit of another tab open, and one without a session', async () => {
    const other = await begun({ session_id: 'tab-2' });
    const bare = randomUUID();
    const { session_id: _none, ...row } = visit(5, 1);
    await document(bare).set(row);
    world.clock.advance(1000);
    for (const id of [other, bare]) {
      await untouched(id, () => begun({ previous_visit_id: id }));
    }
  });

  it('of an unknown visit, of itself, or of a closed one is harmless', async () => {
    const self = randomUUID();
    expect((await begin(self, { previous_visit_id: randomUUID() })).status).toBe(201);
    expect((await begin(self, { previous_visit_id: self })).status).toBe(200);
    expect(await stored(self)).toMatchObject({ end_time: null });
    await end(self);
    world.clock.advance(1000);
    await untouched(self, () => begun({ previous_visit_id: self }));
  });

  it('never ends a visit before a sign of life that was acknowledged', async () => {
    const first = await begun();
    world.clock.advance(20_000);
    await beat(first, { elapsed_ms: 20_000 });
    await begun({ previous_visit_id: first, elapsed_ms: 15_000 });
    expect(await stored(first)).toMatchObject({ end_time: 20_000, duration_seconds: 20 });
  });

  it('begins the next visit no earlier than the last sign of life of the one before, open or closed', async () => {
    const slow = await begun();
    world.clock.advance(20_000);
    await beat(slow, { elapsed_ms: 20_000 });
    const next = await begun({ previous_visit_id: slow, elapsed_ms: 15_000 });
    expect(await stored(slow)).toMatchObject({ end_time: 20_000, close_reason: 'navigated' });
    expect(await stored(next)).toMatchObject({ start_time: 20_000, last_activity_at: 20_000 });
    const ended = await begun();
    world.clock.advance(10_000);
    await end(ended);
    const last = await begun({ previous_visit_id: ended, elapsed_ms: 5000, engaged_ms: 5000 });
    expect(await stored(last)).toMatchObject({ start_time: 30_000, engaged_seconds: 0 });
    const foreign = await begun({ session_id: 'tab-2', previous_visit_id: ended, elapsed_ms: 5000 });
    expect(await stored(foreign)).toMatchObject({ start_time: 25_000 });
  });

  it('of a visit that reached its greatest length closes it as such', async () => {
    const first = await begun();
    world.clock.advance(DAY_MS);
    await beat(first, { elapsed_ms: DAY_MS });
    world.clock.advance(1000);
    await begun({ previous_visit_id: first });
    expect(await stored(first)).toMatchObject({ duration_seconds: 86_400, close_reason: 'max_length' });
  });

  it('two tabs that navigate side by side do not close each other’s visits', async () => {
    const tabs = ['tab-1', 'tab-2'];
    let open = await Promise.all(tabs.map((session_id) => begun({ session_id })));
    for (let page = 1; page <= 3; page += 1) {
      world.clock.advance(10_000);
      const next = await Promise.all(
        tabs.map((session_id, tab) => begun({ session_id, previous_visit_id: open[tab] })),
      );
      for (const id of open) expect(await stored(id)).toMatchObject({ duration_seconds: 10 });
      for (const id of next) expect(await stored(id)).toMatchObject({ end_time: null });
      open = next;
    }
  });
});

describe('refusals', () => {
  it.each([
    ['visit_id', { visit_id: undefined }],
    ['visit_id', { visit_id: 'not-a-uuid' }],
    ['session_id', { session_id: undefined }],
    ['session_id', { session_id: '' }],
    ['path', { path: undefined }],
    ['path', { path: 7 }],
    ['path', { path: `/${'x'.repeat(2048)}` }],
    ['title', { title: 'x'.repeat(501) }],
    ['referrer', { referrer: false }],
    ['previous_visit_id', { previous_visit_id: '../users/u1' }],
    ['elapsed_ms', { elapsed_ms: -1 }],
    ['engaged_ms', { engaged_ms: '5' }],
    ['age_ms', { age_ms: -1 }],
    ['user_id', { user_id: 'admintest1' }],
  ])('a start with a wrong %s is 400 and names it: %j', async (name, more) => {
    const id = randomUUID();
    const reply = await send('', about(id, more));
    expect(reply.status).toBe(400);
    expect(reply.body.error.message).toContain(name);
    expect(await stored(id)).toBeUndefined();
  });

  it.each([
    ['elapsed_ms', { elapsed_ms: -0.1 }],
    ['elapsed_ms', { elapsed_ms: null }],
    ['engaged_ms', { engaged_ms: true }],
    ['reason', { reason: 'timeout' }],
    ['end_time', { end_time: 0 }],
  ])('a report with a wrong %s is 400 and names it: %j', async (name, body) => {
    const id = await begun();
    await untouched(id, async () => {
      for (const reply of [await beat(id, body), await end(id, body)]) {
        expect(reply.status).toBe(400);
        expect(reply.body.error.message).toContain(name);
      }
    });
  });

  it.each(['[]', '"text"', '7', '{'])('a body of %s is 400', async (body) => {
    expect((await send('', body)).status).toBe(400);
    expect((await send(`/${randomUUID()}/end`, body)).status).toBe(400);
  });

  it.each(['/nonsense/heartbeat', '/nonsense/end', '/..%2Fusers%2Fu1/end', '/x', '/x/stop'])(
    '%s is 404',
    async (path) => {
      const reply = await send(path, { session_id: 'tab-1', path: '/repairs' });
      expect(reply.status).toBe(404);
    },
  );
});

it('a heartbeat and an end in parallel lose no activity and leave no visit open', async () => {
  const tries = 30;
  for (let index = 0; index < tries; index += 1) {
    world.clock.set(NOW);
    const known = index % 3 !== 0;
    const id = known ? await begun({ elapsed_ms: 0 }) : randomUUID();
    world.clock.advance(60_000);
    const more = known ? {} : { session_id: 'tab-1', path: '/repairs' };
    const alive = () => beat(id, { ...more, elapsed_ms: 50_000 });
    const left = () => end(id, { ...more, elapsed_ms: 40_000 });
    const [first, second] = index % 2 === 0 ? [alive, left] : [left, alive];
    const replies = await Promise.all([first(), second()]);
    const [heard, ended] = index % 2 === 0 ? replies : [replies[1], replies[0]];
    const after = (await stored(id)) ?? {};
    expect([200, 201]).toContain(ended.status);
    expect([200, 201, 409]).toContain(heard.status);
    expect(after.end_time).not.toBeNull();
    expect(after.end_time).toBe(after.last_activity_at);
    expect(Number(after.end_time) - Number(after.start_time)).toBe(Number(after.duration_seconds) * 1000);
    if (known) expect(after.end_time).toBe(heard.status === 409 ? 40_000 : 50_000);
  }
});

describe('a user who reports too often', () => {
  const flood = (count: number, token = user) =>
    Promise.all(Array.from({ length: count }, () => begin(randomUUID(), {}, token)));
  const statusesOf = (replies: readonly { status: number }[]) =>
    Object.fromEntries(
      [201, 429].map((status) => [status, replies.filter((one) => one.status === status).length]),
    );
  let hour = 0;
  beforeEach(() => {
    // Each test has minutes of its own.
    hour += 1;
    world.clock.advance(hour * minutes(60));
    world.reconfigure({ VISITS_PER_MINUTE: '60' });
  });
  afterEach(() => world.reconfigure({ VISITS_PER_MINUTE: '999999' }));

  it('gets 429 with Retry-After, and nothing is written; the others are served', async () => {
    const before = (await world.store.collection('page_visits').count().get()).data().count;
    // The process itself lets 30 reports pass.
    expect(statusesOf(await flood(120))).toEqual({ 201: 90, 429: 30 });
    const after = (await world.store.collection('page_visits').count().get()).data().count;
    expect(after - before).toBe(90);
    const refused = await begin(randomUUID());
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(statusesOf(await flood(5, admin))).toEqual({ 201: 5, 429: 0 });
    world.clock.advance(1_000);
    expect(statusesOf(await flood(3))).toEqual({ 201: 1, 429: 2 });
  });

  it('is served if Redis is away', async () => {
    const meter = await meterRedis(world);
    await meter.stop();
    world.deps.redis = meter.redis;
    expect(statusesOf(await flood(120))).toEqual({ 201: 120, 429: 0 });
    world.deps.redis = world.redis;
  });

  it('is not one with twenty tabs, each with its heartbeats and a navigation: no command of Redis is needed', async () => {
    world.reconfigure({ VISITS_PER_MINUTE: undefined });
    const meter = await meterRedis(world);
    const visits = await Promise.all(Array.from({ length: 20 }, () => begun()));
    world.clock.advance(60_000);
    for (let minute = 0; minute < 3; minute += 1) {
      world.clock.advance(60_000);
      const replies = await Promise.all(visits.map((id) => beat(id, { elapsed_ms: 60_000 })));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    }
    expect(meter.commands).toBe(0);
    world.clock.advance(60_000);
    const busy = await Promise.all(visits.flatMap((id) => [end(id), begun(), begun(), begun()]));
    expect(busy).toHaveLength(80);
    await meter.stop();
  });
});

it('logs no token', async () => {
  await send('', '{');
  await world.post(ROUTE, { body: {}, headers: { Authorization: 'Bearer nothing.of.value' } });
  const lines = world.logs.join('');
  expect(lines).not.toContain('nothing.of.value');
  for (const token of [user, admin, world.secret]) {
    expect(lines).not.toContain(token);
    expect(lines).not.toContain(token.split('.').at(-1));
  }
});
