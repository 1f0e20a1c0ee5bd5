import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callJson } from '../../../../support/call.ts';
import { at } from '../../../../support/presence.ts';
import { clear, dump, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const PATH = '/v1/admin/tickets';
const DAY_MS = 86_400_000;
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 400 * 86_400 });
  const { docs } = await world.store.collectionGroup('events').get();
  await Promise.all(docs.map(({ ref }) => ref.delete()));
  for (const name of ['tickets', 'settings']) await clear(world.store, name);
});

const call = (method: string, path = '', body?: unknown, headers?: Record<string, string>) =>
  callJson(world, { token: admin, method, path: PATH + path, body, headers });
const create = async (more: object = {}) =>
  (await call('POST', '', { number: 'R-1', device: 'Phone', stage: 'diagnosis', ...more })).body;
const daysAgo = (days: number) => at(NOW.getTime() - days * DAY_MS);
const stored = (days: number, more: object = {}) => ({
  number: `R-${days}`,
  device: 'Phone',
  status: 'active',
  stage: 'diagnosis',
  stage_entered_at: daysAgo(days),
  created_at: daysAgo(days + 5),
  ...more,
});
const fill = (documents: Record<string, object>) =>
  seed(world.store, 'tickets', new Map(Object.entries(documents)));
const events = async (id: string) =>
  (await world.store.collection(`tickets/${id}/events`).orderBy('at').get()).docs.map((doc) => doc.data());

/** Reads all ids of a list, page after page. */
async function all(query: string): Promise<string[]> {
  const ids: string[] = [];
  let page = '';
  do {
    const { status, body } = await call('GET', `?${query}${page}`);
    expect(status).toBe(200);
    ids.push(...body.items.map(({ id }: { id: string }) => id));
    page = body.next_page === null ? '' : `&page=${body.next_page}`;
  } while (page);
  return ids;
}

describe('a ticket', () => {
  it('takes a person and a snooze, and counts from its reopening', async () => {
    await fill({
      t: stored(60, { status: 'closed' }),
      undated: { ...stored(60), stage_entered_at: null, created_at: '2020-01-01' },
    });
    const patch = async (fields: object) => (await call('PATCH', '/t', fields)).body;
    expect(await patch({ status: 'active', assignee: 'Ada' })).toMatchObject({
      assignee: 'Ada',
      reopened_at: NOW.toISOString(),
      delay: { since: NOW.toISOString(), source: 'reopened_at', late: false, reason: 'within_threshold' },
    });
    expect((await patch({ status: 'active' })).reopened_at).toBe(NOW.toISOString());
    world.clock.set(new Date(NOW.getTime() + 15 * DAY_MS));
    expect((await patch({})).delay).toMatchObject({ late: true, days_in_stage: 15 });
    const until = new Date(NOW.getTime() + 16 * DAY_MS).toISOString();
    expect(await patch({ snoozed_until: until })).toMatchObject({
      snoozed_until: until,
      delay: { late: false, reason: 'snoozed' },
    });
    expect((await patch({ snoozed_until: null })).delay).toMatchObject({ late: true });
    expect((await call('PATCH', '/t', { snoozed_until: 'tomorrow' })).body.error.message).toContain(
      'snoozed_until: must be an instant with its offset',
    );
    expect((await call('GET', '/undated')).body.delay).toMatchObject({
      since: null,
      late: false,
      reason: 'no_date',
    });
  });

  it('is created in its first stage, with its event', async () => {
    const { status, body, headers } = await call('POST', '', {
      number: ' R-7 ',
      device: 'Écran <b>',
      stage: 'diagnosis',
    });
    expect(status).toBe(201);
    expect(headers.get('etag')).toBe(`"${body.updated_at}"`);
    expect(body).toMatchObject({
      number: 'R-7',
      device: 'Écran <b>',
      customer_name: null,
      status: 'active',
      stage: 'diagnosis',
      created_at: NOW.toISOString(),
      stage_entered_at: NOW.toISOString(),
      delay: {
        since: NOW.toISOString(),
        source: 'stage_entered_at',
        days_in_stage: 0,
        threshold_days: 14,
        late: false,
        reason: 'within_threshold',
      },
    });
    expect(await events(body.id)).toEqual([
      { type: 'stage_changed', from: null, to: 'diagnosis', at: at(NOW), by: 'admintest1' },
    ]);
    expect((await call('GET', `/${body.id}`)).body).toEqual(body);
  });

  it.each([
    [{ number: 'R-1\r\nBcc: all@example.test' }, 'number: must be a text of 1 to 100 characters on one line'],
    [{ customer_name: 'Ada\nBcc: x' }, 'customer_name: must be'],
    [{ device: 'a\u2028b' }, 'device: must be'],
    [{ stage: '' }, 'stage: must be'],
    [{ stage: '__name__' }, 'stage: must be the name of a stage'],
    [{ status: 'open' }, 'status: must be active, closed or cancelled'],
    [{ number: 7 }, 'number: must be'],
    [{ created_at: '2020-01-01T00:00:00Z' }, 'created_at: is unknown here'],
  ])('%j is refused with the reason, and nothing is written', async (more, reason) => {
    const before = await dump(world.store, world.redis);
    const { status, body } = await call('POST', '', {
      number: 'R-1',
      device: 'x',
      stage: 'repair',
      ...more,
    });
    expect(status).toBe(400);
    expect(body.error.message).toContain(reason);
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('is changed field by field; its stage is not changed that way', async () => {
    const { id } = await create();
    await world.store.doc(`tickets/${id}`).update({ other: 'kept' });
    const { status, body } = await call('PATCH', `/${id}`, { status: 'closed', customer_name: '<i>Ada</i>' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'closed',
      customer_name: '<i>Ada</i>',
      number: 'R-1',
      other: 'kept',
      delay: { late: false, reason: 'not_active' },
    });
    const refused = await call('PATCH', `/${id}`, { stage: 'repair' });
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('use POST /v1/admin/tickets/{id}/stage');
  });

  it('a write that carries an outdated version is 409, in the body and as If-Match', async () => {
    const { id, updated_at: version } = await create();
    expect((await call('PATCH', `/${id}`, { device: 'A', updated_at: version })).status).toBe(200);
    for (const stale of [
      await call('PATCH', `/${id}`, { device: 'B', updated_at: version }),
      await call('PATCH', `/${id}`, { device: 'B' }, { 'If-Match': `"${version}"` }),
      await call('POST', `/${id}/stage`, { stage: 'repair', updated_at: version }),
      await call('POST', `/${id}/stage`, { stage: 'repair' }, { 'If-Match': `"${version}"` }),
    ])
      expect([stale.status, stale.body.error.code]).toEqual([409, 'conflict']);
    const { body } = await call('GET', `/${id}`);
    expect([body.device, body.stage, body.events.length]).toEqual(['A', 'diagnosis', 1]);
  });

  it('that does not exist is 404 on every route, and is not created', async () => {
    const before = await dump(world.store, world.redis);
    expect((await call('GET', '/nothing')).status).toBe(404);
    expect((await call('PATCH', '/nothing', { device: 'A' })).status).toBe(404);
    expect((await call('POST', '/nothing/stage', { stage: 'repair' })).status).toBe(404);
    expect(await dump(world.store, world.redis)).toBe(before);
  });
});

describe('a change of stage', () => {
  it('writes stage, instant and event together', async () => {
    const { id } = await create();
    world.clock.advance(DAY_MS);
    const { status, body } = await call('POST', `/${id}/stage`, { stage: 'repair' });
    expect(status).toBe(200);
    const now = world.clock();
    expect(body).toMatchObject({ changed: true, stage: 'repair', stage_entered_at: now.toISOString() });
    expect(await events(id)).toMatchObject([
      { from: null, to: 'diagnosis' },
      { type: 'stage_changed', from: 'diagnosis', to: 'repair', at: at(now), by: 'admintest1' },
    ]);
  });

  it('into the same stage changes nothing, as the answer says', async () => {
    const { id, updated_at } = await create();
    world.clock.advance(DAY_MS);
    const { status, body } = await call('POST', `/${id}/stage`, { stage: 'diagnosis' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ changed: false, updated_at, stage_entered_at: NOW.toISOString() });
    expect(body.message).toContain('already');
    expect(await events(id)).toHaveLength(1);
  });

  it('in parallel with others: each has its event, one leads to the next, and the last one stands', async () => {
    const { id } = await create();
    const stages = ['repair', 'parts', 'quote', 'test'];
    const replies = await Promise.all(stages.map((stage) => call('POST', `/${id}/stage`, { stage })));
    expect(replies.map(({ status }) => status)).toEqual(stages.map(() => 200));
    const chain = await events(id);
    expect(chain.map(({ to }) => to).sort()).toEqual(['diagnosis', ...stages].sort());
    expect(chain.slice(1).map(({ from }) => from)).toEqual(chain.slice(0, -1).map(({ to }) => to));
    const ticket = (await world.store.doc(`tickets/${id}`).get()).data();
    expect(ticket).toMatchObject({ stage: chain.at(-1)?.to, stage_entered_at: chain.at(-1)?.at });
  });
});

describe('the delay of a ticket', () => {
  it('names its source', async () => {
    const { stage_entered_at: _, ...bare } = stored(20, { stage: 'repair' });
    await fill({ field: stored(3), events: bare, creation: bare });
    await seed(
      world.store,
      'tickets/events/events',
      new Map([
        ['1', { type: 'stage_changed', from: null, to: 'repair', at: daysAgo(18) }],
        ['2', { type: 'stage_changed', from: 'repair', to: 'parts', at: daysAgo(17) }],
        ['3', { type: 'stage_changed', from: 'parts', to: 'repair', at: daysAgo(16) }],
        ['4', { type: 'note', to: 'repair', at: daysAgo(1) }],
      ]),
    );
    const { body } = await call('GET');
    const delays = Object.fromEntries(
      body.items.map((each: { id: string; delay: object }) => [each.id, each.delay]),
    );
    expect(delays.field).toMatchObject({ source: 'stage_entered_at', days_in_stage: 3, late: false });
    expect(delays.events).toMatchObject({ source: 'events', days_in_stage: 16, late: true });
    expect(delays.creation).toMatchObject({ source: 'created_at', days_in_stage: 25, late: true });
  });

  it('is judged by the threshold of its stage; 14 d 0 s is not late', async () => {
    await world.store.doc('settings/alerts').set({ stages: { parts: { threshold_days: 30 } } });
    await fill({ edge: stored(14), parts: stored(20, { stage: 'parts' }), late: stored(15) });
    const { body } = await call('GET', '/edge');
    expect(body.delay).toMatchObject({ days_in_stage: 14, late: false, late_after: NOW.toISOString() });
    expect((await call('GET', '/parts')).body.delay).toMatchObject({ threshold_days: 30, late: false });
    expect(await all('late=true')).toEqual(['late']);
    world.clock.advance(1);
    expect(await all('late=true')).toEqual(['late', 'edge']);
  });
});

describe('the list of tickets', () => {
  it('is filtered by status, stage and lateness, oldest first', async () => {
    await fill({
      a: stored(30),
      b: stored(20, { status: 'closed' }),
      c: stored(16, { stage: 'parts' }),
      d: stored(2),
      hostile: stored(1, { number: '<script>\r\nBcc: x', customer_name: '\u202e"&' }),
    });
    expect(await all('')).toEqual(['a', 'b', 'c', 'd', 'hostile']);
    expect(await all('status=closed')).toEqual(['b']);
    expect(await all('stage=parts')).toEqual(['c']);
    expect(await all('status=active&stage=diagnosis')).toEqual(['a', 'd', 'hostile']);
    expect(await all('late=true')).toEqual(['a', 'c']);
    expect(await all('late=true&stage=parts')).toEqual(['c']);
    expect((await call('GET', '/hostile')).body).toMatchObject({ number: '<script>\r\nBcc: x' });
  });

  it('shows each ticket once over its pages, though tickets of the same instant come and go between them', async () => {
    const same = { created_at: daysAgo(40), stage_entered_at: daysAgo(40) };
    const ids = Array.from({ length: 23 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    await fill(Object.fromEntries(ids.map((id) => [id, stored(40, same)])));
    for (const filter of ['', 'late=true&', 'status=active&'])
      expect(await all(`${filter}limit=5`)).toEqual(ids);
    const first = (await call('GET', '?limit=5')).body;
    await world.store.doc('tickets/t00').delete();
    await world.store.doc('tickets/t02x').set(stored(40, same));
    const second = (await call('GET', `?limit=5&page=${first.next_page}`)).body;
    expect(second.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(5, 10));
  });

  it('of late tickets scans a bounded number of tickets, and goes on where it stopped', async () => {
    const moved = { created_at: daysAgo(50), stage_entered_at: daysAgo(1) };
    const ids = Array.from({ length: 2100 }, (_, index) => `t${String(index).padStart(4, '0')}`);
    const documents = Object.fromEntries(ids.map((id) => [id, stored(1, moved)]));
    await fill({ ...documents, last: stored(20, { created_at: daysAgo(45) }) });
    const first = (await call('GET', '?late=true')).body;
    expect(first.items).toEqual([]);
    expect(first.next_page).not.toBeNull();
    const second = (await call('GET', `?late=true&page=${first.next_page}`)).body;
    expect([second.items.map(({ id }: { id: string }) => id), second.next_page]).toEqual([['last'], null]);
  });

  it.each([
    ['late=yes', 'late: must be true or false'],
    ['late=true&status=closed', 'status: must be active or left out'],
    ['status=open', 'status: must be active, closed or cancelled'],
    ['limit=501', 'limit: must be a whole number from 1 to 500'],
    ['page=bm9uc2Vuc2U', 'page: must be a next_page that this list gave'],
    ['color=red', 'color: is unknown here'],
  ])('refuses ?%s', async (query, reason) => {
    const { status, body } = await call('GET', `?${query}`);
    expect(status).toBe(400);
    expect(body.error.message).toContain(reason);
  });
});
