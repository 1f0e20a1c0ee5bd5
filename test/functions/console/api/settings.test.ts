import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callJson } from '../../../support/call.ts';
import { at, session, statusOf, user } from '../../../support/presence.ts';
import { clear, dump, minutes, NOW, startWorld, type World } from '../../../support/world.ts';

const PATH = '/v1/admin/settings';
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  // After the time for which an earlier test's threshold is remembered.
  world.clock.advance(minutes(10));
  admin = await world.issuer.userToken('admintest1');
  await clear(world.store, 'settings');
});

const call = (method: string, body?: unknown, headers?: Record<string, string>) =>
  callJson(world, { token: admin, method, path: PATH, body, headers });
const put = (body: unknown, headers?: Record<string, string>) => call('PUT', body, headers);

describe('settings', () => {
  it('are the defaults if nothing was set', async () => {
    expect(await call('GET')).toMatchObject({
      status: 200,
      body: {
        presence: { online_threshold_minutes: 15, updated_at: null },
        alerts: { threshold_days: 14, repeat_hours: 24, stages: {}, updated_at: null },
        updated_at: null,
      },
    });
  });

  it('are merged: a part and a field that are not sent stay, and so do the fields of others', async () => {
    await world.store
      .doc('settings/alerts')
      .set({ threshold_days: 10, stages: { repair: { threshold_days: 3 } }, other: 1 });
    const { status, body } = await put({
      alerts: { repeat_hours: 48, stages: { quote: { threshold_days: 7 } } },
    });
    expect(status).toBe(200);
    expect(body.alerts).toMatchObject({
      threshold_days: 10,
      repeat_hours: 48,
      stages: { repair: { threshold_days: 3 }, quote: { threshold_days: 7 } },
      other: 1,
    });
    expect(body.presence.online_threshold_minutes).toBe(15);
    expect((await world.store.doc('settings/presence').get()).exists).toBe(false);
    const removed = await put({ alerts: { stages: { repair: null } } });
    expect(removed.body.alerts.stages).toEqual({ quote: { threshold_days: 7 } });
    expect((await call('GET')).body).toEqual(removed.body);
  });

  it('of watch-runs keep each address once, and lose fields that are null', async () => {
    const first = await put({
      watch: {
        operators: [' Ops@Example.test', 'ops@example.test'],
        webhook_url: 'https://hooks.example.test/x',
        paused: { 'sync-inbox': true, 'test-presence': true },
      },
    });
    expect(first.body.watch).toMatchObject({
      operators: ['ops@example.test'],
      webhook_url: 'https://hooks.example.test/x',
      locale: 'fr',
      failures_in_a_row: 3,
      paused: { 'sync-inbox': true, 'test-presence': true },
    });
    const second = await put({ watch: { webhook_url: null, paused: { 'sync-inbox': null } } });
    expect(second.body.watch).toMatchObject({ webhook_url: null, paused: { 'test-presence': true } });
    expect(second.body.watch.paused).not.toHaveProperty('sync-inbox');
  });

  it.each([
    [{ operators: ['nobody'] }, 'must be e-mail addresses'],
    [{ webhook_url: 'http://hooks.example.test/x' }, 'must be an https address'],
    [{ webhook_url: 'https://169.254.169.254/x' }, 'webhook_url: 169.254.169.254 is no public address'],
    [{ webhook_url: 'https://[fd00::1]/x' }, 'webhook_url: fd00::1 is no public address'],
    [{ webhook_url: 'https://10.0.0.1:9/x' }, 'webhook_url: 10.0.0.1 is no public address'],
    [{ locale: 'de' }, 'must be fr or en'],
    [{ failures_in_a_row: 1 }, 'must be a whole number from 2 to 20'],
    [{ paused: { 'No Task': true } }, 'paused'],
  ])('of the watchman are refused as %j', async (watch, rule) => {
    const { status, body } = await put({ watch });
    expect(status).toBe(400);
    expect(body.error.message).toContain(rule);
  });

  it('take a webhook on loopback in the local cloud only', async () => {
    const onLoopback = { watch: { webhook_url: 'https://127.0.0.1:9/x' } };
    expect((await put(onLoopback)).status).toBe(200);
    world.deps.config = { ...world.deps.config, local: false };
    const { status, body } = await put(onLoopback);
    world.reconfigure({});
    expect([status, body.error.message]).toEqual([
      400,
      expect.stringContaining('127.0.0.1 is no public address'),
    ]);
  });

  it('may be sent back as they were got', async () => {
    await put({ presence: { online_threshold_minutes: 20 } });
    const before = (await call('GET')).body;
    const { status, body } = await put(before);
    expect(status).toBe(200);
    expect(body.presence.online_threshold_minutes).toBe(20);
  });

  it.each([
    [
      { presence: { online_threshold_minutes: 3 } },
      'presence.online_threshold_minutes: must be at least 4: below three pings',
    ],
    [{ presence: { online_threshold_minutes: 1441 } }, 'at most 1440'],
    [{ presence: { online_threshold_minutes: '15' } }, 'whole number'],
    [{ presence: { online_threshold: 15 } }, 'online_threshold'],
    [{ alerts: { threshold_days: 0 } }, 'alerts.threshold_days: must be at least 1 day'],
    [{ alerts: { stages: { repair: { threshold_days: 366 } } } }, 'alerts.stages.repair.threshold_days'],
    [{ alerts: { stages: { repair: {} } } }, 'must have threshold_days or excluded; null removes the rule'],
    [{ alerts: { ticket_url: 'https://shop.example/tickets' } }, 'alerts.ticket_url: must be an address'],
    [{ alerts: { ticket_url: 'javascript:alert({id})' } }, 'alerts.ticket_url: must be an address'],
    [
      { alerts: { ticket_url: 'https://me:secret@shop.example/{id}' } },
      'alerts.ticket_url: must be an address',
    ],
    [{ mail: {} }, 'mail'],
    [[], 'not a JSON object'],
  ])('%j is refused with the reason, and nothing is written', async (body, reason) => {
    const before = await dump(world.store, world.redis);
    const refused = await put(body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain(reason);
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('a write that carries an outdated version is 409, one without is unconditional', async () => {
    const first = await put({ presence: { online_threshold_minutes: 20 } });
    const version = first.body.updated_at;
    expect(first.headers.get('etag')).toBe(`"${version}"`);
    expect(
      (await put({ presence: { online_threshold_minutes: 25 } }, { 'If-Match': `"${version}"` })).status,
    ).toBe(200);
    for (const stale of [
      put({ presence: { online_threshold_minutes: 30 }, updated_at: version }),
      put({ presence: { online_threshold_minutes: 30, updated_at: version } }),
      put({ presence: { online_threshold_minutes: 30 } }, { 'If-Match': `"${version}"` }),
    ]) {
      const { status, body } = await stale;
      expect([status, body.error.code]).toEqual([409, 'conflict']);
    }
    expect((await call('GET')).body.presence.online_threshold_minutes).toBe(25);
    expect((await put({ presence: { online_threshold_minutes: 30 } })).status).toBe(200);
  });

  it('of ten writers with the same version one wins', async () => {
    const { updated_at } = (await put({ presence: { online_threshold_minutes: 20 } })).body;
    const writers = Array.from({ length: 10 }, (_, index) =>
      put({ presence: { online_threshold_minutes: 21 + index }, updated_at }),
    );
    const all = (await Promise.all(writers)).map(({ status }) => status);
    expect(all.filter((status) => status === 200)).toHaveLength(1);
    expect(all.filter((status) => status === 409)).toHaveLength(9);
  });

  it('are for administrators and operators; 404 and 405 name the legal routes and methods', async () => {
    const tab = await session(world);
    expect((await call('GET', undefined, { Authorization: `Bearer ${tab.token}` })).status).toBe(403);
    expect((await call('GET', undefined, { Authorization: `Bearer ${world.secret}` })).status).toBe(403);
    expect((await call('GET', undefined, { Authorization: '' })).status).toBe(401);
    const operator = await world.issuer.googleToken({ email: 'operator@example.test', audience: world.url });
    expect((await call('GET', undefined, { Authorization: `Bearer ${operator}` })).status).toBe(200);
    const deleted = await call('DELETE');
    expect([deleted.status, deleted.headers.get('allow')]).toEqual([405, 'GET, PUT']);
    expect((await world.post('/v1/admin/nothing', {})).status).toBe(404);
  });
});

it('a changed threshold holds at once in this process, and in every process within seconds', async () => {
  await world.store.doc('users/usertest1').set(user());
  await world.redis.set('last_activity:usertest1', String(world.clock().getTime() - minutes(10)));
  expect(await statusOf(world)).toBe('online');
  await put({ presence: { online_threshold_minutes: 10 } });
  expect(await statusOf(world)).toBe('offline');
  await world.store.doc('settings/presence').set({ online_threshold_minutes: 20, changed_at: at(NOW) });
  world.clock.advance(5_000);
  expect(await statusOf(world)).toBe('online');
});
