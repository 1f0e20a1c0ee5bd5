import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { adminGet, at, session, statuses, statusOf, user } from '../../support/presence.ts';
import { meterRedis, type RedisMeter } from '../../support/redis-meter.ts';
import { layWire } from '../../support/wire.ts';
import { clear, minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const KEY = 'last_activity:usertest1';
const STATUSES = '/v1/admin/users/statuses';
let world: World;
const afterwards: (() => Promise<void>)[] = [];

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  for (const stop of afterwards) await stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  for (const name of ['users', 'login_history', 'settings']) await clear(world.store, name);
  await world.redis.flushall();
});

const stored = async (userId = 'usertest1') => (await world.store.doc(`users/${userId}`).get()).data();
const logins = async () =>
  (await world.store.collection('login_history').get()).docs.map((record) => record.data());

describe('a ping', () => {
  it('answers 204 and keeps the server’s instant for longer than the largest threshold', async () => {
    const tab = await session(world);
    expect(await tab.ping({ at: 1, now: '2031-01-01' })).toBe(204);
    expect(await world.redis.get(KEY)).toBe(String(NOW.getTime()));
    expect(await world.redis.pttl(KEY)).toBeGreaterThan(24 * 60 * 60_000);
  });

  it('never moves activity back', async () => {
    const tab = await session(world, 'usertest1', { iat: NOW.getTime() / 1000 - 600 });
    await tab.ping();
    world.clock.advance(-minutes(3));
    expect(await tab.ping()).toBe(204);
    expect(await world.redis.get(KEY)).toBe(String(NOW.getTime()));
  });

  it('writes Firestore when the user comes online and not again, and is one Redis command', async () => {
    const tab = await session(world);
    const meter = await meterRedis(world);
    try {
      await tab.ping();
      expect(meter.commands).toBe(1);
      const first = await world.store.doc('users/usertest1').get();
      expect(first.data()).toMatchObject({ is_online: true, role: 'user', email: 'usertest1@example.test' });
      for (let count = 0; count < 100; count += 1) {
        world.clock.advance(minutes(1));
        await tab.ping();
      }
      expect(meter.commands).toBe(101);
      expect((await world.store.doc('users/usertest1').get()).updateTime).toEqual(first.updateTime);
      world.clock.advance(minutes(15));
      await tab.ping();
      expect((await stored())?.last_activity_at.toDate()).toEqual(world.clock());
    } finally {
      await meter.stop();
    }
  });

  it('costs one Redis command and no Firestore write: 1,000 pings of 100 online users', async () => {
    const tabs = await Promise.all(
      Array.from({ length: 100 }, (_, index) => session(world, `steady-${index}`)),
    );
    const pings = () => Promise.all(tabs.map((tab) => tab.ping()));
    await pings();
    const versions = async () =>
      (await world.store.collection('users').get()).docs.map((doc) => [doc.id, doc.updateTime.valueOf()]);
    const before = await versions();
    expect(before).toHaveLength(100);
    const meter = await meterRedis(world);
    try {
      for (let minute = 0; minute < 10; minute += 1) {
        world.clock.advance(minutes(1));
        expect(new Set(await pings())).toEqual(new Set([204]));
      }
      expect(meter.commands).toBe(1_000);
    } finally {
      await meter.stop();
    }
    expect(await versions()).toEqual(before);
    expect(await logins()).toEqual([]);
  });

  it('is refused beyond PINGS_PER_MINUTE with 429 and Retry-After, in its one command, and a logout never', async () => {
    const tab = await session(world);
    const others = await session(world, 'usertest2');
    await tab.ping();
    const meter = await meterRedis(world);
    try {
      for (let count = 1; count < 120; count += 1) expect(await tab.ping()).toBe(204);
      const before = await world.redis.get(KEY);
      const refused = await world.post('/v1/activity/ping', {
        headers: { Authorization: `Bearer ${tab.token}` },
      });
      expect(refused).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } });
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(meter.commands).toBe(120);
      expect(await world.redis.get(KEY)).toBe(before);
      const versions = (await world.store.doc('users/usertest1').get()).updateTime;
      expect(await tab.login()).toBe(429);
      expect(await logins()).toEqual([]);
      expect((await world.store.doc('users/usertest1').get()).updateTime).toEqual(versions);
      expect(await others.ping()).toBe(204);
      world.clock.advance(500);
      expect([await tab.ping(), await tab.ping()]).toEqual([204, 429]);
      expect(await tab.logout()).toBe(204);
    } finally {
      await meter.stop();
    }
  });

  it('is for users only: no proof 401, a cron secret 403, a GET 405', async () => {
    const cases: [number, RequestInit][] = [
      [401, { method: 'POST' }],
      [403, { method: 'POST', headers: { 'X-Cron-Secret': world.secret } }],
      [405, { method: 'GET' }],
    ];
    for (const [status, init] of cases)
      expect((await fetch(`${world.url}/v1/activity/ping`, init)).status).toBe(status);
    const google = await world.issuer.googleToken({ email: 'operator@example.test', audience: world.url });
    const refused = await world.post('/v1/activity/ping', { headers: { Authorization: `Bearer ${google}` } });
    expect(refused.status).toBe(403);
    expect(await world.redis.dbsize()).toBe(0);
  });

  it('answers preflights of the allowed origins only', async () => {
    const preflight = (origin: string) =>
      fetch(`${world.url}/v1/activity/ping`, { method: 'OPTIONS', headers: { Origin: origin } });
    expect((await preflight(world.url)).headers.get('access-control-allow-origin')).toBe(world.url);
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('login and logout', () => {
  it('a login records itself and is the first sign of life', async () => {
    const tab = await session(world);
    const reply = await world.post('/v1/auth/login', { headers: { Authorization: `Bearer ${tab.token}` } });
    expect(reply).toMatchObject({ status: 200, body: { user_id: 'usertest1' } });
    expect(await logins()).toMatchObject([{ user_id: 'usertest1', logout_at: null }]);
    expect((await statuses(world)).usertest1).toEqual({
      user_id: 'usertest1',
      is_online: true,
      status: 'online',
      source: 'redis',
      as_of: NOW.toISOString(),
    });
    world.clock.advance(minutes(1));
    expect(await tab.login()).toBe(200);
    expect((await logins()).map((record) => record.login_at.toDate())).toEqual([NOW]);
  });

  it('a logout deletes the key, closes the record and dates the user', async () => {
    const tab = await session(world);
    await tab.login();
    world.clock.advance(minutes(2));
    expect(await tab.logout()).toBe(204);
    expect(await world.redis.exists(KEY)).toBe(0);
    const [record] = await logins();
    expect(record?.logout_at.toDate()).toEqual(world.clock());
    expect((await stored())?.logged_out_at.toDate()).toEqual(world.clock());
    expect((await stored())?.is_online).toBe(false);
    world.clock.advance(minutes(1));
    expect((await statuses(world)).usertest1).toMatchObject({
      status: 'offline',
      is_online: false,
      source: 'login_history',
    });
    expect(await tab.logout()).toBe(204);
    expect((await logins())[0]?.logout_at).toEqual(record?.logout_at);
  });

  it("another tab's ping does not bring a logged-out session back", async () => {
    const tab = await session(world);
    await tab.login();
    world.clock.advance(1_000);
    await tab.logout();
    world.clock.advance(minutes(1));
    expect(await tab.ping()).toBe(401);
    expect(await tab.login()).toBe(401);
    expect(await world.redis.exists(KEY)).toBe(0);
    expect(await statusOf(world)).toBe('offline');
  });

  it('flushing Redis brings a logged-out session back neither', async () => {
    const tab = await session(world);
    await tab.ping();
    world.clock.advance(1_000);
    await tab.logout();
    await world.redis.flushall();
    world.clock.advance(1_000);
    expect(await tab.ping()).toBe(401);
    expect(await world.redis.exists(KEY)).toBe(0);
    expect(await statusOf(world)).toBe('offline');
  });

  it.each([
    ['sid', { sid: 'one' }, { sid: 'one', origin_jti: 'x' }, true],
    ['sid before origin_jti', { sid: 'one', origin_jti: 'same' }, { sid: 'two', origin_jti: 'same' }, false],
    ['origin_jti', { origin_jti: 'one', auth_time: 1 }, { origin_jti: 'one', auth_time: 2 }, true],
    [
      'origin_jti before auth_time',
      { origin_jti: 'one', auth_time: 1 },
      { origin_jti: 'two', auth_time: 1 },
      false,
    ],
    ['auth_time', { auth_time: 1, jti: 'one' }, { auth_time: 1, jti: 'two' }, true],
    ['auth_time before iat', { auth_time: 1 }, { auth_time: 2 }, false],
    ['iat, never by jti', { jti: 'one' }, { jti: 'two' }, true],
  ])('a session is identified by %s', async (_title, one, two, same) => {
    const none = { sid: undefined, jti: undefined };
    const first = await session(world, 'usertest1', { ...none, ...one });
    const second = await session(world, 'usertest1', { ...none, ...two });
    // Both have a record, so that the instant of the logout alone refuses neither.
    await first.login();
    if (!same) await second.login();
    world.clock.advance(1_000);
    await first.logout();
    world.clock.advance(1_000);
    expect(await second.ping()).toBe(same ? 401 : 204);
  });

  it("one session's logout hides neither a live one that logged in nor one that only pings", async () => {
    const phone = await session(world);
    const desk = await session(world);
    const tablet = await session(world);
    await phone.login();
    await desk.ping();
    await tablet.ping();
    world.clock.advance(minutes(40));
    await desk.ping();
    world.clock.advance(30_000);
    await phone.ping();
    await phone.logout();
    expect(await world.redis.exists(KEY)).toBe(0);
    expect((await statuses(world)).usertest1).toMatchObject({
      status: 'online',
      as_of: new Date(world.clock().getTime() - 30_000).toISOString(),
    });
    expect(await stored()).toMatchObject({ is_online: true, logged_out_at: null });
    world.clock.advance(30_000);
    expect(await desk.ping()).toBe(204);
    expect(await phone.ping()).toBe(401);
    world.clock.advance(1_000);
    await desk.logout();
    world.clock.advance(1_000);
    expect(await statusOf(world)).toBe('offline');
    expect(await tablet.ping()).toBe(204);
  });

  it('a sign-in with a token issued after the logout opens the session again, and history stays', async () => {
    const before = await session(world, 'usertest1', { sid: 'one' });
    await before.login();
    world.clock.advance(1_000);
    await before.logout();
    world.clock.advance(minutes(1));
    const renewed = await session(world, 'usertest1', { sid: 'one' });
    expect(await renewed.ping()).toBe(401);
    expect(await renewed.login()).toBe(200);
    expect(await renewed.ping()).toBe(204);
    expect(await statusOf(world)).toBe('online');
    const ends = (await logins()).map(({ logout_at }) => logout_at?.toMillis() ?? null).sort();
    expect(ends).toEqual([NOW.getTime() + 1_000, null]);
  });
});

describe('the threshold', () => {
  it('is strict: a millisecond younger is online, exactly as old is not', async () => {
    await seed(world.store, 'users', new Map([['usertest1', user()]]));
    await world.redis.set(KEY, String(NOW.getTime() - minutes(15) + 1));
    expect(await statusOf(world)).toBe('online');
    await world.redis.set(KEY, String(NOW.getTime() - minutes(15)));
    expect((await statuses(world)).usertest1).toMatchObject({ status: 'offline', source: 'redis' });
  });

  it('without a key login_history decides, also with rows of other back ends', async () => {
    await seed(
      world.store,
      'users',
      new Map(['young', 'old', 'closed', 'cleaned', 'never'].map((id) => [id, { role: 'user' }])),
    );
    await world.store.doc('users/cleaned').update({ logged_out_at: at(NOW.getTime() - minutes(1)) });
    const login = (ago: number, more = {}) => ({ login_at: at(NOW.getTime() - minutes(ago)), ...more });
    await seed(
      world.store,
      'login_history',
      new Map<string, object>([
        ['1', { user_id: 'young', ...login(14) }],
        ['2', { user_id: 'young', ...login(300, { logout_at: at(NOW.getTime() - minutes(200)) }) }],
        ['3', { user_id: 'old', ...login(15) }],
        ['4', { user_id: 'closed', ...login(5, { logout_at: at(NOW.getTime() - minutes(2)) }) }],
        ['5', { user_id: 'cleaned', ...login(5) }],
      ]),
    );
    const of = (id: string, status: string, source: string, ago: number | null) => ({
      user_id: id,
      is_online: status === 'online',
      status,
      source,
      as_of: ago === null ? null : new Date(NOW.getTime() - minutes(ago)).toISOString(),
    });
    expect(await statuses(world)).toEqual({
      young: of('young', 'online', 'login_history', 14),
      old: of('old', 'offline', 'login_history', 15),
      closed: of('closed', 'offline', 'login_history', 2),
      cleaned: of('cleaned', 'offline', 'login_history', 1),
      never: of('never', 'offline', 'none', null),
    });
  });
});

describe('the list of statuses', () => {
  let meter: RedisMeter;
  beforeEach(async () => {
    meter = await meterRedis(world);
  });
  afterEach(() => meter.stop());

  /** 1,200 users of which every third pinged a minute ago. */
  async function crowd(): Promise<string[]> {
    const ids = Array.from({ length: 1_200 }, (_, index) => `user-${String(index).padStart(4, '0')}`);
    await seed(world.store, 'users', new Map(ids.map((id) => [id, user()])));
    const online = ids.filter((_, index) => index % 3 === 0);
    await world.redis.mset(
      Object.fromEntries(online.map((id) => [`last_activity:${id}`, String(NOW.getTime() - minutes(1))])),
    );
    return ids;
  }

  async function pages(query: string): Promise<string[][]> {
    const all: string[][] = [];
    for (let next = ''; ; ) {
      const { status, body } = await adminGet(world, `${STATUSES}?${query}${next}`);
      expect(status).toBe(200);
      all.push(body.users.map(({ user_id }: { user_id: string }) => user_id));
      if (body.next_page === null) return all;
      next = `&page=${body.next_page}`;
    }
  }

  it('comes in pages of up to a thousand, each one Redis request', async () => {
    const ids = await crowd();
    meter.reset();
    const all = await pages('limit=1000');
    expect(all.map((page) => page.length)).toEqual([1000, 200]);
    expect(all.flat()).toEqual(ids);
    expect([meter.requests, meter.commands]).toEqual([2, 2]);
    expect((await pages('limit=600')).map((page) => page.length)).toEqual([600, 600]);
    const { body } = await adminGet(world, STATUSES);
    expect(body.users).toHaveLength(50);
    expect(body).toMatchObject({ threshold_minutes: 15, degraded: false });
  });

  it('gives every user once in many of the largest pages, however fast they follow', async () => {
    const ids = Array.from({ length: 3_001 }, (_, index) => `walker-${String(index).padStart(4, '0')}`);
    await seed(world.store, 'users', new Map(ids.map((id) => [id, user()])));
    const all = await pages('limit=1000');
    expect(all.map((page) => page.length)).toEqual([1000, 1000, 1000, 1]);
    expect(all.flat()).toEqual(ids);
    await world.store.doc('users/walker-2500').delete();
    // A second walk reads the users again.
    expect((await pages('limit=1000')).flat()).toEqual(ids.filter((id) => id !== 'walker-2500'));
  });

  it('shows a user as offline who logs out between two pages', async () => {
    await crowd();
    const tab = await session(world, 'user-1100');
    await tab.login();
    await tab.ping();
    const first = await adminGet(world, `${STATUSES}?limit=1000`);
    expect(await tab.logout()).toBe(204);
    const { body } = await adminGet(world, `${STATUSES}?limit=1000&page=${first.body.next_page}`);
    const leaving = body.users.find(({ user_id }: { user_id: string }) => user_id === 'user-1100');
    expect(leaving).toMatchObject({ status: 'offline' });
  });

  it('filters by online or offline, with every user once', async () => {
    const ids = await crowd();
    const online = ids.filter((_, index) => index % 3 === 0);
    expect((await pages('status=online&limit=150')).map((page) => page.length)).toEqual([150, 150, 100]);
    expect((await pages('status=online&limit=150')).flat()).toEqual(online);
    expect((await pages('filter=offline&limit=1000')).flat()).toEqual(
      ids.filter((_, index) => index % 3 !== 0),
    );
  });

  it('finds the recent logins of a whole page, however many others log in', async () => {
    const ids = await crowd();
    const login = (id: string) => ({
      user_id: id,
      login_at: at(NOW.getTime() - minutes(3)),
      logout_at: null,
    });
    await seed(world.store, 'login_history', new Map([['one', login('user-0001')]]));
    expect((await statuses(world))['user-0001']?.status).toBe('online');
    const others = Array.from(
      { length: 2_100 },
      (_, index) => [`other-${index}`, login(`stranger-${index}`)] as const,
    );
    await seed(world.store, 'login_history', new Map(others));
    const all = await statuses(world);
    expect(all['user-0001']).toMatchObject({ status: 'online', source: 'login_history' });
    expect(Object.values(all).filter(({ status }) => status === 'online')).toHaveLength(
      ids.slice(0, 1000).filter((_, index) => index % 3 === 0).length + 1,
    );
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['status=away', 'status'],
    ['page=%00', 'page'],
    ['surprise=s3cret', 'surprise'],
  ])('%s is 400 and names the parameter', async (query, name) => {
    const { status, body } = await adminGet(world, `${STATUSES}?${query}`);
    expect(status).toBe(400);
    expect(body.error.message).toContain(name);
    expect(JSON.stringify(body)).not.toContain('s3cret');
  });

  it('is for administrators and operators', async () => {
    const tab = await session(world);
    const get = (authorization: string) =>
      fetch(world.url + STATUSES, { headers: { Authorization: authorization } }).then(({ status }) => status);
    const google = (email: string) =>
      world.issuer.googleToken({ email, audience: world.url }).then((token) => `Bearer ${token}`);
    expect(await get(`Bearer ${tab.token}`)).toBe(403);
    expect(await get(`Bearer ${world.secret}`)).toBe(403);
    expect(await get(await google('operator@example.test'))).toBe(200);
    expect(await get(await google('scheduler@ronde-local.iam.gserviceaccount.com'))).toBe(403);
  });
});

describe('with Redis away', () => {
  afterEach(() => world.redisEngine.restart());

  it('statuses answer from login_history, pings 503, and a logout still holds when Redis is back', async () => {
    const here = await session(world, 'here');
    const leaving = await session(world, 'leaving');
    for (const tab of [here, leaving]) await tab.login();
    await seed(
      world.store,
      'users',
      new Map([
        ['stranger', user({ is_online: true })],
        ['gone', user({ logged_out_at: at(NOW.getTime() - minutes(5)) })],
      ]),
    );
    await seed(
      world.store,
      'login_history',
      new Map([['1', { user_id: 'quiet', login_at: at(NOW.getTime() - minutes(60)) }]]),
    );
    await seed(world.store, 'users', new Map([['quiet', user()]]));
    await world.redisEngine.stopEngine();

    world.clock.advance(1_000);
    const asked = performance.now();
    const { status, body } = await adminGet(world, STATUSES);
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect(status).toBe(200);
    expect(body.degraded).toBe(true);
    const shown = body.users.map((one: Record<string, unknown>) => [one.user_id, one.status, one.source]);
    expect(shown).toEqual([
      ['gone', 'offline', 'login_history'],
      ['here', 'online', 'login_history'],
      ['leaving', 'online', 'login_history'],
      ['quiet', 'unknown', 'login_history'],
      ['stranger', 'unknown', 'none'],
    ]);

    const ping = await world.post('/v1/activity/ping', {
      headers: { Authorization: `Bearer ${here.token}` },
    });
    expect(ping.status).toBe(503);
    expect(Number(ping.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await leaving.logout()).toBe(204);
    world.clock.advance(1_000);
    expect((await statuses(world)).leaving).toMatchObject({ status: 'offline', source: 'login_history' });

    await world.redisEngine.restart();
    expect(await leaving.ping()).toBe(401);
    expect(await world.redis.exists('last_activity:leaving')).toBe(0);
    expect(await here.ping()).toBe(204);
    const back = await adminGet(world, STATUSES);
    expect(back.body.degraded).toBe(false);
    expect(await statusOf(world, 'here')).toBe('online');
    expect(await statusOf(world, 'leaving')).toBe('offline');
    expect(await here.login()).toBe(200);
  });

  it('a Redis that hangs does not delay an administrator, and its old data undoes no logout', async () => {
    const tab = await session(world);
    await tab.login();
    const meter = await meterRedis(world);
    try {
      meter.hang();
      // It hangs until the end of this block, so an answer here did not wait for it.
      const { body } = await adminGet(world, STATUSES);
      expect(body.degraded).toBe(true);
      world.clock.advance(1_000);
      expect(await tab.logout()).toBe(204);
    } finally {
      await meter.stop();
    }
    // Redis as it was before it hung, without the logout.
    await world.redis.flushall();
    await world.redis.set(KEY, String(NOW.getTime()));
    expect(await statusOf(world)).toBe('offline');
    world.clock.advance(1_000);
    expect(await tab.ping()).toBe(401);
  });

  it('a session that is live only in Redis is refused once Firestore is asked again, and its activity is removed', async () => {
    const tab = await session(world);
    await tab.ping();
    world.clock.advance(1_000);
    const [hash] = await world.redis.keys('presence:sessions:*');
    // Without deserialisation the client returns names and values in turn.
    const [field, live] = (await world.redis.hgetall(String(hash))) as unknown as [string, string];
    await tab.logout();
    await world.redis.hset(String(hash), { [field]: live });
    await world.redis.set(KEY, String(NOW.getTime()));
    expect(await statusOf(world)).toBe('offline');
    world.clock.advance(minutes(5));
    expect(await tab.ping()).toBe(401);
    expect(await world.redis.exists(KEY)).toBe(0);
  });
});

it('with Firestore away pings still work; a logout that cannot be kept answers 503, and holds once it can', async () => {
  const wire = await layWire(world.deps.config.firestore.emulatorHost ?? '');
  const direct = world.deps.store;
  const store = openStore({
    ...world.deps.config,
    firestore: { ...world.deps.config.firestore, emulatorHost: wire.host },
  });
  world.deps.store = store;
  try {
    const [known, fresh] = [await session(world, 'known'), await session(world, 'fresh')];
    await known.login();
    wire.cut();
    world.clock.advance(minutes(1));
    expect(await known.ping()).toBe(204);
    expect(await fresh.ping()).toBe(204);
    expect(await world.redis.mget('last_activity:known', 'last_activity:fresh')).toEqual(
      Array(2).fill(String(world.clock().getTime())),
    );
    const logout = () =>
      world.post('/v1/auth/logout', { headers: { Authorization: `Bearer ${known.token}` } });
    const refused = await logout();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await known.ping()).toBe(401);
    expect(await world.redis.exists('last_activity:known')).toBe(0);
    wire.mend();
    await expect.poll(async () => (await logout()).status, { timeout: 60_000 }).toBe(204);
    expect(await statusOf(world, 'known')).toBe('offline');
    // A later ping flags users that came online while Firestore was away.
    world.clock.advance(minutes(1));
    expect(await fresh.ping()).toBe(204);
    expect((await stored('fresh'))?.is_online).toBe(true);
  } finally {
    world.deps.store = direct;
    wire.mend();
    // Only at the end, so that waiting requests get their answers first.
    afterwards.push(async () => {
      await store.terminate();
      await wire.stop();
    });
  }
});

it('in any order of events, no logged-out user is online, and later activity takes no user offline', async () => {
  const step = fc.constantFrom('login', 'ping', 'logout', 'flush', 'wait');
  const run = fc.array(fc.tuple(fc.nat({ max: 1 }), step), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(run, async (steps) => {
      const userId = `user-${randomUUID()}`;
      const tabs = [await session(world, userId), await session(world, userId)];
      const ended = new Set<number>();
      for (const [which, act] of steps) {
        world.clock.advance(1_000);
        const tab = tabs[which];
        if (act === 'flush') await world.redis.flushall();
        else if (act === 'wait') world.clock.advance(minutes(4));
        else if (act === 'logout') {
          expect(await tab?.logout()).toBe(204);
          ended.add(which);
        } else expect((await tab?.[act]()) === 401).toBe(ended.has(which));
        const alive = (act === 'ping' || act === 'login') && !ended.has(which);
        const status = await statusOf(world, userId);
        if (alive) expect(status).toBe('online');
        if (ended.size === 2) expect(status).not.toBe('online');
      }
      await world.store.doc(`users/${userId}`).delete();
    }),
    { numRuns: 25, seed: 20260304 },
  );
});
