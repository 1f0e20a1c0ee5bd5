import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { FOR_GOOD } from '../../../../shared/domains/followups/actions.ts';
import { searchTokens } from '../../../../shared/domains/followups/list/search.ts';
import { type ConsoleWorld, startConsoleWorld } from '../../../support/console.ts';
import { clearFollowups, followupFields, settingsFields } from '../../../support/followups.ts';
import { at, user } from '../../../support/presence.ts';
import { clear, minutes, NOW } from '../../../support/world.ts';

let console_: ConsoleWorld;
beforeAll(async () => {
  console_ = await startConsoleWorld();
});
afterAll(() => console_?.stop());
beforeEach(async () => {
  await clearFollowups(console_.world.store);
  for (const name of ['inbox_messages', 'users']) await clear(console_.world.store, name);
});

const get = (path: string, token?: string) => console_.call('GET', path, undefined, token);
const ids = ({ body }: { body: { items: { id: string }[] } }) => body.items.map(({ id }) => id);
const days = (count: number) => Timestamp.fromMillis(NOW.getTime() + count * 86_400_000);

it('follow-ups are listed by view, each with the decision of now', async () => {
  const { store } = console_.world;
  await store.doc('billing_settings/org-1').set(settingsFields());
  await store.doc('billing_settings/broken').set({ time_zone: 'Mars/Olympus' });
  const parked = (reason: string) => ({
    next_due_at: null,
    parked: { reason, at: days(0), due_at: null, detail: 'x' },
  });
  for (const [id, more] of Object.entries({
    soon: { next_due_at: days(1) },
    now: { next_due_at: days(-1) },
    other: { next_due_at: days(-2), org_id: 'broken' },
    paid: { next_due_at: days(-3), status: 'paid' },
    held: parked('held'),
    manual: { auto_enabled: false },
    pause: { paused_until: Timestamp.fromMillis(FOR_GOOD), next_due_at: Timestamp.fromMillis(FOR_GOOD) },
    lost: parked('unknown_delivery'),
    nowhere: parked('no_email'),
    sent: { next_due_at: null, level: 3, last_sent_at: days(-4) },
    before: { next_due_at: null, level: 3, last_sent_at: days(-9), status: 'paid' },
    // Two organisations that have never saved any settings.
    early: { org_id: 'a-new-one', next_due_at: null },
    late: { org_id: 'z-new-one' },
  }))
    await store.doc(`followups/${id}`).set(followupFields(more));
  const view = async (query: string) => ids(await get(`/api/followups?${query}`));
  expect(await view('view=next')).toEqual(['now', 'soon']);
  expect(await view('view=next&org_id=org-1')).toEqual(['now', 'soon']);
  expect(await view('view=waiting')).toEqual(['early', 'held', 'late', 'manual', 'other', 'pause']);
  expect(await view('view=waiting&org_id=z-new-one')).toEqual(['late']);
  expect(await view('view=waiting&org_id=nowhere')).toEqual([]);
  expect(await view('view=uncertain')).toEqual(['lost']);
  expect(await view('view=to_fix')).toEqual(['nowhere']);
  expect(await view('view=sent')).toEqual(['sent', 'before']);
  expect(await view('view=sent&org_id=broken')).toEqual([]);
  expect(await view('view=ended')).toEqual(['before', 'paid']);
  const { body } = await get('/api/followups?view=next&limit=1');
  expect(body.items[0].explanation.decision).toBe('send');
  expect(body.counts).toEqual({ next: 2, waiting: 6, uncertain: 1, to_fix: 1, sent: 2, ended: 2 });
  const broken = await get('/api/followups?view=waiting&org_id=broken');
  expect(broken.body.items[0].explanation).toBeNull();
  const organisations = await get('/v1/admin/billing-settings');
  expect(organisations.body.items).toEqual([
    { id: 'broken', auto_followups_enabled: false },
    { id: 'org-1', auto_followups_enabled: true },
  ]);
});

it('pages of follow-ups hold each one once, in every order', async () => {
  const { store } = console_.world;
  const parked = { reason: 'no_email', at: days(0), due_at: null, detail: 'x' };
  for (let index = 0; index < 5; index += 1) {
    await store.doc(`followups/due-${index}`).set(followupFields({ next_due_at: days(1) }));
    await store.doc(`followups/parked-${index}`).set(followupFields({ next_due_at: null, parked }));
  }
  await store.doc('billing_settings/org-1').set(settingsFields());
  for (const [view, name] of [
    ['next', 'due'],
    ['to_fix', 'parked'],
  ]) {
    const seen: string[] = [];
    let page = '';
    do {
      const { body } = await get(`/api/followups?view=${view}&limit=2${page && `&page=${page}`}`);
      seen.push(...ids({ body }));
      page = body.next_page;
    } while (page);
    expect(seen).toEqual(Array.from({ length: 5 }, (_, index) => `${name}-${index}`));
  }
});

it('follow-ups are found by the beginnings of words of name, address and number', async () => {
  const { store } = console_.world;
  await store.doc('billing_settings/org-1').set(settingsFields());
  const put = async (id: string, label: string, name: string, email: string, more: object = {}) => {
    const search = searchTokens({ label, customer: { name, email, locale: null } });
    const row = { source_label: label, customer: { name, email }, search, next_due_at: days(1), ...more };
    await store.doc(`followups/${id}`).set(followupFields(row));
  };
  await put('roux', 'F-2026-038', 'Élodie Martin-Roux', 'e.martin@garage-roux.test', { status: 'paid' });
  await put('martin', 'F-2026-039', 'Jean Martin', 'jean@exemple.test');
  const find = async (q: string, more = '') =>
    ids(await get(`/api/followups?q=${encodeURIComponent(q)}${more}`));
  expect(await find('martin')).toEqual(['martin', 'roux']);
  expect(await find('MART elod')).toEqual(['roux']);
  expect(await find('f-2026-038')).toEqual(['roux']);
  expect(await find('2026-039')).toEqual(['martin']);
  expect(await find('garage-roux.test')).toEqual(['roux']);
  expect(await find('artin')).toEqual([]);
  expect(await find('martin', '&view=ended')).toEqual(['roux']);
  const { next_page } = (await get('/api/followups?q=martin&limit=1')).body;
  expect(await find('martin', `&limit=1&page=${next_page}`)).toEqual(['roux']);
  const counts = { next: 1, waiting: 0, uncertain: 0, to_fix: 0, sent: 0, ended: 1 };
  expect((await get('/api/followups?q=nobody&view=next')).body).toMatchObject({ items: [], counts });
});

it('mails are listed without their bodies, and folders with their counts of stored and failing mails', async () => {
  const { store } = console_.world;
  const message = { integration_id: 'i', thread_id: 't', subject: 'S', snippet: 's', attachments: [] };
  for (const [id, ago] of [
    ['new', 0],
    ['old', -1],
  ] as const)
    await store
      .doc(`inbox_messages/${id}`)
      .set({ ...message, received_at: days(ago), text: 'a secret body', html: '<p>a secret body</p>' });
  const all = await get('/api/inbox/summaries?integration_id=i&limit=1');
  expect(ids(all)).toEqual(['new']);
  expect(JSON.stringify(all.body)).not.toContain('secret');
  expect(ids(await get(`/api/inbox/summaries?integration_id=i&limit=1&page=${all.body.next_page}`))).toEqual([
    'old',
  ]);
  expect(ids(await get('/api/inbox/summaries?integration_id=other'))).toEqual([]);
  await store.doc('inbox_integrations/i/folders/f').set({
    ...{ path: 'INBOX', uid_validity: '7', last_uid: 12, backfill_uid: 3, uids: '3:10,12', outside: 2 },
    failing: { '11': { attempts: 1, reason: 'announced but not returned' } },
  });
  const { body } = await get('/api/inbox/integrations/i/folders');
  expect(body.items).toEqual([
    {
      ...{ id: 'f', path: 'INBOX', stored: 9, outside: 2, exists: null, missing: 0, backfilling: true },
      ...{ uid_validity: '7', last_uid: 12, resets: 0 },
      failing: [{ uid: '11', attempts: 1, reason: 'announced but not returned' }],
    },
  ]);
});

it('people are listed with names, source and age, each read twice', async () => {
  const { store, redis } = console_.world;
  await store.doc('users/anna').set(user({ display_name: 'Anna', email: 'anna@example.test' }));
  await store.doc('users/bruno').set(user({ logged_out_at: at(NOW.getTime() - minutes(90)) }));
  await redis.set('last_activity:anna', NOW.getTime() - minutes(1));
  const { body } = await get('/v1/admin/presence/users?status=online');
  expect(body).toMatchObject({ threshold_minutes: 15, degraded: false, next_page: null });
  expect(body.items).toEqual([
    {
      ...{ id: 'anna', user_id: 'anna', is_online: true, status: 'online', source: 'redis' },
      ...{ as_of: '2026-03-04T09:59:00.000Z', display_name: 'Anna', email: 'anna@example.test' },
    },
  ]);
  expect(ids(await get('/v1/admin/presence/users'))).toEqual(['anna', 'bruno']);
});

it.each([
  ['/api/followups?view=odd', 'view'],
  ['/api/followups?view=next&page=YWJj', 'page'],
  ['/api/followups?limit=501', 'limit'],
  ['/api/inbox/summaries?page=YWJj', 'page'],
  ['/v1/admin/presence/users?limit=201', 'limit'],
  ['/v1/admin/presence/users?status=gone', 'status'],
])('%s is 400, which names it; a user gets 403', async (path, named) => {
  const { status, body } = await get(path);
  expect(status).toBe(400);
  expect(body.error.message).toContain(named);
  const token = await console_.world.issuer.userToken('usertest1');
  expect((await get(path, token)).status).toBe(403);
});
