import type { DocumentData } from '@google-cloud/firestore';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  acknowledgedPing,
  adminGet,
  at,
  session,
  statuses,
  untilServed,
  user,
} from '../../../../support/presence.ts';
import { clear, dump, minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 86_400 });
  for (const name of ['users', 'login_history', 'task_runs', 'settings']) await clear(world.store, name);
  await world.redis.flushall();
});

const post = (path: string, body: object) =>
  world.post(`/v1/admin/presence/${path}`, { body, headers: { Authorization: `Bearer ${admin}` } });
const ago = (count: number) => at(NOW.getTime() - minutes(count));
const ping = (userId: string, minutesAgo: number) =>
  world.redis.set(`last_activity:${userId}`, String(NOW.getTime() - minutes(minutesAgo)));

/** Users online in every way, a ghost, one who left, and one that only Redis knows. */
async function crowd(): Promise<void> {
  const precise = new Timestamp(Math.floor(NOW.getTime() / 1000) - 300, 123_456_000);
  await seed(
    world.store,
    'users',
    new Map<string, object>([
      ['pinging', user({ is_online: true, last_activity_at: precise, note: 'kept' })],
      ['logged-in', { role: 'user' }],
      ['ghost', { role: 'user', is_online: true }],
      ['quiet', user({ last_activity_at: ago(300), logged_out_at: ago(300) })],
    ]),
  );
  await ping('pinging', 1);
  await ping('unknown-here', 2);
  await seed(world.store, 'login_history', new Map([['1', { user_id: 'logged-in', login_at: ago(10) }]]));
}

/** The users without the mark by which the store knows its own writes. */
const documents = async (): Promise<Record<string, DocumentData>> => {
  const { docs } = await world.store.collection('users').get();
  return Object.fromEntries(
    docs.map((doc) => {
      const { write_attempt: _mark, ...fields } = doc.data();
      return [doc.id, fields];
    }),
  );
};

describe('a cleanup', () => {
  it('shows its changes in a dry run and writes nothing', async () => {
    await crowd();
    const before = await dump(world.store, world.redis);
    const { status, body } = await post('cleanup', { dry_run: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dry_run: true,
      started_at: NOW.toISOString(),
      checked_count: 4,
      cleaned_count: 0,
      would_clean_count: 4,
      alive_count: 0,
      failed: {},
    });
    expect(body.user_ids.sort()).toEqual(['ghost', 'logged-in', 'pinging', 'unknown-here']);
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('puts everyone offline, by timestamps, and a later ping wins', async () => {
    await crowd();
    const { body } = await post('cleanup', {});
    expect(body).toMatchObject({ dry_run: false, cleaned_count: 4 });
    expect(await world.redis.keys('last_activity:*')).toEqual([]);
    expect(Object.values(await statuses(world)).map(({ status }) => status)).toEqual(
      Array(4).fill('offline'),
    );
    const { pinging, ghost } = await documents();
    expect(pinging).toMatchObject({ is_online: false, last_activity_at: ago(1), note: 'kept' });
    expect(ghost).toMatchObject({ is_online: false });
    const tab = await session(world, 'pinging');
    expect(await tab.ping()).toBe(204);
    expect((await statuses(world)).pinging?.status).toBe('online');
    expect((await documents()).pinging?.is_online).toBe(true);
    expect((await post('cleanup', {})).body).toMatchObject({ cleaned_count: 0, alive_count: 1 });
  });

  it('of a dry run’s list spares users who have shown life since', async () => {
    await crowd();
    const look = await post('cleanup', { dry_run: true });
    world.clock.advance(minutes(2));
    expect(await (await session(world, 'ghost')).ping()).toBe(204);
    const { body } = await post('cleanup', { started_at: look.body.started_at });
    expect(body).toMatchObject({ cleaned_count: 3, alive_count: 1 });
    expect((await statuses(world)).ghost?.status).toBe('online');
    for (const started_at of ['2026-03-04T11:30:00.000Z', '2026-03-04T08:00:00.000Z', 'now'])
      expect((await post('cleanup', { started_at })).status).toBe(400);
  });

  it('with minutes looks at the flagged and silent only', async () => {
    await crowd();
    const { body } = await post('cleanup', { dry_run: true, minutes: 30 });
    expect(body).toMatchObject({ checked_count: 2, would_clean_count: 1, user_ids: ['ghost'] });
  });

  it('is refused while Redis is away, and changes no user', async () => {
    await crowd();
    const before = await documents();
    await world.redisEngine.stopEngine();
    try {
      const refused = await post('cleanup', {});
      expect(refused.status).toBe(503);
      expect(refused.body.error.message).toContain('Redis');
      expect(await documents()).toEqual(before);
    } finally {
      await world.redisEngine.restart();
    }
  });

  it('leaves a user alone whose fields it could not restore', async () => {
    await world.store.doc('users/odd').set({ is_online: true, last_activity_at: { of: 'another kind' } });
    const { body } = await post('cleanup', {});
    expect(body).toMatchObject({ cleaned_count: 0, failed: { cannot_be_backed_up: 1 } });
    expect((await documents()).odd?.is_online).toBe(true);
  });

  it('200 pings that race it all win', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `racer-${index}`);
    const tabs = await Promise.all(ids.map((id) => session(world, id)));
    await Promise.all(tabs.map((tab) => tab.login()));
    world.clock.advance(30_000);
    // The cleanup starts at this instant; the pings come after it, while the cleanup is under way.
    const [cleaned] = await Promise.all([
      untilServed(() => post('cleanup', {})),
      ...tabs.map(acknowledgedPing),
    ]);
    expect(cleaned.status).toBe(200);
    const all = await statuses(world);
    expect(ids.filter((id) => all[id]?.status === 'online')).toHaveLength(200);
    // The flag may follow with the next ping if Firestore was slow.
    await expect
      .poll(
        async () => {
          const stored = await documents();
          const missing = ids.flatMap((id, index) =>
            stored[id]?.is_online === true ? [] : (tabs[index] ?? []),
          );
          await Promise.all(missing.map(acknowledgedPing));
          return missing.length;
        },
        { timeout: 60_000 },
      )
      .toBe(0);
  });
});

describe('a restore', () => {
  it('restores every document to the microsecond, with absent fields absent, and the keys', async () => {
    await crowd();
    const before = { users: await documents(), statuses: await statuses(world) };
    const { backup } = (await post('cleanup', {})).body;
    expect(await documents()).not.toEqual(before.users);
    world.clock.advance(1_000);
    const dry = await post('restore', { backup, dry_run: true });
    expect(dry.body).toMatchObject({ dry_run: true, counts: { restored: 3, gone: 1 } });
    const { status, body } = await post('restore', { backup });
    expect(status).toBe(200);
    expect(body.counts).toMatchObject({ changed_since: 0, failed: 0 });
    expect(await documents()).toEqual(before.users);
    expect((await documents()).pinging?.last_activity_at.nanoseconds).toBe(123_456_000);
    expect(await statuses(world)).toEqual(before.statuses);
    expect(await world.redis.get('last_activity:unknown-here')).toBe(String(NOW.getTime() - minutes(2)));
    expect((await post('restore', { backup })).body.counts).toMatchObject({ restored: 0, unchanged: 3 });
  });

  it('does not undo what happened since', async () => {
    await crowd();
    const { backup } = (await post('cleanup', {})).body;
    world.clock.advance(minutes(1));
    const [back, leaving] = [await session(world, 'pinging'), await session(world, 'logged-in')];
    await back.ping();
    await leaving.logout();
    const since = await documents();
    const { body } = await post('restore', { backup });
    expect(body.counts).toMatchObject({ changed_since: 2 });
    const now = await documents();
    expect(now.pinging).toEqual(since.pinging);
    expect(now['logged-in']).toEqual(since['logged-in']);
    expect(now.ghost).toEqual({ role: 'user', is_online: true });
    expect(await world.redis.get('last_activity:pinging')).toBe(String(world.clock().getTime()));
  });

  it.each([
    [{}, 'backup'],
    [{ backup: { version: 2, taken_at: NOW.toISOString(), users: [] } }, 'backup.version'],
    [
      {
        backup: {
          version: 1,
          taken_at: NOW.toISOString(),
          users: [{ id: 'a', fields: { role: 'admin' }, activity: null }],
        },
      },
      'backup.users.0.fields',
    ],
  ])('%j is 400', async (body, name) => {
    const refused = await post('restore', body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain(name);
  });
});

describe('the state of presence', () => {
  it('compares flags with live keys, and reports both kinds of ghosts, stale sessions, stores and last runs', async () => {
    await crowd();
    await world.store.doc('users/logged-in').update({ is_online: true });
    await world.post('/v1/presence/clean-stale-sessions', {
      body: { minutes: 1440 },
      headers: { Authorization: `Bearer ${admin}` },
    });
    await world.store.doc('users/ghost').update({ is_online: true });
    const { status, body } = await adminGet(world, '/v1/admin/presence');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      threshold_minutes: 15,
      degraded: false,
      users: 4,
      flagged_online: 3,
      live_keys: 2,
      ghosts: {
        flagged_without_life: { count: 1, user_ids: ['ghost'] },
        alive_without_flag: { count: 1, user_ids: ['unknown-here'] },
      },
      stale: { minutes: 30, count: 1, user_ids: ['ghost'] },
      stores: { firestore: { ok: true, error: null }, redis: { ok: true, error: null } },
    });
    expect(body.last_runs).toMatchObject([
      { task: 'clean-stale-sessions', outcome: 'succeeded', error: null },
    ]);
    expect(body.last_runs[0].duration_ms).toEqual(expect.any(Number));
  });

  it('is degraded with Redis away, without guesses', async () => {
    await crowd();
    await world.redisEngine.stopEngine();
    try {
      const { status, body } = await adminGet(world, '/v1/admin/presence');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        degraded: true,
        flagged_online: 2,
        live_keys: null,
        ghosts: { flagged_without_life: null, alive_without_flag: null },
        stale: null,
        stores: { redis: { ok: false, error: expect.any(String) } },
      });
    } finally {
      await world.redisEngine.restart();
    }
  });
});
