import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forgetActivity } from '../../../shared/domains/presence/activity.ts';
import { flaggedOnline, putOffline, seenSince, seeUsers } from '../../../shared/domains/presence/offline.ts';
import { updateUnchanged } from '../../../shared/doors/store/update-unchanged.ts';
import {
  acknowledgedPing,
  at,
  session,
  statuses,
  statusOf,
  untilServed,
  user,
} from '../../support/presence.ts';
import { meterRedis } from '../../support/redis-meter.ts';
import { clear, dump, minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const ROUTE = '/v1/presence/clean-stale-sessions';
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 7 * 86_400 });
  for (const name of ['users', 'login_history', 'task_runs']) await clear(world.store, name);
  await world.redis.flushall();
});

const clean = (body: object = {}) =>
  world.post(ROUTE, { body, headers: { Authorization: `Bearer ${admin}` } });
const ago = (count: number) => at(NOW.getTime() - minutes(count));
const ping = (userId: string, minutesAgo: number) =>
  world.redis.set(`last_activity:${userId}`, String(NOW.getTime() - minutes(minutesAgo)));
const flags = async () =>
  Object.fromEntries(
    (await world.store.collection('users').get()).docs.map((doc) => [doc.id, doc.get('is_online')]),
  );

/** Every kind of user that is flagged online, and one that is not. */
async function crowd(): Promise<void> {
  const online = (last: number | null) =>
    user({ is_online: true, last_activity_at: last === null ? null : ago(last) });
  await seed(
    world.store,
    'users',
    new Map<string, object>([
      ['silent', online(90)],
      ['exactly', online(30)],
      ['nearly', user({ is_online: true, last_activity_at: at(NOW.getTime() - minutes(30) + 1) })],
      ['pinging', online(90)],
      ['logged-in', online(90)],
      ['never', { role: 'user', is_online: true }],
      ['off', user({ last_activity_at: ago(90) })],
    ]),
  );
  await ping('pinging', 1);
  await ping('silent', 45);
  await seed(world.store, 'login_history', new Map([['1', { user_id: 'logged-in', login_at: ago(10) }]]));
}

describe('cleaning stale sessions', () => {
  it('puts users offline who are flagged online and silent for that long, and no others', async () => {
    await crowd();
    const { status, body } = await clean();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      message: 'Cleaned 3 stale sessions',
      stale_count: 3,
      cleaned_count: 3,
      minutes: 30,
      outcome: 'succeeded',
      counts: { candidates: 6, acted: 3, skipped: 3, failed: 0 },
      skipped: { recent: 3 },
    });
    expect(await flags()).toEqual({
      silent: false,
      exactly: false,
      nearly: true,
      pinging: true,
      'logged-in': true,
      never: false,
      off: false,
    });
    const silent = await world.store.doc('users/silent').get();
    expect(silent.get('last_activity_at')).toEqual(ago(45));
    expect(silent.get('logged_out_at')).toBeNull();
    expect(await clean()).toMatchObject({
      body: { outcome: 'nothing_to_do', stale_count: 0, cleaned_count: 0 },
    });
  });

  it('takes minutes; a dry run decides the same and leaves both stores as they are', async () => {
    await crowd();
    const before = await dump(world.store, world.redis);
    const { body } = await clean({ dry_run: true, minutes: 60 });
    expect(body).toMatchObject({
      stale_count: 1,
      cleaned_count: 0,
      minutes: 60,
      message: 'Would clean 1 stale sessions',
    });
    const acted = body.candidates.filter((one: { decision: string }) => one.decision === 'act');
    expect(acted.map(({ id }: { id: string }) => id)).toEqual(['never']);
    expect(await dump(world.store, world.redis)).toBe(before);
    const real = await clean({ minutes: 60 });
    expect(real.body.cleaned_count).toBe(1);
  });

  it.each([[{ minutes: 0 }], [{ minutes: 1441 }], [{ minutes: 'soon' }]])('%j is 400', async (body) => {
    const refused = await clean(body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('minutes');
  });

  it('with Redis away it fails for a retry, names Redis, and changes no user', async () => {
    await crowd();
    await world.redisEngine.stopEngine();
    try {
      const { status, body } = await clean();
      expect(status).toBe(503);
      expect(body).toMatchObject({
        success: false,
        outcome: 'failed',
        cleaned_count: 0,
        counts: { failed: 6 },
      });
      expect((await flags()).silent).toBe(true);
    } finally {
      await world.redisEngine.restart();
    }
  });

  it('a cleaned user who pings again is online, in the document too', async () => {
    const tab = await session(world);
    await tab.ping();
    world.clock.advance(minutes(61));
    await clean({ minutes: 60 });
    expect((await flags()).usertest1).toBe(false);
    expect(await tab.ping()).toBe(204);
    expect((await flags()).usertest1).toBe(true);
    expect(await statusOf(world)).toBe('online');
  });
});

it('a repeated ping whose first answer was lost is found by a run under way', async () => {
  const tab = await session(world);
  await acknowledgedPing(tab);
  world.clock.advance(minutes(61));
  const before = world.clock().getTime() - minutes(60);
  // The run has read the user as stale, has deleted the old sign of life, and is about to write.
  const snapshot = await world.store.doc('users/usertest1').get();
  const { redis, store } = world;
  expect(await forgetActivity(redis, ['usertest1'], before)).toEqual([null]);
  const wire = await meterRedis(world);
  try {
    wire.loseAnswer();
    expect(await tab.ping()).toBe(503);
    expect(await tab.ping()).toBe(204);
  } finally {
    await wire.stop();
  }
  const updates = [{ snapshot: snapshot as QueryDocumentSnapshot, fields: { is_online: false } }];
  expect(await updateUnchanged(store, updates)).toEqual(['changed']);
  expect((await flags()).usertest1).toBe(true);
});

it('two runs on the same users without a lease count each user once', async () => {
  await crowd();
  const { redis, store } = world;
  const before = NOW.getTime() - minutes(30) + 1;
  const { docs } = await flaggedOnline(store).get();
  const seen = (
    await seeUsers(
      world,
      docs.map((document) => ({ id: document.id, document })),
      NOW,
    )
  ).filter((one) => !seenSince(one, before));
  const bounds = { before, loggedOut: null };
  // Both have read the users before either writes.
  const runs = [
    await putOffline({ redis, store }, seen, bounds),
    await putOffline({ redis, store }, seen, bounds),
  ];
  expect(runs).toEqual([seen.map(() => 'offline'), seen.map(() => 'already')]);
});

it('200 pings that race a run on the same users all win', async () => {
  const ids = Array.from({ length: 200 }, (_, index) => `racer-${index}`);
  const tabs = await Promise.all(ids.map((id) => session(world, id)));
  await Promise.all(tabs.map(acknowledgedPing));
  world.clock.advance(minutes(61));
  const [cleaned] = await Promise.all([
    untilServed(() => clean({ minutes: 60 })),
    ...tabs.map(acknowledgedPing),
  ]);
  expect(cleaned.status).toBe(200);
  const all = await statuses(world);
  expect(ids.filter((id) => all[id]?.status === 'online')).toHaveLength(200);
  // The flag may follow with the next ping if Firestore was slow.
  await expect
    .poll(
      async () => {
        const flagged = await flags();
        const missing = ids.flatMap((id, index) => (flagged[id] === true ? [] : (tabs[index] ?? [])));
        await Promise.all(missing.map(acknowledgedPing));
        return missing.length;
      },
      { timeout: 60_000 },
    )
    .toBe(0);
  const kept = await world.redis.mget(...ids.map((id) => `last_activity:${id}`));
  expect(kept).toEqual(ids.map(() => String(world.clock().getTime())));
});
