import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { searchTokens } from '../../../../../shared/domains/followups/list/search.ts';
import { SEEN } from '../../../../../shared/domains/followups/schedule/plan.ts';
import { callJson } from '../../../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../../support/followups.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const DAY = minutes(24 * 60);
const ago = (days: number) => stamp(NOW.getTime() - days * DAY);
const ADA = '/v1/admin/customers/org-1/ada@example.test';
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 400 * 86_400 });
  world.smtp.clear();
  await clearFollowups(world.store);
  await world.redis.flushall();
  await world.store.doc('billing_settings/org-1').set(settingsFields());
  await fill('ada');
  const loud = { name: 'Ada', email: 'ADA@example.test', locale: null };
  // A row that a walk has seen.
  const seen = { seen: SEEN, search: searchTokens({ customer: loud, label: 'F-2' }) };
  await fill('loud', { customer: loud, source_label: 'F-2', ...seen });
  await fill('bob', { customer: { name: 'Bob', email: 'bob@example.test' }, source_label: 'F-3' });
});

const fill = (id: string, more: DocumentData = {}) =>
  seed(
    world.store,
    'followups',
    new Map([[id, followupFields({ due_date: ago(20), next_due_at: ago(1), ...more })]]),
  );
const call = (method: string, path: string, body?: unknown, headers = {}) => {
  world.clock.advance(1);
  return callJson(world, { token: admin, method, path, body, headers });
};
const put = (body: unknown) => call('PUT', ADA, body);
const why = async (id: string) => (await call('GET', `/api/followups/${id}/explain`)).body.reason as string;
const run = async (body: object = {}) => {
  world.clock.advance(1);
  const headers = { 'X-Cron-Secret': world.secret };
  return (await world.post('/api/followups/process-automatic', { body, headers })).body;
};
const recipients = () => world.smtp.mails().flatMap(({ to }) => to);

describe('an excluded customer', () => {
  it('gets no reminder until included again, whatever the case of the address, and each answer says so', async () => {
    await run({ dry_run: true });
    const { status, body } = await put({ excluded: true, note: 'member of the family' });
    expect([status, body.excluded, body.note]).toEqual([200, true, 'member of the family']);
    expect([await why('ada'), await why('bob')]).toEqual(['customer_excluded', 'due']);
    const what = (await call('POST', '/api/followups/what-if', { org_id: 'org-1' })).body;
    expect(what.counts).toMatchObject({ would_send: 1, would_not: 2 });
    expect((await run()).followups).toMatchObject({ sent: 1, failed: 0 });
    expect(recipients()).toEqual(['bob@example.test']);
    expect([await why('ada'), await why('loud')]).toEqual(['customer_excluded', 'customer_excluded']);
    const { items } = (await call('GET', '/api/followups?view=waiting')).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['ada', 'loud']);
    expect((await put({ excluded: false })).body.followups).toBe(2);
    expect((await run()).followups.sent).toBe(2);
  });

  it('has new documents set aside by the next run, which counts them as skipped once', async () => {
    await put({ excluded: true });
    await fill('new', { source_label: 'F-4' });
    expect((await run()).skipped).toEqual({ customer_excluded: 1 });
    expect((await run()).followups.due).toBe(0);
  });

  it('takes no place of max_per_run', async () => {
    await put({ excluded: true });
    await fill('new', { next_due_at: ago(2) });
    await world.store.doc('billing_settings/org-1').update({ max_per_run: 1 });
    expect((await run()).followups.sent).toBe(1);
  });
});

describe('a pause of a customer', () => {
  it('by a promise ends on the day after it, and the next mail says so once', async () => {
    const { body } = await put({ promised_on: '2026-03-12' });
    // Thursday 12 March ends in Paris at 23:00 UTC.
    expect(body).toMatchObject({ pause_reason: 'promise', paused_until: '2026-03-12T23:00:00.000Z' });
    expect(await why('ada')).toBe('customer_promised');
    expect((await run()).followups.sent).toBe(1);
    expect(await why('ada')).toBe('customer_promised');
    await call('POST', '/api/followups/bob/paid');
    world.smtp.clear();
    world.clock.set(new Date('2026-03-12T22:59:00Z'));
    expect((await run()).followups.sent).toBe(0);
    world.clock.set(new Date('2026-03-12T23:01:00Z'));
    expect((await run()).followups.sent).toBe(2);
    expect(world.smtp.mails()[0]?.text).toContain('annoncé votre règlement pour le 12 mars 2026');
    world.smtp.clear();
    world.clock.advance(20 * DAY);
    await run();
    expect(recipients()).toHaveLength(2);
    expect(
      world.smtp
        .mails()
        .map(({ text }) => text)
        .join(),
    ).not.toContain('annoncé');
  });

  it('by a dispute lasts until a person ends it', async () => {
    expect((await put({ pause_reason: 'dispute' })).body.paused_until).toBe('9999-01-01T00:00:00.000Z');
    await run();
    expect([recipients(), await why('ada')]).toEqual([['bob@example.test'], 'customer_disputes']);
    expect((await put({ paused_until: null })).body).toMatchObject({ pause_reason: null, followups: 2 });
    expect((await run()).followups.sent).toBe(2);
  });

  it('until an instant is obeyed, and a promise may follow', async () => {
    await put({ paused_until: '2026-03-06T10:00:00Z' });
    expect(await why('ada')).toBe('customer_paused');
    expect((await put({ promised_on: '2026-03-10' })).body.pause_reason).toBe('promise');
  });

  it('asks a person who sends by hand to confirm', async () => {
    await put({ pause_reason: 'dispute' });
    const refused = await call('POST', '/api/followups/ada/send', { level: 1 });
    expect([refused.status, refused.body.error.details.reason]).toEqual([409, 'customer_disputes']);
    expect((await call('POST', '/api/followups/ada/send', { level: 1, confirm: true })).body.sent).toBe(true);
  });
});

describe('the document of a customer', () => {
  it('has its defaults before anything is said, and is changed only in the version that was read', async () => {
    const { body } = await call('GET', ADA);
    expect(body).toMatchObject({
      email: 'ada@example.test',
      excluded: false,
      kind: 'unknown',
      updated_at: null,
    });
    const saved = (await put({ ...body, kind: 'business', cc: 'BOSS@example.test' })).body;
    expect(saved).toMatchObject({ kind: 'business', cc: 'boss@example.test' });
    expect((await put({ updated_at: body.updated_at, excluded: true })).status).toBe(409);
    expect((await put({ updated_at: saved.updated_at, excluded: true })).status).toBe(200);
  });

  it.each([
    { promised_on: '2026-03-12' },
    { pause_reason: 'dispute' },
    { paused_until: '2026-03-12T10:00:00Z' },
    { excluded: true },
  ])('may be sent back as it was read after %j', async (patch) => {
    const { body: saved } = await put(patch);
    const { status, body } = await put({ ...saved, note: 'called' });
    expect(status).toBe(200);
    const { paused_until, pause_reason, promised_on, excluded } = saved;
    expect(body).toMatchObject({ paused_until, pause_reason, promised_on, excluded, note: 'called' });
  });

  it('keeps a dispute when a promise is taken back, and ends a promise by it', async () => {
    await put({ pause_reason: 'dispute' });
    expect((await put({ promised_on: null })).body.pause_reason).toBe('dispute');
    await put({ promised_on: '2026-03-12' });
    expect((await put({ promised_on: null })).body).toMatchObject({ pause_reason: null, paused_until: null });
  });

  it.each([
    [{ promised_on: '12 March' }, 'promised_on'],
    [{ promised_on: '2026-03-12', paused_until: '2026-03-20T10:00:00Z' }, 'paused_until'],
    [{ pause_reason: 'promise' }, 'promised_on'],
    [{ promised_on: '2026-03-12', pause_reason: 'dispute' }, 'pause_reason'],
    [{ colour: 'red' }, 'colour'],
  ])('refuses %j', async (body, named) => {
    const { status, body: answer } = await put(body);
    expect([status, answer.error.message]).toEqual([400, expect.stringContaining(named)]);
  });

  it('needs an address', async () => {
    expect((await call('GET', '/v1/admin/customers/org-1/nobody')).status).toBe(400);
  });
});
