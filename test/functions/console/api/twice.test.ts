import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../support/followups.ts';
import { clear, minutes, NOW, seed, startWorld, type World } from '../../../support/world.ts';

const DAY = minutes(24 * 60);
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  world.smtp.clear();
  admin = await world.issuer.userToken('admintest1');
  await clearFollowups(world.store);
  for (const name of ['tickets', 'inbox_integrations', 'idempotency_keys']) await clear(world.store, name);
  await world.store.doc('billing_settings/org-1').set(settingsFields());
  const next = {
    customer: { name: 'Ada', email: 'ada@example.test' },
    next_due_at: stamp(NOW.getTime() - 1),
  };
  await seed(world.store, 'followups', new Map([['ada', followupFields(next)]]));
  const ticket = {
    number: 'T-1',
    status: 'active',
    stage: 'diagnosis',
    created_at: stamp(NOW.getTime() - DAY),
  };
  await seed(world.store, 'tickets', new Map([['t-1', ticket]]));
});

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  world.post(path, { body, headers: { Authorization: `Bearer ${admin}`, ...headers } });
const count = async (collection: string) =>
  (await world.store.collection(collection).count().get()).data().count;
const uncertain = async () => {
  await world.store.doc('followups/ada').update({
    next_due_at: null,
    parked: { reason: 'unknown_delivery', at: stamp(NOW.getTime()), due_at: null, detail: null },
  });
  const send = { state: 'unknown', message_id: '<a@b>', claimed_at: stamp(NOW.getTime()), settled_at: null };
  await world.store.doc('followups/ada/sends/1').set({ ...send, org_id: 'org-1', claim: 'x' });
};

const NEW_FOLLOWUP = {
  ...{ org_id: 'org-1', type: 'invoice', source_id: 'INV-9', source_label: 'INV-9' },
  customer: { name: 'Bob', email: 'bob@example.test' },
  ...{ amount_due: 10, currency: 'EUR', due_date: '2026-02-01T00:00:00Z' },
};
const NEW_TICKET = { number: 'T-9', device: 'Phone', stage: 'diagnosis' };
const NEW_MAILBOX = {
  ...{ org_id: 'org-1', label: 'Office', host: '127.0.0.1', port: 1, secure: false, folders: ['INBOX'] },
  auth: { method: 'password', user: 'office@example.test', password: 'x' },
};

interface Post {
  path: string;
  body: object;
  /** The statuses of the same request sent twice. */
  twice: [first: number, second: number];
  /** Prepares what the request needs. */
  before?: () => Promise<void>;
  /** The number of effects after both: documents of a collection, or mails. */
  effects?: { of: string; count: number };
  /** True if it acts on a document whose version it may name. */
  isVersioned?: true;
}

/** Every POST of the admin API but those of tasks, where occurrences and forced runs decide. */
const POSTS: Post[] = [
  { path: '/api/followups', body: NEW_FOLLOWUP, twice: [201, 200], effects: { of: 'followups', count: 2 } },
  ...['stop', 'pause', 'paid', 'cancelled'].map((action): Post => {
    return { path: `/api/followups/ada/${action}`, body: {}, twice: [200, 200], isVersioned: true };
  }),
  {
    path: '/api/followups/ada/resume',
    body: {},
    twice: [200, 200],
    before: async () => void (await post('/api/followups/ada/pause', {})),
    isVersioned: true,
  },
  {
    path: '/api/followups/ada/send',
    body: { level: 1 },
    twice: [200, 409],
    effects: { of: 'mails', count: 1 },
    isVersioned: true,
  },
  ...(['sent', 'not_sent'] as const).map((outcome): Post => {
    const path = '/api/followups/ada/settle';
    return { path, body: { outcome }, twice: [200, 409], before: uncertain, isVersioned: true };
  }),
  { path: '/v1/admin/tickets', body: NEW_TICKET, twice: [201, 200], effects: { of: 'tickets', count: 2 } },
  { path: '/v1/admin/tickets/t-1/stage', body: { stage: 'repair' }, twice: [200, 200], isVersioned: true },
  {
    path: '/api/inbox/integrations',
    body: NEW_MAILBOX,
    twice: [201, 409],
    effects: { of: 'inbox_integrations', count: 1 },
  },
  {
    path: '/tickets/alerts/test-email',
    body: { to: 'ada@example.test' },
    twice: [200, 200],
    effects: { of: 'mails', count: 2 },
  },
  { path: '/v1/admin/presence/cleanup', body: { minutes: 30 }, twice: [200, 200] },
];

const effectsOf = (of: string) => (of === 'mails' ? world.smtp.mails().length : count(of));

describe('a POST that arrives twice', () => {
  it.each(POSTS)('$path $body answers $twice', async ({ path, body, twice, before, effects }) => {
    await before?.();
    const answers = [await post(path, body), await post(path, body)];
    expect(answers.map(({ status }) => status)).toEqual(twice);
    if (effects) expect(await effectsOf(effects.of)).toBe(effects.count);
  });

  it.each(POSTS)('$path $body with an Idempotency-Key is done once and answered twice', async (one) => {
    const { path, body, twice, before, effects } = one;
    await before?.();
    const key = { 'Idempotency-Key': randomUUID() };
    const first = await post(path, body, key);
    const second = await post(path, body, key);
    expect(first.status).toBe(twice[0]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect({ status: second.status, body: second.body }).toEqual({ status: first.status, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    if (effects?.of === 'mails') expect(await effectsOf('mails')).toBe(1);
    const [kept] = (await world.store.collection('idempotency_keys').get()).docs;
    expect(JSON.stringify(kept?.data())).not.toContain(key['Idempotency-Key']);
  });

  it.each(POSTS.filter(({ isVersioned }) => isVersioned))(
    '$path $body on a stale version is 409 and changes nothing',
    async ({ path, body, before }) => {
      await before?.();
      const [, , collection = '', id = ''] = path.replace('/v1/admin/', '/api/').split('/');
      const stored = async () => (await world.store.doc(`${collection}/${id}`).get()).updateTime?.valueOf();
      const version = await stored();
      const stale = '2020-01-01T00:00:00.000000Z';
      for (const given of [
        await post(path, body, { 'If-Match': `"${stale}"` }),
        await post(path, { ...body, updated_at: stale }),
      ])
        expect(given).toMatchObject({
          status: 409,
          body: { error: { details: { updated_at: expect.any(String) } } },
        });
      expect(await stored()).toBe(version);
      expect(world.smtp.mails()).toEqual([]);
    },
  );
});

describe('an Idempotency-Key', () => {
  const send = (key: string, body: object = { level: 1 }) =>
    post('/api/followups/ada/send', body, { 'Idempotency-Key': key });

  it('with another body is 422, and with another path a new request', async () => {
    expect((await send('k')).status).toBe(200);
    expect(await send('k', { level: 2 })).toMatchObject({
      status: 422,
      body: { error: { code: 'unprocessable_content' } },
    });
    const pause = await post('/api/followups/ada/pause', {}, { 'Idempotency-Key': 'k' });
    expect(pause).toMatchObject({ status: 200, body: { id: 'ada' } });
    expect(world.smtp.mails()).toHaveLength(1);
  });

  it('of another caller is a new request', async () => {
    await send('k');
    const body = { level: 1 };
    const operator = await world.issuer.googleToken({ email: 'operator@example.test', audience: world.url });
    const headers = { Authorization: `Bearer ${operator}`, 'Idempotency-Key': 'k' };
    expect((await world.post('/api/followups/ada/send', { body, headers })).status).toBe(409);
  });

  it('sent ten times at once does it once; the others are answered the same or asked to wait', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('k')));
    expect(world.smtp.mails()).toHaveLength(1);
    for (const { status, headers } of answers)
      expect([200, 409]).toContain(status === 409 && headers.get('retry-after') === null ? 'final' : status);
    expect((await send('k')).status).toBe(200);
  });

  it('keeps a final refusal, and no failure that another attempt may heal', async () => {
    await world.store.doc('followups/ada').update({ status: 'paid' });
    expect((await send('k')).status).toBe(409);
    await world.store.doc('followups/ada').update({ status: 'open' });
    expect((await send('k')).status).toBe(409);
    world.reconfigure({ EMAIL_PAUSED: 'true' });
    expect((await send('other')).status).toBe(503);
    world.reconfigure({});
    expect((await send('other')).status).toBe(200);
  });

  it('acts again after a day, and after a request that was killed', async () => {
    const mail = () =>
      post('/tickets/alerts/test-email', { to: 'a@example.test' }, { 'Idempotency-Key': 'k' });
    expect((await mail()).status).toBe(200);
    const [key] = (await world.store.collection('idempotency_keys').get()).docs;
    await key?.ref.update({ answer: null });
    expect((await mail()).status).toBe(409);
    world.clock.advance(minutes(5));
    admin = await world.issuer.userToken('admintest1');
    expect((await mail()).status).toBe(200);
    world.clock.advance(DAY);
    admin = await world.issuer.userToken('admintest1');
    expect((await mail()).status).toBe(200);
    expect(world.smtp.mails()).toHaveLength(3);
  });

  it.each(['', 'x'.repeat(201), 'with space', 'é'])('may not be %j', async (key) => {
    expect(key === '' ? 400 : (await send(key).catch(() => ({ status: 400 }))).status).toBe(400);
  });
});

describe('sending by hand', () => {
  const send = (body: object) => post('/api/followups/ada/send', body);

  it.each([
    ['no level', {}, 400],
    ['level 0', { level: 0 }, 400],
    ['level 2 before level 1', { level: 2 }, 409],
  ])('with %s is refused', async (_title, body, status) => {
    const answer = await send(body);
    expect(answer.status).toBe(status);
    if (status === 409) expect(answer.body.error.details).toEqual({ level: 1 });
    expect(world.smtp.mails()).toEqual([]);
  });

  it('of a level that has been sent names the next one', async () => {
    await send({ level: 1 });
    expect((await send({ level: 1 })).body.error.details).toMatchObject({ level: 2, reason: 'already_sent' });
    expect(world.smtp.mails()).toHaveLength(1);
  });

  it.each([
    ['paused', { paused_until: stamp(NOW.getTime() + DAY) }],
    ['before_due_date', { due_date: stamp(NOW.getTime() + DAY) }],
    ['before_due_date', { due_date: stamp(NOW.getTime() - minutes(60)) }],
    ['min_gap', { level: 1, last_sent_at: stamp(NOW.getTime() - 1000) }],
  ])('needs a confirmation: %s', async (reason, fields) => {
    await world.store.doc('followups/ada').update(fields);
    const level = 'level' in fields ? 2 : 1;
    expect(await send({ level })).toMatchObject({ status: 409, body: { error: { details: { reason } } } });
    expect(world.smtp.mails()).toEqual([]);
    expect((await send({ level, confirm: true })).status).toBe(200);
    expect(world.smtp.mails()).toHaveLength(1);
  });
});
