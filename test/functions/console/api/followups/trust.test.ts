import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callJson } from '../../../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../../support/followups.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const DAY = minutes(24 * 60);
const ago = (days: number) => stamp(NOW.getTime() - days * DAY);
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
});

const call = (method: string, path: string, body?: unknown) => {
  world.clock.advance(1);
  return callJson(world, { token: admin, method, path, body });
};
const get = async (path: string) => (await call('GET', path)).body;
const post = (path: string, body: unknown = {}) => call('POST', path, body);
const patch = (id: string, body: unknown) => call('PATCH', `/api/followups/${id}`, body);
const settings = (body: unknown, query = '') => call('PUT', `/v1/admin/billing-settings/org-1${query}`, body);
const run = async (body: object = {}) => {
  world.clock.advance(1);
  const headers = { 'X-Cron-Secret': world.secret };
  return (await world.post('/api/followups/process-automatic', { body, headers })).body;
};
const fill = (id: string, more: DocumentData = {}) =>
  seed(world.store, 'followups', new Map([[id, followupFields({ next_due_at: ago(1), ...more })]]));
const read = async (id: string) => (await world.store.doc(`followups/${id}`).get()).data() ?? {};
const why = async (id: string) => (await get(`/api/followups/${id}/explain`)).reason as string;
const subjects = () => world.smtp.mails().map(({ subject }) => subject);
const invoice = (more: object = {}) => ({
  ...{ org_id: 'org-1', type: 'invoice', source_id: 'inv-7', amount_due: 99.9, due_date: '2026-02-20' },
  ...{ customer: { name: 'Ada', email: 'ada@example.test' }, ...more },
});

describe('a due date', () => {
  it('stays the day that was entered when the organisation’s zone changes, and counts from there', async () => {
    const { body } = await post('/api/followups', invoice());
    expect(body).toMatchObject({ due_date: '2026-02-19T23:00:00.000Z', due_day: '2026-02-20' });
    await settings({ time_zone: 'America/Martinique' });
    const moved = await get(`/api/followups/${body.id}`);
    expect(moved).toMatchObject({ due_date: '2026-02-20T04:00:00.000Z', due_zone: 'America/Martinique' });
    expect(moved.next_due_at).toBe('2026-02-27T04:00:00.000Z');
    await run();
    expect(subjects()).toEqual(['Rappel : facture inv-7 échue le 20 février 2026']);
  });

  it.each(['America/Martinique', 'Asia/Tokyo'])(
    'of a quote’s sending stays that day in %s',
    async (time_zone) => {
      const { body } = await post('/api/followups', {
        ...invoice({ type: 'quote', sent_at: '2026-02-20' }),
        due_date: null,
      });
      await fill('midnight', { type: 'quote', sent_at: stamp('2026-02-20T00:00:00Z'), due_date: null });
      await fill('paris', { type: 'quote', sent_at: stamp('2026-02-19T23:00:00Z'), due_date: null });
      await settings({ time_zone });
      for (const id of [body.id, 'midnight', 'paris']) {
        const preview = await get(`/api/followups/${id}/preview`);
        expect(preview.text).toContain('20 février 2026');
      }
    },
  );

  it.each(['1970-01-01', '0001-01-01T00:00:00Z'])('of %s is refused', async (due_date) => {
    expect((await post('/api/followups', invoice({ due_date }))).status).toBe(400);
  });

  it('that is an exact UTC midnight is that day, from the API too', async () => {
    await settings({ time_zone: 'America/Martinique' });
    const { body } = await post('/api/followups', invoice({ due_date: '2026-02-20T00:00:00Z' }));
    expect(body).toMatchObject({ due_date: '2026-02-20T04:00:00.000Z', due_day: '2026-02-20' });
  });

  it('and a day that disagree are refused, with both', async () => {
    const { status, body } = await post('/api/followups', invoice({ due_day: '2026-02-21' }));
    expect(status).toBe(400);
    expect(body.error.message).toContain('due_day "2026-02-21" is not the day of due_date "2026-02-20"');
    expect((await post('/api/followups', invoice({ due_date: '2026-02-30' }))).status).toBe(400);
  });

  it.each<[string, string, string]>([
    ['to today', '2026-03-03T23:00:00Z', '2026-03-10T23:00:00.000Z'],
    ['ahead', '2026-03-20T23:00:00Z', '2026-03-27T23:00:00.000Z'],
  ])('that another back end moves %s counts again, and nothing goes on the day', async (_to, due, next) => {
    await fill('ada', { due_date: ago(10) });
    await world.store.doc('followups/ada').update({ due_date: stamp(due) });
    expect((await run()).followups).toMatchObject({ sent: 0 });
    expect((await read('ada'))['next_due_at'].toDate().toISOString()).toBe(next);
    expect(await why('ada')).toBe('not_due');
  });

  it('that moves while its mail is under way counts again for the next level', async () => {
    const { body } = await post('/api/followups', invoice());
    const mail = post(`/api/followups/${body.id}/send`, { level: 1 });
    await mail;
    await world.store.doc(`followups/${body.id}`).update({ due_date: stamp('2026-04-30T22:00:00Z') });
    world.clock.advance(10 * DAY);
    expect((await run()).followups.sent).toBe(0);
    // Level 2 comes 15 days after 1 May.
    expect((await read(body.id))['next_due_at'].toDate().toISOString()).toBe('2026-05-15T22:00:00.000Z');
  });
});

describe('a row of another back end', () => {
  it('without a due time is explained, scheduled by the next run, and goes with it', async () => {
    await fill('ada', { next_due_at: null, due_date: ago(20) });
    await world.store.doc('followups/ada').update({ next_due_at: null });
    expect(await why('ada')).toBe('not_scheduled');
    const dry = await run({ dry_run: true });
    expect(dry.followups).toMatchObject({ due: 1, would_send: 1 });
    expect((await run()).followups).toMatchObject({ due: 1, sent: 1 });
  });

  it('without a due time and over 30 days late is held, in the dry run too', async () => {
    await fill('ada', { next_due_at: null, due_date: ago(60) });
    expect((await run({ dry_run: true })).followups.due).toBe(0);
    expect((await run()).followups.due).toBe(0);
    expect(await why('ada')).toBe('held');
    expect((await settings({ confirm_held: true })).body.activation).toMatchObject({
      would_send_now: 1,
      held: 0,
    });
    expect((await run()).followups.sent).toBe(1);
  });

  it('is found by POST for its document, so that there is no second follow-up', async () => {
    await fill('theirs', { source_id: 'inv-7' });
    const { status, body } = await post('/api/followups', invoice({ amount_due: 5 }));
    expect([status, body.id, body.amount_due]).toEqual([200, 'theirs', 5]);
  });

  it.each<[string, DocumentData, string]>([
    ['of a type that does not exist', { type: 'credit_note' }, 'bad_row'],
    ['with its level in words', { level: 'one' }, 'bad_row'],
    ['with a pause as text', { paused_until: '2027-01-01T00:00:00Z' }, 'paused'],
    ['with its level as text', { level: '3' }, 'all_levels_sent'],
    ['with a negative amount', { amount_due: -100 }, 'nothing_due'],
    ['with an amount that rounds to nothing', { amount_due: '0.004' }, 'nothing_due'],
  ])('%s gets no mail, with the reason', async (_title, fields, reason) => {
    await fill('ada', fields);
    const { followups, skipped, failed } = await run();
    expect([followups.sent, { ...skipped, ...failed }]).toEqual([0, { [reason]: 1 }]);
    expect(await why('ada')).toBe(reason);
  });

  it('with a status in another case goes like any other', async () => {
    await fill('ada', { status: 'Open' });
    expect((await run()).followups.sent).toBe(1);
    await fill('bob', { status: 'PAID' });
    expect(await why('bob')).toBe('paid');
  });

  it.each(['impayée', null, 7])(
    'with the status %j is listed among the faults until it is mended',
    async (status) => {
      await fill('one', { status });
      expect(await why('one')).toBe('bad_row');
      await run();
      const faulty = async () =>
        (await get('/api/followups?view=to_fix')).items.map(({ id }: { id: string }) => id);
      expect(await faulty()).toEqual(['one']);
      expect((await get('/api/followups?view=to_fix')).counts.to_fix).toBe(1);
      await patch('one', { status: 'open' });
      expect(await faulty()).toEqual([]);
      expect((await run()).followups.sent).toBe(1);
    },
  );

  it('is not found by a number with other zeros', async () => {
    await fill('seven', { source_id: 7 });
    const other = (await post('/api/followups', invoice({ source_id: '007' }))).body;
    expect(other.id).not.toBe('seven');
    expect((await post('/api/followups', invoice({ source_id: '7' }))).body.id).toBe('seven');
  });

  it('with nothing left to pay is skipped, and asks again once there is', async () => {
    await fill('ada', { amount_due: 0, due_date: ago(20) });
    expect(await run()).toMatchObject({ outcome: 'nothing_to_do', followups: { failed: 0 } });
    await patch('ada', { amount_due: 12 });
    expect((await run()).followups.sent).toBe(1);
  });
});

describe('a change of settings', () => {
  const level = (days: number, template = 'courteous') => ({ after_days: days, template });
  const old = { level: 1, last_sent_at: ago(390), due_date: ago(400), next_due_at: null };

  it('that adds a level holds the old sequences, as its dry run says', async () => {
    await settings({ levels: { invoice: [level(7)] } });
    await fill('old', old);
    await fill('recent', { ...old, due_date: ago(25), last_sent_at: ago(15) });
    const change = { levels: { invoice: [level(7), level(15, 'firm')] } };
    const rehearsed = (await settings(change, '?dry_run=true')).body.activation;
    expect(rehearsed).toMatchObject({ would_send_now: 1, held: 1 });
    expect((await settings(change)).body.activation).toEqual(rehearsed);
    expect((await run()).followups.sent).toBe(1);
    expect([await why('old'), await why('recent')]).toEqual(['held', 'all_levels_sent']);
  });

  it('that counts days down holds by the due day, not by the due time', async () => {
    await settings({ levels: { invoice: [level(60)] } });
    for (const days of [29, 30, 31, 59])
      await post('/api/followups', {
        ...invoice({ source_id: `late-${days}` }),
        due_date: ago(days).toDate().toISOString().slice(0, 10),
      });
    const { body } = await settings({ levels: { invoice: [level(5)] } });
    expect(body.activation).toMatchObject({ would_send_now: 2, held: 2 });
  });

  it('that switches on says the same before and after, also about rows without a due time', async () => {
    await settings({ auto_followups_enabled: false });
    for (const days of [10, 36, 400]) await fill(`late-${days}`, { due_date: ago(days), next_due_at: null });
    const on = { auto_followups_enabled: true };
    const rehearsed = (await settings(on, '?dry_run=true')).body.activation;
    expect(rehearsed).toMatchObject({ would_send_now: 1, held: 2 });
    expect((await settings(on)).body.activation).toEqual(rehearsed);
    expect((await run()).followups.sent).toBe(1);
    expect((await get('/v1/admin/billing-settings/org-1')).held).toBe(2);
  });

  it('counts what the next run decides: not what is in its gap, nor what its texts park', async () => {
    await fill('gap', { level: 1, last_sent_at: ago(3) });
    await fill('nobody', { customer: {} });
    expect((await settings({}, '?dry_run=true')).body.activation).toMatchObject({
      would_send_now: 0,
      first_run: 0,
    });
  });

  it.each<[string, object, string]>([
    [
      'a text that does not exist',
      { levels: { invoice: [level(7, 'couteous')] } },
      'levels.invoice.0.template',
    ],
    [
      'a quote’s text that names a due date',
      { templates: { quote_last: { fr: { subject: 'Devis', text: 'avant le {{due_date}}' } } } },
      'templates.quote_last.fr.text: names {{due_date}}, which no quote has',
    ],
  ])('to %s is refused', async (_title, body, message) => {
    const refused = await settings(body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain(message);
  });

  it('to a least amount leaves smaller ones out, by currency, until it is lowered', async () => {
    await fill('small', { amount_due: '4.99', due_date: ago(20) });
    await fill('exact', { amount_due: 5, due_date: ago(20) });
    await fill('yen', { amount_due: 4, currency: 'JPY', due_date: ago(20) });
    await settings({ min_amount: { EUR: 5 } });
    expect(await run()).toMatchObject({ followups: { sent: 2, failed: 0 }, skipped: { below_minimum: 1 } });
    expect([(await run()).followups.due, await why('small')]).toEqual([0, 'below_minimum']);
    const lowered = await settings({ min_amount: null });
    expect(lowered.body.activation).toMatchObject({ would_send_now: 1 });
    expect((await run()).followups.sent).toBe(1);
    expect((await settings({ min_amount: { euro: 5 } })).status).toBe(400);
  });

  it('that mends a fault of the settings lets go on what it had parked', async () => {
    const broken = { levels: { invoice: [level(7, 'couteous')], quote: [] } };
    await world.store.doc('billing_settings/org-1').update(broken);
    await fill('ada', { due_date: ago(20) });
    expect((await run()).failed).toEqual({ template_error: 1 });
    await settings({ levels: { invoice: [level(7)] } });
    expect((await run()).followups.sent).toBe(1);
  });

  it('that another back end mends is noticed by the next run', async () => {
    await world.store.doc('billing_settings/org-1').update({ levels: { invoice: [level(7, 'couteous')] } });
    await fill('ada', { due_date: ago(20) });
    await run();
    await world.store.doc('billing_settings/org-1').update({ levels: { invoice: [level(7)] } });
    expect((await run({ dry_run: true })).followups.would_send).toBe(1);
    expect((await run()).followups.sent).toBe(1);
  });
});

describe('an end', () => {
  it.each(['opted_out', 'replied', 'hard_bounce', 'stopped'])(
    'by %s outlasts any copy that says open',
    async (reason) => {
      const { body } = await post('/api/followups', invoice());
      const ref = world.store.doc(`followups/${body.id}`);
      await ref.update({ status: 'stopped', stop_reason: reason, next_due_at: null });
      expect((await post('/api/followups', invoice({ status: 'open', amount_due: 110 }))).body).toMatchObject(
        {
          ...{ status: 'stopped', stop_reason: reason, amount_due: 110, next_due_at: null },
        },
      );
      await patch(body.id, { status: 'open' });
      await ref.update({ status: 'open', next_due_at: ago(1) });
      expect((await run()).followups.sent).toBe(0);
      expect(await why(body.id)).toBe(reason);
      expect((await post(`/api/followups/${body.id}/restart`)).body).toMatchObject({
        status: 'open',
        cycle: 2,
      });
    },
  );

  it('of all levels begins again by a restart, once, and its mails are new ones', async () => {
    const { body } = await post('/api/followups', invoice());
    for (let level = 0; level < 3; level += 1) {
      expect((await run()).followups.sent).toBe(1);
      world.clock.advance(16 * DAY);
    }
    await post(`/api/followups/${body.id}/paid`);
    const lowered = await patch(body.id, { status: 'open', level: 0, last_sent_at: null });
    expect(lowered.status).toBe(409);
    expect(lowered.body.error.message).toContain('/restart');
    const again = { reason: 'direct debit returned' };
    await post(`/api/followups/${body.id}/restart`, again);
    expect((await post(`/api/followups/${body.id}/restart`, again)).body).toMatchObject({
      ...{ status: 'open', cycle: 2, level: 0 },
    });
    expect((await run()).followups.sent).toBe(1);
    const { sends, items } = await get(`/api/followups/${body.id}/history`);
    expect(sends.map(({ id }: { id: string }) => id)).toEqual(['1', '2', '2-1', '3']);
    expect(items.slice(0, 2).map(({ reason }: { reason: string }) => reason)).toEqual(['sent', 'restarted']);
    const mails = world.smtp.mails();
    expect(new Set(mails.map(({ message_id }) => message_id)).size).toBe(4);
    // The first mail of a cycle refers to itself alone.
    expect(mails[3]?.headers['references']).toBe(mails[3]?.message_id);
  });

  it('by a bounce is over once the address is corrected', async () => {
    const { body } = await post('/api/followups', invoice());
    await world.store
      .doc(`followups/${body.id}`)
      .update({ status: 'stopped', stop_reason: 'hard_bounce', next_due_at: null });
    expect((await patch(body.id, { customer: { email: 'ada@example.test' } })).body.status).toBe('stopped');
    expect((await patch(body.id, { customer: { email: 'lovelace@example.test' } })).body.status).toBe('open');
    await run();
    expect(world.smtp.mails()[0]?.to).toEqual(['lovelace@example.test']);
  });

  it('by a bounce outlasts the same address in another case, from a system that says it every night', async () => {
    await fill('one', { customer: { name: 'Ada', email: 'Ada@Example.test' } });
    await post('/api/followups/one/stop', {});
    await world.store
      .doc('followups/one')
      .update({ stop_reason: 'hard_bounce', bounced_address: 'Ada@Example.test' });
    expect((await patch('one', { customer: { email: 'ada@example.test' } })).body.status).toBe('stopped');
  });

  it.each([
    ['a bounce', { status: 'stopped', stop_reason: 'hard_bounce', bounced_address: 'ada@example.test' }],
    [
      'a refusal',
      {
        parked: {
          reason: 'address_refused',
          at: ago(1),
          due_at: ago(2),
          detail: '550',
          address: 'Ada@example.test',
        },
      },
    ],
  ])('by %s is over once another back end corrects the address', async (_what, fields) => {
    await fill('one', { ...fields, next_due_at: null });
    expect((await run()).followups.sent).toBe(0);
    const customer = { name: 'Ada', email: 'lovelace@example.test' };
    await world.store.doc('followups/one').update({ customer });
    world.clock.advance(DAY);
    expect((await run()).followups.sent).toBe(1);
    expect(world.smtp.mails()[0]?.to).toEqual(['lovelace@example.test']);
  });

  it('by a refused address names it, so that a correction is seen', async () => {
    await fill('one');
    world.smtp.refuse('ada@example.test', 550);
    await run();
    expect((await read('one'))['parked']).toMatchObject({ address: 'ada@example.test' });
  });

  it('of a quote is over once another back end extends it', async () => {
    await fill('q', { type: 'quote', sent_at: ago(20), valid_until: ago(3) });
    expect(await run()).toMatchObject({ skipped: { expired: 1 } });
    await world.store.doc('followups/q').update({ valid_until: stamp(NOW.getTime() + 9 * DAY) });
    world.clock.advance(DAY);
    expect((await run()).followups.sent).toBe(1);
  });

  it('of a quote comes after valid_until, and a longer validity opens it again', async () => {
    const quote = {
      ...invoice({ type: 'quote', sent_at: '2026-02-20', valid_until: '2026-03-03' }),
      due_date: null,
    };
    const { body } = await post('/api/followups', quote);
    expect(await run()).toMatchObject({ followups: { sent: 0, failed: 0 }, skipped: { expired: 1 } });
    expect(await read(body.id)).toMatchObject({ status: 'stopped', stop_reason: 'expired' });
    await patch(body.id, { valid_until: '2026-03-31' });
    expect((await run()).followups.sent).toBe(1);
  });
});

it('the explanation of a paused or refused follow-up says so before its next due time', async () => {
  await fill('ada');
  world.smtp.refuse('ada@example.test', 450);
  await run();
  expect(await why('ada')).toBe('refused_for_now');
  await post('/api/followups/ada/pause', { reason: 'litige' });
  expect(await why('ada')).toBe('paused');
});

describe('a what-if', () => {
  const ask = async (more: object = {}) =>
    (await post('/api/followups/what-if', { org_id: 'org-1', ...more })).body;

  it('plays the runs of 90 days, and writes nothing', async () => {
    const { body } = await post('/api/followups', invoice());
    const before = await read(body.id);
    const answer = await ask({ until: new Date(NOW.getTime() + 90 * DAY).toISOString() });
    expect(answer.would_send.map((one: DocumentData) => [one.level, one.to, one.at.slice(0, 10)])).toEqual([
      [1, 'ada@example.test', '2026-03-04'],
      [2, 'ada@example.test', '2026-03-09'],
      [3, 'ada@example.test', '2026-03-21'],
    ]);
    expect(answer).toMatchObject({ counts: { would_send: 3, would_not: 0, changed: 0 }, would_not: [] });
    expect(await read(body.id)).toEqual(before);
    expect(world.smtp.mails()).toEqual([]);
  });

  it('with other settings or another date says what differs from the saved ones, and why', async () => {
    const { body } = await post('/api/followups', invoice());
    await fill('nobody', { customer: {} });
    const off = await ask({ settings: { auto_followups_enabled: false } });
    expect(off.difference).toEqual({ by_change: { never: 1 }, by_reason: { organisation_off: 1 } });
    expect(off.changed).toMatchObject([{ id: body.id, level: 1, cycle: 1, at: null, change: 'never' }]);
    const later = await ask({ as_of: new Date(NOW.getTime() + 60 * DAY).toISOString() });
    expect(later.would_send).toMatchObject([{ id: body.id, level: 1, reason: 'due' }]);
    expect(later.would_not).toMatchObject([{ id: 'nobody', reason: 'no_email' }]);
    const past = await ask({ as_of: new Date(NOW.getTime() - 10 * DAY).toISOString() });
    expect(past.would_send).toEqual([]);
  });

  it.each([
    [{ until: new Date(NOW.getTime() + 91 * DAY).toISOString() }, 'until'],
    [{ settings: { levels: { invoice: [{ after_days: 7, template: 'x' }] } } }, 'levels.invoice.0.template'],
    [{ settings: { colour: 'red' } }, 'colour'],
  ])('refuses %j', async (more, named) => {
    const { status, body } = await post('/api/followups/what-if', { org_id: 'org-1', ...more });
    expect([status, body.error.message]).toEqual([400, expect.stringContaining(named)]);
  });
});
