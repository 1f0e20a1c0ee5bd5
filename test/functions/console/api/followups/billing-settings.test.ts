import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NEW_HOURS } from '../../../../../shared/domains/followups/settings.ts';
import { callJson } from '../../../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../../support/followups.ts';
import { clear, minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const PATH = '/v1/admin/billing-settings/org-1';
const HOUR = minutes(60);
const DAY = 24 * HOUR;
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
});

const call = (method: string, body?: unknown, headers?: Record<string, string>, query = '') =>
  callJson(world, { token: admin, method, path: PATH + query, body, headers });
const put = (body: unknown, headers?: Record<string, string>) => call('PUT', body, headers);
const run = () =>
  world.post('/api/followups/process-automatic', { headers: { 'X-Cron-Secret': world.secret } });
const stored = async () => (await world.store.doc('billing_settings/org-1').get()).data() ?? {};
const dueAt = async (id: string) =>
  (await world.store.doc(`followups/${id}`).get()).get('next_due_at')?.toDate().toISOString();
const fill = (documents: [string, DocumentData][]) => seed(world.store, 'followups', new Map(documents));

const FROM = { from: 'Atelier Martin <factures@ronde.test>' };

describe('billing settings', () => {
  it('are off, with the defaults, before anything is set', async () => {
    const { status, body } = await call('GET');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'org-1',
      auto_followups_enabled: false,
      time_zone: 'Europe/Paris',
      min_gap_days: 5,
    });
    expect(body.levels.invoice.map(({ template }: { template: string }) => template)).toEqual([
      'courteous',
      'firm',
      'last',
    ]);
    expect(body.updated_at).toBeNull();
  });

  it('offer the opt-out of quotes only in a new organisation, and keep it in all mails of an older one', async () => {
    expect((await call('GET')).body.opt_out).toBe('quotes');
    expect((await put({ min_gap_days: 3 })).body.opt_out).toBe('quotes');
    const ref = world.store.doc('billing_settings/org-1');
    expect((await ref.get()).get('opt_out')).toBe('quotes');
    await ref.set({ min_gap_days: 3 });
    expect((await put({ min_gap_days: 4 })).body.opt_out).toBe('all');
    expect((await ref.get()).get('opt_out')).toBeUndefined();
    expect((await put({ opt_out: 'sometimes' })).status).toBe(400);
  });

  it('merge a partial PUT, accept their own answer, and reject an old version', async () => {
    await put({ min_gap_days: 3, levels: { quote: [{ after_days: 2, template: 'last' }] } });
    const { body, headers } = await put({ max_per_day: 50 });
    expect(body).toMatchObject({ min_gap_days: 3, max_per_day: 50, levels: { quote: [{ after_days: 2 }] } });
    // The levels of invoices keep their default, which the answer shows.
    expect(body.levels.invoice).toHaveLength(3);
    expect((await put(body)).status).toBe(200);
    expect((await put(body)).status).toBe(409);
    expect((await put({ max_per_day: 9 }, { 'If-Match': headers.get('etag') ?? '' })).status).toBe(409);
    expect((await put({ max_per_day: 9 })).status).toBe(200);
  });

  it.each([
    [{ time_zone: 'Europe/Atlantis' }, 'time_zone: must be an IANA time zone'],
    [{ min_gap_days: 0 }, 'min_gap_days'],
    [{ levels: { invoice: [{ after_days: 0, template: 'courteous' }] } }, 'levels.invoice.0.after_days'],
    [
      {
        levels: {
          invoice: [
            { after_days: 9, template: 'a' },
            { after_days: 9, template: 'b' },
          ],
        },
      },
      'must rise',
    ],
    [{ quiet_hours: { from: '9', to: '8' } }, 'quiet_hours.from'],
    [{ quiet_hours: { from: '08:00', to: '07:00' } }, 'leave at least 3 hours'],
    [{ from: 'Atelier' }, 'from: must be'],
    [{ reply_to: 'x y@z.test' }, 'reply_to'],
    [{ locale: 'de' }, 'locale'],
    [
      { templates: { courteous: { fr: { subject: 'x', text: '{{#each}}' } } } },
      'templates.courteous.fr.text: names {{#each}}',
    ],
    [{ templates: { courteous: { fr: { subject: '{{amount', text: 'x' } } } }, 'belongs to no placeholder'],
    [{ templates: { 'A B': { fr: { subject: 'x', text: 'x' } } } }, 'templates'],
    [{ colour: 'red' }, 'colour'],
  ])('reject %j with the rule it breaks', async (body, message) => {
    const refused = await put(body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain(message);
    expect(await stored()).toEqual({});
  });

  it('accept a `from` of the account’s domain, and replace any other by the account with a Reply-To', async () => {
    const own = await put({ from: 'Atelier <factures@ronde.test>' });
    expect(own.body).toMatchObject({
      from_used: { name: 'Atelier', address: 'factures@ronde.test' },
      warnings: [],
    });
    const foreign = await put({ from: 'Atelier <martin@atelier.example>', auto_followups_enabled: true });
    expect(foreign.body.from_used).toEqual({ name: 'Atelier', address: 'noreply@ronde.test' });
    expect(foreign.body.warnings).toEqual([expect.stringContaining('DMARC')]);
    await fill([['ada', followupFields({ next_due_at: stamp(NOW.getTime() - HOUR) })]]);
    await run();
    expect(world.smtp.mails()[0]).toMatchObject({
      from: 'Atelier <noreply@ronde.test>',
      headers: { 'reply-to': 'martin@atelier.example' },
    });
  });

  it('of a new organisation keep to business days and hours, unless it chooses others', async () => {
    expect((await call('GET')).body).toMatchObject(NEW_HOURS);
    expect((await put({ min_gap_days: 3 })).body).toMatchObject(NEW_HOURS);
    expect(await stored()).toMatchObject(NEW_HOURS);
    expect((await put({ quiet_hours: null })).body).toMatchObject({
      business_days_only: true,
      quiet_hours: null,
    });
    expect((await put({ ...FROM, auto_followups_enabled: true })).body.quiet_hours).toBeNull();
  });

  it('of an older organisation keep its hours, until it is switched on without any', async () => {
    const ref = world.store.doc('billing_settings/org-1');
    await ref.set({ min_gap_days: 3, quiet_hours: null });
    expect((await put({ min_gap_days: 4 })).body).toMatchObject({
      business_days_only: false,
      quiet_hours: null,
    });
    const { body } = await put({ ...FROM, auto_followups_enabled: true });
    expect(body).toMatchObject({ business_days_only: true, quiet_hours: null });
    // One that is on already is not switched on.
    await ref.set({ auto_followups_enabled: true });
    expect((await put({ auto_followups_enabled: true })).body.business_days_only).toBe(false);
  });

  it('refuse to be switched on without a sender’s name or an address for answers', async () => {
    const on = { auto_followups_enabled: true };
    for (const from of [{}, { from: 'factures@ronde.test' }]) {
      const refused = await put({ ...from, ...on });
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toContain('give a name and an address');
    }
    world.reconfigure({ DEFAULT_FROM_EMAIL: 'Atelier <noreply@ronde.test>' });
    const refused = await put(on);
    expect(refused.body.error.message).toContain('reply_to: answers of customers would reach nobody');
    expect(await stored()).toEqual({});
    expect((await put({ ...on, reply_to: 'martin@ronde.test' })).status).toBe(200);
    await world.store.doc('billing_settings/org-1').delete();
    await seed(
      world.store,
      'inbox_integrations',
      new Map([['m', { org_id: 'org-1', active: true, auth: { user: 'Bureau@ronde.test' } }]]),
    );
    expect((await put(on)).body.reply_to).toBe('bureau@ronde.test');
    await clear(world.store, 'inbox_integrations');
    world.reconfigure({});
  });

  it('reschedule open follow-ups if their rules change, and no others', async () => {
    await put({ time_zone: 'Europe/Paris' });
    const fields = { due_date: stamp('2026-03-24T09:00:00Z') };
    await fill([
      ['open', followupFields(fields)],
      ['paid', followupFields({ ...fields, status: 'paid' })],
      [
        'parked',
        followupFields({ ...fields, next_due_at: null, parked: { reason: 'no_email' }, customer: null }),
      ],
      ['other', followupFields({ ...fields, org_id: 'org-2' })],
    ]);
    const untouched = await dueAt('other');
    const { body } = await put({ levels: { invoice: [{ after_days: 10, template: 'firm' }] } });
    expect(body.rescheduled).toBe(1);
    expect([await dueAt('open'), await dueAt('parked'), await dueAt('other')]).toEqual([
      '2026-04-03T08:00:00.000Z',
      undefined,
      untouched,
    ]);
    expect((await put({ max_per_run: 5 })).body.rescheduled).toBe(0);
    await put({ business_days_only: true, quiet_hours: { from: '20:00', to: '12:00' }, grace_days: 12 });
    // 5 April is a Sunday, and the 6th is Easter Monday.
    expect(await dueAt('open')).toBe('2026-04-07T10:00:00.000Z');
    expect(await stored()).not.toHaveProperty('rescheduling');
  });

  it('that an interruption left half applied are completed by the next run', async () => {
    await world.store
      .doc('billing_settings/org-1')
      .set(settingsFields({ rescheduling: true, grace_days: 60 }));
    await fill([
      ['open', followupFields({ next_due_at: stamp(NOW.getTime() - HOUR), scheduled_by: 'older' })],
    ]);
    expect((await run()).body.followups.due).toBe(0);
    expect(await dueAt('open')).toBe('2026-04-02T08:00:00.000Z');
    expect(await stored()).not.toHaveProperty('rescheduling');
  });

  it('let an organisation replace the words of its mails', async () => {
    await put({
      ...FROM,
      auto_followups_enabled: true,
      templates: {
        courteous: { fr: { subject: '{{label}} !', text: 'Cher <b>{{customer_name}}</b>,\n\n{{amount}}' } },
      },
    });
    await fill([['ada', followupFields({ next_due_at: stamp(NOW.getTime() - HOUR) })]]);
    await run();
    expect(world.smtp.mails()[0]).toMatchObject({
      subject: 'F-2026-001 !',
      text: expect.stringContaining('Cher <b>Ada'),
    });
    expect(world.smtp.mails()[0]?.html).toContain('&lt;b&gt;Ada Lovelace&lt;/b&gt;');
    expect((await put({ templates: { courteous: null } })).body.templates).toEqual({});
  });

  it('let an organisation replace the words for invoices only', async () => {
    await put({
      templates: { invoice_courteous: { fr: { subject: 'Facture {{label}} !', text: 'Bonjour.' } } },
    });
    await fill([
      ['invoice', followupFields()],
      ['quote', followupFields({ type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z') })],
    ]);
    const subject = async (id: string) => {
      const headers = { Authorization: `Bearer ${admin}` };
      const answer = await fetch(`${world.url}/api/followups/${id}/preview?level=1`, { headers });
      return ((await answer.json()) as { subject: string }).subject;
    };
    expect(await subject('invoice')).toBe('Facture F-2026-001 !');
    expect(await subject('quote')).toBe('Notre devis F-2026-001');
    await put({ templates: { invoice_courteous: null } });
    expect(await subject('invoice')).toBe('Rappel : facture F-2026-001 échue le 1er février 2026');
  });

  it('have a route that lists the built-in templates and their placeholders', async () => {
    const answer = await fetch(`${world.url}/v1/admin/followup-templates`, {
      headers: { Authorization: `Bearer ${admin}` },
    });
    expect(await answer.json()).toMatchObject({
      invoice: { courteous: { fr: { subject: expect.stringContaining('{{label}}') } }, firm: {}, last: {} },
      quote: { courteous: { en: { text: expect.stringContaining('{{sent_date}}') } }, last: {} },
      placeholders: expect.arrayContaining(['customer_name', 'amount']),
    });
  });
});

describe('switching automatic follow-ups on', () => {
  /** Seeds old and recent open invoices, as in a company that never used automatic follow-ups. */
  const seedYears = (old: number, recent: number) => {
    const one = (index: number, late: number): [string, DocumentData] => [
      `f-${String(index).padStart(4, '0')}`,
      followupFields({
        customer: { name: `c${index}`, email: `c${index}@example.test` },
        due_date: stamp(NOW.getTime() - (late + 8) * DAY),
        next_due_at: stamp(NOW.getTime() - late * DAY),
      }),
    ];
    const all = Array.from({ length: old + recent }, (_, index) =>
      one(index, index < old ? 31 + (index % 700) : index % 30),
    );
    return fill(all);
  };

  it('announces 381 of 3,000 open invoices, sends max_per_run of them and holds those over 30 days late', async () => {
    await seedYears(2_500, 500);
    const rehearsed = await call(
      'PUT',
      { ...FROM, auto_followups_enabled: true, max_per_run: 40 },
      {},
      '?dry_run=true',
    );
    const { body } = await put({ ...FROM, auto_followups_enabled: true, max_per_run: 40 });
    expect(body.activation).toMatchObject({ would_send_now: 381, first_run: 40, held: 2_619 });
    expect(body.activation.next).toHaveLength(20);
    expect(rehearsed.body.activation).toMatchObject({ would_send_now: 381, first_run: 40, held: 2_619 });
    expect((await run()).body.followups).toMatchObject({ sent: 40, failed: 0 });
    expect((await run()).body.followups).toMatchObject({ sent: 40, failed: 0 });
    const numbers = world.smtp.mails().map(({ to }) => Number(to[0]?.slice(1).split('@')[0]));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(2_500);
    expect(new Set(numbers).size).toBe(80);
  });

  it('sends the held ones after a confirmation, and holds none that come due later', async () => {
    await seedYears(3, 0);
    await put({ ...FROM, auto_followups_enabled: true });
    expect((await run()).body.followups.due).toBe(0);
    world.clock.advance(DAY);
    expect((await put({ max_per_day: 10 })).body.activation.held).toBe(3);
    expect((await put({ confirm_held: true })).body.activation).toMatchObject({ would_send_now: 3, held: 0 });
    expect((await run()).body.followups.sent).toBe(3);
  });

  it('schedules the follow-ups that another back end wrote without a due time', async () => {
    await fill([
      ['new', followupFields({ next_due_at: null, due_date: stamp(NOW.getTime() - 10 * DAY) })],
      [
        'own',
        followupFields({ next_due_at: stamp(NOW.getTime() - HOUR), due_date: stamp(NOW.getTime() - DAY) }),
      ],
    ]);
    const anyTime = { business_days_only: false, quiet_hours: null };
    const { body } = await put({ ...FROM, ...anyTime, auto_followups_enabled: true });
    expect(body).toMatchObject({ rescheduled: 1, activation: { would_send_now: 2, held: 0 } });
    expect((await run()).body.followups.sent).toBe(2);
  });
});
