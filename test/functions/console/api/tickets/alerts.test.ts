import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callJson } from '../../../../support/call.ts';
import { at } from '../../../../support/presence.ts';
import { clear, dump, minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const CONFIG = '/tickets/alerts/config/';
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  world.reconfigure({});
  world.smtp.clear();
  admin = await world.issuer.userToken('admintest1');
  for (const name of ['alert_recipients', 'delay_alert_logs']) await clear(world.store, name);
});

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callJson(world, { token: admin, method, path, body, headers });
const put = (recipients: unknown, more: object = {}, headers?: Record<string, string>) =>
  call('PUT', CONFIG, { recipients, ...more }, headers);
const fill = (collection: string, documents: Record<string, object>) =>
  seed(world.store, collection, new Map(Object.entries(documents)));
const stored = async () =>
  Object.fromEntries(
    (await world.store.collection('alert_recipients').get()).docs.map((doc) => {
      const { write_attempt: _mark, ...fields } = doc.data();
      return [doc.id, fields];
    }),
  );
const ids = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);

describe('the recipients', () => {
  it('are none at first, on the route with and without a slash', async () => {
    for (const path of [CONFIG, '/tickets/alerts/config'])
      expect(await call('GET', path)).toMatchObject({
        status: 200,
        body: { recipients: [], updated_at: null },
      });
  });

  it('are kept trimmed and lower-cased, each address once, and come back as they are', async () => {
    const { status, body, headers } = await put([
      { name: ' Ada ', email: '  ADA@Example.test ', locale: 'en' },
      { name: 'Ada again', email: 'ada@example.test', active: true },
      { name: '<b>Zoé</b>', email: 'zoe@bücher.example' },
    ]);
    expect(status).toBe(200);
    expect(
      body.recipients.map(({ id: _id, updated_at: _at, ...fields }: Record<string, unknown>) => fields),
    ).toHaveLength(2);
    expect(body.recipients).toContainEqual(
      expect.objectContaining({ name: 'Ada', email: 'ada@example.test', active: true, locale: 'en' }),
    );
    expect(body.recipients).toContainEqual(
      expect.objectContaining({ name: '<b>Zoé</b>', email: 'zoe@xn--bcher-kva.example', locale: 'fr' }),
    );
    expect(headers.get('etag')).toBe(`"${body.updated_at}"`);
    expect((await call('GET', CONFIG)).body).toEqual(body);
    const back = body.recipients.map(({ updated_at: _at, ...fields }: Record<string, unknown>) => fields);
    const again = await put(back, { updated_at: body.updated_at });
    expect(again.status).toBe(200);
    expect(Object.keys(await stored())).toHaveLength(2);
  });

  it('are merged by id and by address; absent ones stay, and active false removes one', async () => {
    await fill('alert_recipients', {
      a: { name: 'Ada', email: 'ada@example.test', active: true, team: 'north' },
      b: { name: 'Bob', email: 'bob@example.test', active: true },
      c: { name: 'Cy', email: 'cy@example.test', active: true },
    });
    expect(
      (
        await put([
          { id: 'a', active: false },
          { email: 'BOB@example.test', locale: 'en' },
        ])
      ).status,
    ).toBe(200);
    expect(await stored()).toEqual({
      a: { name: 'Ada', email: 'ada@example.test', active: false, team: 'north' },
      b: { name: 'Bob', email: 'bob@example.test', active: true, locale: 'en' },
      c: { name: 'Cy', email: 'cy@example.test', active: true },
    });
  });

  it('with the same address become one, which is active if any of them is', async () => {
    const both = {
      a: { name: 'Ada', email: 'Ada@example.test', active: false },
      b: { name: 'Ada L.', email: 'ada@example.test ', active: true },
      c: { name: 'Cy', email: 'cy@example.test', active: true },
    };
    await fill('alert_recipients', both);
    const sent = Object.entries(both).map(([id, fields]) => ({ id, ...fields }));
    expect((await put(sent)).status).toBe(200);
    expect(await stored()).toEqual({
      a: { name: 'Ada', email: 'ada@example.test', active: true },
      c: { name: 'Cy', email: 'cy@example.test', active: true },
    });
    await put([{ id: 'c' }, { id: 'a', email: 'cy@example.test' }]);
    expect(await stored()).toEqual({ c: { name: 'Cy', email: 'cy@example.test', active: true } });
  });

  it('may exchange their addresses', async () => {
    await fill('alert_recipients', {
      a: { name: 'Ada', email: 'ada@example.test', active: true },
      b: { name: 'Bob', email: 'bob@example.test', active: true },
    });
    const swap = [
      { id: 'a', email: 'bob@example.test' },
      { id: 'b', email: 'ada@example.test' },
    ];
    expect((await put(swap)).status).toBe(200);
    expect(await stored()).toMatchObject({
      a: { email: 'bob@example.test' },
      b: { email: 'ada@example.test' },
    });
  });

  it.each([
    [[{ name: 'A', email: 'ada' }], 'recipients.0.email: "ada" is not an e-mail address; give one such as'],
    [[{ name: 'A', email: 'a@b.test\r\nBcc: all@example.test' }], 'recipients.0.email: "a@b.test\\r\\nBcc'],
    [[{ name: 'A', email: 'a@b.test, c@d.test' }], 'is not an e-mail address'],
    [[{ name: 'A\r\nBcc: x', email: 'a@b.test' }], 'recipients.0.name: must be a text'],
    [[{ email: 'a@b.test' }], 'recipients.0.name: must be given for a new recipient'],
    [[{ name: 'A', email: 'a@b.test' }, { name: 'A' }], 'recipients.1.email: must be given'],
    [[{ id: 'nobody', active: true }], 'recipients.0.id: there is no recipient "nobody"'],
    [[{ name: 'A', email: 'a@b.test', stages: 'parts' }], 'recipients.0.stages: must be a list of stages'],
    [
      [{ name: 'A', email: 'a@b.test', min_days: 0 }],
      'recipients.0.min_days: must be at least 1 day, or null',
    ],
    [[{ id: 'a/b', active: true }], 'recipients.0.id: must be the id'],
    [[{ name: 'A', email: 'a@b.test', active: 'yes' }], 'recipients.0.active: must be true or false'],
    [[{ name: 'A', email: 'a@b.test', locale: 'de' }], 'recipients.0.locale: must be fr or en'],
    [[{ name: 'A', email: 'a@b.test', admin: true }], 'recipients.0.admin: is unknown here'],
    ['ada@example.test', 'recipients: must be a list'],
  ])('%j is refused with the reason, and nothing is written', async (recipients, reason) => {
    const before = await dump(world.store, world.redis);
    const { status, body } = await put(recipients);
    expect(status).toBe(400);
    expect(body.error.message).toContain(reason);
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('a write that carries an outdated version, of the list or of one recipient, is 409', async () => {
    const first = (await put([{ name: 'Ada', email: 'ada@example.test' }])).body;
    const [ada] = first.recipients;
    expect((await put([{ id: ada.id, name: 'Ada L.', updated_at: ada.updated_at }])).status).toBe(200);
    const change = [{ id: ada.id, active: false }];
    for (const stale of [
      await put(change, { updated_at: first.updated_at }),
      await put(change, {}, { 'If-Match': `"${first.updated_at}"` }),
      await put([{ ...change[0], updated_at: ada.updated_at }]),
    ])
      expect([stale.status, stale.body.error.code]).toEqual([409, 'conflict']);
    expect((await stored())[ada.id]).toMatchObject({ name: 'Ada L.', active: true });
    expect((await put(change)).status).toBe(200);
  });

  it('of the same new address, saved by several at once, make one', async () => {
    const writers = Array.from({ length: 5 }, (_, index) =>
      put([{ name: `Writer ${index}`, email: 'ada@example.test' }]),
    );
    expect((await Promise.all(writers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(Object.values(await stored())).toHaveLength(1);
  });
});

describe('the log of alerts', () => {
  const row = (ago: number, more: object = {}) => ({
    ticket_id: 't1',
    ticket_number: 'R-1 <b>\r\n',
    stage: 'repair',
    stage_entered_at: at(NOW.getTime() - minutes(60 * 24 * 20)),
    days_in_stage: 20,
    recipient: 'ada@example.test',
    state: 'sent',
    claimed_at: at(NOW.getTime() - minutes(ago)),
    claim: 'the owner of the claim',
    forced: false,
    run_id: 'check-delay-alerts!1',
    message_id: '<1@ronde.test>',
    ...more,
  });

  it('is newest first and filtered by recipient, ticket, state and time', async () => {
    await fill('delay_alert_logs', {
      old: row(90),
      bob: row(60, { recipient: 'bob@example.test' }),
      two: row(30, { ticket_id: 't2', state: 'unknown' }),
      new: row(10),
    });
    const get = async (query: string) => ids((await call('GET', `/tickets/alerts/log${query}`)).body);
    expect(await get('')).toEqual(['new', 'two', 'bob', 'old']);
    expect(await get('?recipient=%20BOB@example.test')).toEqual(['bob']);
    expect(await get('?recipient=nobody')).toEqual([]);
    expect(await get('?ticket=t2')).toEqual(['two']);
    expect(await get('?state=unknown')).toEqual(['two']);
    expect(await get('?state=sent&recipient=ada@example.test&ticket=t1')).toEqual(['new', 'old']);
    expect(await get('?from=2026-03-04T09:00:00Z&to=2026-03-04T09:50:00Z')).toEqual(['two', 'bob']);
    const { body } = await call('GET', '/tickets/alerts/log?limit=1');
    expect(body.items[0]).toMatchObject({
      ticket_number: 'R-1 <b>\r\n',
      claimed_at: '2026-03-04T09:50:00.000Z',
    });
    expect(body.items[0]).not.toHaveProperty('claim');
  });

  it('shows each alert once over its pages, though alerts of the same instant are added between them', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `a${String(index).padStart(2, '0')}`);
    await fill('delay_alert_logs', Object.fromEntries(names.map((name) => [name, row(30)])));
    const seen: string[] = [];
    let page = '';
    do {
      const { body } = await call('GET', `/tickets/alerts/log?limit=5${page}`);
      seen.push(...ids(body));
      page = body.next_page === null ? '' : `&page=${body.next_page}`;
      await fill('delay_alert_logs', { [`z${seen.length}`]: row(1) });
    } while (page);
    expect(seen).toEqual(names.toReversed());
  });

  it.each([
    ['state=lost', 'state: must be one of claimed, sending, sent, failed, unknown'],
    ['from=yesterday', 'from: must be an instant in UTC'],
    ['limit=0', 'limit: must be'],
    ['page=eA', 'page: must be a next_page'],
  ])('refuses ?%s', async (query, reason) => {
    const { status, body } = await call('GET', `/tickets/alerts/log?${query}`);
    expect(status).toBe(400);
    expect(body.error.message).toContain(reason);
  });
});

describe('a test mail', () => {
  const test = (body: object) => call('POST', '/tickets/alerts/test-email', body);

  it('arrives, and the answer says so in both languages', async () => {
    const { status, body } = await test({ to: ' ADA@example.test ', locale: 'en' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, outcome: 'sent', to: 'ada@example.test' });
    expect(body.server).toBe(`${world.smtp.host}:${world.smtp.port}`);
    expect(body.message).toBe(
      `The mail server ${body.server} has accepted the message for ada@example.test.`,
    );
    expect(body.messages).toEqual({ en: body.message, fr: expect.stringContaining('a accepté le message') });
    expect(world.smtp.mails()).toMatchObject([{ to: ['ada@example.test'], subject: 'Test mail from Ronde' }]);
  });

  it('that is refused reports the server and the reason', async () => {
    world.smtp.refuse('ada@example.test', 550);
    const refused = await test({ to: 'ada@example.test' });
    expect(refused.body).toMatchObject({
      ok: false,
      outcome: 'failed',
      response: expect.stringContaining('550'),
    });
    expect(refused.body.message).toContain('refuse définitivement');
    world.reconfigure({ EMAIL_PORT: '1' });
    const away = await test({ to: 'ada@example.test' });
    expect(away.body).toMatchObject({ ok: false, outcome: 'retry' });
    expect(away.body.messages.en).toContain('EMAIL_HOST, EMAIL_PORT');
  });

  it('is not tried if mail is not configured or paused, and the answer names the remedy', async () => {
    world.reconfigure({ EMAIL_HOST: undefined });
    const none = await test({ to: 'ada@example.test' });
    expect([none.status, none.body.error.message]).toEqual([503, expect.stringContaining('set EMAIL_HOST')]);
    world.reconfigure({ EMAIL_PAUSED: 'true' });
    const paused = await test({ to: 'ada@example.test' });
    expect([paused.status, paused.body.error.message]).toEqual([
      409,
      expect.stringContaining('unset EMAIL_PAUSED'),
    ]);
    expect(world.smtp.mails()).toEqual([]);
  });

  it.each(['ada', 'a@b.test\r\nRCPT TO:<c@d.test>', 'a@b.test,c@d.test'])('to %j is refused', async (to) => {
    const { status, body } = await test({ to });
    expect(status).toBe(400);
    expect(body.error.message).toContain('is not an e-mail address; give one such as');
    expect(world.smtp.mails()).toEqual([]);
  });
});

describe("the originals' pages", () => {
  const open = (path: string, accept: string) =>
    fetch(world.url + path, { headers: { accept }, redirect: 'manual' });

  it('redirect a browser to those of the console, without sign-in; other clients get the API', async () => {
    for (const [path, page] of [
      ['/tickets/alerts/config/', '/console/alerts'],
      ['/tickets/alerts/config', '/console/alerts'],
      ['/admin/settings', '/console/settings'],
    ] as const) {
      const shown = await open(path, 'text/html,application/xhtml+xml,*/*;q=0.8');
      expect([shown.status, shown.headers.get('location')]).toEqual([302, page]);
    }
    expect((await open('/tickets/alerts/config/', 'application/json')).status).toBe(401);
    expect((await open('/tickets/alerts/log', 'text/html')).status).toBe(401);
  });
});
