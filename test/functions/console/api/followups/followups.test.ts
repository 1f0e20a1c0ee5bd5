import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FollowupSignal } from '../../../../../shared/domains/followups/answers/answer.ts';
import { applySignal } from '../../../../../shared/domains/followups/answers/signals.ts';
import { openCounted } from '../../../../../shared/doors/engines.ts';
import { callJson } from '../../../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../../support/followups.ts';
import { type SmtpFaults, startSmtpFaults } from '../../../../support/smtp-faults.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const HOUR = minutes(60);
const DAY = 24 * HOUR;
let world: World;
let faults: SmtpFaults;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  faults = await startSmtpFaults(world.smtp);
});
afterAll(async () => {
  await faults?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 400 * 86_400 });
  world.smtp.clear();
  faults.fault = null;
  world.reconfigure({});
  await clearFollowups(world.store);
  await world.redis.flushall();
  await world.store.doc('billing_settings/org-1').set(settingsFields());
});

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
  // The history is ordered by instants, so each call needs another one.
  world.clock.advance(1);
  return callJson(world, { token: admin, method, path, body, headers });
};
const get = (path: string) => call('GET', path);
const post = (path: string, body: unknown = {}) => call('POST', path, body);
const run = () => {
  world.clock.advance(1);
  return world.post('/api/followups/process-automatic', { headers: { 'X-Cron-Secret': world.secret } });
};
const fill = (id: string, more: DocumentData = {}) =>
  seed(
    world.store,
    'followups',
    new Map([[id, followupFields({ next_due_at: stamp(NOW.getTime() - HOUR), ...more })]]),
  );
const reasons = async (id: string) =>
  (await get(`/api/followups/${id}/history`)).body.items
    .map(({ reason }: { reason: string }) => reason)
    .reverse();
const invoice = (more: object = {}) => ({
  org_id: 'org-1',
  type: 'invoice',
  source_id: 'inv-7',
  source_label: 'F-2026-007',
  customer: { name: 'Ada', email: ' Ada@Example.test' },
  amount_due: 99.9,
  currency: 'EUR',
  due_date: '2026-02-01',
  ...more,
});

describe('a follow-up of an invoice', () => {
  it('is created once, with a due time in the organisation’s days, and updated after that', async () => {
    const created = await post('/api/followups', invoice());
    expect(created).toMatchObject({
      status: 201,
      body: {
        status: 'open',
        level: 0,
        auto_enabled: true,
        customer: { name: 'Ada', email: 'ada@example.test' },
        due_date: '2026-01-31T23:00:00.000Z',
        next_due_at: '2026-02-07T23:00:00.000Z',
      },
    });
    const again = await post('/api/followups', invoice({ amount_due: 50, due_date: '2026-03-29' }));
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({
      id: created.body.id,
      amount_due: 50,
      next_due_at: '2026-04-04T22:00:00.000Z',
    });
    expect(await reasons(created.body.id)).toEqual(['created', 'changed']);
    expect((await get('/api/followups?org_id=org-1')).body).toMatchObject({
      items: [{ id: created.body.id }],
      next_page: null,
    });
  });

  it.each([
    [{ type: 'receipt' }, 'type'],
    [{ customer: { email: 'ada at example' } }, 'customer.email'],
    [{ customer: { locale: 'de' } }, 'customer.locale'],
    [{ amount_due: '12' }, 'amount_due'],
    [{ currency: 'euro' }, 'currency'],
    [{ due_date: '31/01/2026' }, 'due_date'],
    [{ due_date: '2026-02-30T00:00:00' }, 'due_date'],
    [{ status: 'late' }, 'status'],
    [{ org_id: 'a/b' }, 'org_id'],
    [{ colour: 'red' }, 'colour'],
  ])('is rejected for %j, by the name of the field', async (more, name) => {
    const { status, body } = await post('/api/followups', invoice(more));
    expect(status).toBe(400);
    expect(body.error.message).toContain(name);
  });

  it('is listed in pages, by organisation, type or status', async () => {
    for (let index = 0; index < 5; index += 1)
      await fill(`f-${index}`, {
        org_id: index === 4 ? 'org-2' : 'org-1',
        status: index === 0 ? 'paid' : 'open',
      });
    const first = (await get('/api/followups?org_id=org-1&status=open&limit=2')).body;
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual(['f-1', 'f-2']);
    const second = (await get(`/api/followups?org_id=org-1&status=open&limit=2&page=${first.next_page}`))
      .body;
    expect(second).toMatchObject({ items: [{ id: 'f-3' }], next_page: null });
  });

  it('is changed only in the version that the writer names, if it names one', async () => {
    await fill('ada');
    const { body } = await get('/api/followups/ada');
    expect(
      (await call('PATCH', '/api/followups/ada', { amount_due: 5, updated_at: body.updated_at })).status,
    ).toBe(200);
    expect(
      (await call('PATCH', '/api/followups/ada', { amount_due: 6, updated_at: body.updated_at })).status,
    ).toBe(409);
    expect((await call('PATCH', '/api/followups/nobody', { amount_due: 6 })).status).toBe(404);
  });

  it.each(['paid', 'accepted', 'cancelled'])('that is %s gets no more mail', async (status) => {
    await fill('ada');
    expect((await post(`/api/followups/ada/${status}`)).body).toMatchObject({ status, next_due_at: null });
    await post(`/api/followups/ada/${status}`);
    expect((await run()).body.followups.due).toBe(0);
    expect(await reasons('ada')).toEqual([status]);
  });

  it('is paused until a time or without end, and has its old due time when resumed', async () => {
    await fill('ada');
    const until = new Date(NOW.getTime() + 3 * DAY).toISOString();
    expect((await post('/api/followups/ada/pause', { until })).body).toMatchObject({
      paused_until: until,
      next_due_at: until,
    });
    expect((await run()).body.followups.due).toBe(0);
    await post('/api/followups/ada/pause');
    world.clock.advance(300 * DAY);
    expect((await run()).body.followups.due).toBe(0);
    await post('/api/followups/ada/resume');
    expect((await run()).body.followups.sent).toBe(1);
  });

  it('gets no mail from a stop until it is resumed', async () => {
    await fill('ada');
    await post('/api/followups/ada/stop', { reason: 'On a parlé au téléphone' });
    expect((await run()).body.followups.due).toBe(0);
    expect((await get('/api/followups/ada/explain')).body).toMatchObject({
      reason: 'stopped',
      decision: 'wait',
    });
    await post('/api/followups/ada/resume');
    expect((await run()).body.followups.sent).toBe(1);
    expect(await reasons('ada')).toEqual(['stopped', 'resumed', 'sent']);
  });

  it('with a fault goes after the fix, at its old due time', async () => {
    await fill('ada', { customer: { name: 'Ada' } });
    await run();
    expect((await get('/api/followups/ada')).body).toMatchObject({
      parked: { reason: 'no_email' },
      explanation: { reason: 'no_email', decision: 'park', message: { fr: expect.any(String) } },
    });
    const fixed = await call('PATCH', '/api/followups/ada', { customer: { email: 'ada@example.test' } });
    expect(fixed.body).toMatchObject({
      parked: null,
      next_due_at: new Date(NOW.getTime() - HOUR).toISOString(),
    });
    expect((await run()).body.followups.sent).toBe(1);
  });

  it('with a refused address goes to another address only', async () => {
    await fill('ada');
    world.smtp.refuse('ada@example.test', 550);
    await run();
    await call('PATCH', '/api/followups/ada', { amount_due: 1 });
    expect((await run()).body.followups.due).toBe(0);
    await call('PATCH', '/api/followups/ada', { customer: { email: 'countess@example.test' } });
    expect((await run()).body.followups.sent).toBe(1);
    expect(world.smtp.mails().map(({ to }) => to[0])).toEqual(['countess@example.test']);
  });
});

describe('the mail of a follow-up', () => {
  it('looks in the preview exactly as it goes out', async () => {
    await fill('ada');
    const { body } = await get('/api/followups/ada/preview');
    await run();
    const [mail] = world.smtp.mails();
    expect(mail).toMatchObject({ subject: body.subject, message_id: body.message_id });
    expect(mail?.text.trim()).toBe(body.text.trim());
    expect(mail?.html.trim()).toBe(body.html.trim());
    expect((await get('/api/followups/ada/preview?level=3')).body).toMatchObject({
      level: 3,
      template: 'last',
    });
    expect(await get('/api/followups/ada/preview?level=4')).toMatchObject({ status: 409 });
  });

  it('may be sent by hand before its due time, and no run repeats it', async () => {
    await fill('ada', { next_due_at: stamp(NOW.getTime() + DAY) });
    await world.store.doc('billing_settings/org-1').update({ auto_followups_enabled: false });
    const { status, body } = await post('/api/followups/ada/send', { level: 1 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      sent: true,
      level: 1,
      reason: 'sent',
      message_id: world.smtp.mails()[0]?.message_id,
    });
    expect((await get('/api/followups/ada')).body).toMatchObject({ level: 1 });
    const { body: history } = await get('/api/followups/ada/history');
    expect(history.items[0]).toMatchObject({ reason: 'sent', by: 'admintest1' });
    expect(history.sends).toMatchObject([{ id: '1', state: 'sent' }]);
  });

  it('goes once if ten people press the button during two runs', async () => {
    await fill('ada');
    const presses = Array.from({ length: 10 }, () => post('/api/followups/ada/send', { level: 1 }));
    const answers = await Promise.all([...presses, run(), run()]);
    // A run that changes the follow-up between claim and mail withholds it; the next one sends it.
    await run();
    expect(world.smtp.mails()).toHaveLength(1);
    expect(answers.slice(0, 10).every(({ status }) => [200, 409].includes(status))).toBe(true);
  });

  it.each([
    [{ status: 'paid' }, 'paid'],
    [{ customer: {} }, 'no_email'],
    [{ level: 3 }, 'all_levels_sent'],
  ])('of %j is rejected with its reason', async (more, reason) => {
    await fill('ada', more);
    expect(await post('/api/followups/ada/send', { level: 1 })).toMatchObject({
      status: 409,
      body: { error: { details: { reason } } },
    });
  });

  it('waits for a person if it is uncertain: as sent it counts, as not sent it goes again', async () => {
    const messageIds: string[] = [];
    for (const [id, outcome] of [
      ['ada', 'sent'],
      ['bob', 'not_sent'],
    ] as const) {
      await fill(id, { customer: { email: `${id}@example.test` } });
      world.reconfigure({ EMAIL_PORT: String(faults.port) });
      faults.fault = { at: 'answer', how: 'close' };
      await run();
      faults.fault = null;
      expect(await post(`/api/followups/${id}/send`, { level: 1 })).toMatchObject({ status: 409 });
      expect((await post(`/api/followups/${id}/resume`)).body.parked).toMatchObject({
        reason: 'unknown_delivery',
      });
      messageIds.push(world.smtp.mails().at(-1)?.message_id ?? '');
      expect((await post(`/api/followups/${id}/settle`, { outcome })).status).toBe(200);
      expect((await post(`/api/followups/${id}/settle`, { outcome })).status).toBe(409);
    }
    expect((await get('/api/followups/ada')).body).toMatchObject({ level: 1, parked: null });
    expect((await run()).body.followups).toMatchObject({ due: 1, sent: 1 });
    expect(world.smtp.mails().map(({ to }) => to[0])).toEqual([
      'ada@example.test',
      'bob@example.test',
      'bob@example.test',
    ]);
    expect(world.smtp.mails()[2]?.message_id).toBe(messageIds[1]);
  });
});

describe('the opt-out link', () => {
  const link = async () => {
    await fill('ada');
    await run();
    return /<(http[^>]+)>/.exec(world.smtp.mails()[0]?.headers['list-unsubscribe'] ?? '')?.[1] ?? '';
  };

  it('changes nothing on GET, and ends the reminders on one POST without a sign-in', async () => {
    const url = await link();
    const shown = await fetch(url);
    expect([shown.status, await shown.text()]).toEqual([
      200,
      expect.stringContaining('<form method="post">'),
    ]);
    expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await get('/api/followups/ada')).body.status).toBe('open');
    const done = await fetch(url, {
      method: 'POST',
      body: 'List-Unsubscribe=One-Click',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect([done.status, await done.text()]).toEqual([200, expect.stringContaining('C’est noté')]);
    expect((await get('/api/followups/ada')).body).toMatchObject({
      status: 'stopped',
      stop_reason: 'opted_out',
    });
    await post('/api/followups/ada/resume');
    expect((await post('/api/followups/ada/send', { level: 1 })).body.error.details.reason).toBe('opted_out');
    expect((await fetch(url, { method: 'POST' })).status).toBe(200);
    expect(await (await fetch(url)).text()).toContain('C’est noté');
  });

  it('goes with links to the pages of the document, which must be https', async () => {
    await fill('ada');
    const patch = (body: object) => call('PATCH', '/api/followups/ada', body);
    expect((await patch({ payment_url: 'http://pay.example.test' })).status).toBe(400);
    expect((await patch({ payment_url: 'https://pay.example.test/?a=1&b=2' })).status).toBe(200);
    const { html, text } = (await get('/api/followups/ada/preview')).body;
    expect(html).toContain('<a href="https://pay.example.test/?a=1&amp;b=2">');
    expect(text).toContain('\nhttps://pay.example.test/?a=1&b=2\n');
  });

  it.each([
    ['all', [true, true]],
    ['quotes', [false, true]],
    ['none', [false, false]],
  ])(
    'of opt_out %s stands in the mails that it names, in the header as in the text',
    async (optOut, wanted) => {
      await world.store.doc('billing_settings/org-1').update({ opt_out: optOut });
      await fill('ada');
      await fill('quote', { type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z') });
      const previews = await Promise.all(['ada', 'quote'].map((id) => get(`/api/followups/${id}/preview`)));
      const has = (text: string) => previews.map(({ body }) => body.raw.includes(text) as boolean);
      expect([has('List-Unsubscribe'), has('Ne plus recevoir de rappel')]).toEqual([wanted, wanted]);
    },
  );

  it('answers 404 with the signature of another follow-up, a wrong one or none', async () => {
    const url = await link();
    await fill('bob');
    const signature = url.slice(url.lastIndexOf('.') + 1);
    const forged = [
      `/o/${Buffer.from('bob').toString('base64url')}.${signature}`,
      '/o/ada',
      '/o/',
      '/o/YWRh.',
      // The same id and signature in another spelling.
      `${new URL(url).pathname}.junk`,
      new URL(url).pathname.replace('YWRh.', 'YWRhA.'),
      new URL(url).pathname.replace('YWRh.', 'YWRh=.'),
      '/o/..%2F..%2Fx.y',
    ];
    for (const path of forged) expect((await fetch(world.url + path, { method: 'POST' })).status).toBe(404);
    expect((await get('/api/followups/bob')).body.status).toBe('open');
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
  });
});

it('logs no address of a customer to whom no mail can be made', async () => {
  await fill('bob', { customer: { name: 'Bob', email: 'bob@x.test eve@x.test' } });
  world.logs.length = 0;
  const { status, body } = await get('/api/followups/bob/preview');
  expect([status, body.error.message]).toEqual([409, expect.stringContaining('bob@x.test eve@x.test')]);
  expect(world.logs.join('')).toContain('refused');
  expect(world.logs.join('')).not.toContain('bob@x.test');
});

describe('a signal of the inbox', () => {
  const signal = async (kind: FollowupSignal['kind'], more: Partial<FollowupSignal> = {}) => {
    world.clock.advance(1);
    const messageIds = [(await world.store.doc('followups/ada').get()).get('message_ids')[0]];
    const mail = openCounted(world.deps).post;
    const decider = { runId: 'sync-inbox!1', by: null };
    const context = {
      store: world.store,
      now: world.clock(),
      decider,
      ...(mail ? { post: mail } : {}),
    };
    const answer = { answerId: '<answer@example.test>', documentId: 'mail-1', receivedAt: world.clock() };
    const detail = 'Ada: bonjour';
    return await applySignal(context, { kind, orgId: 'org-1', messageIds, ...answer, detail, ...more });
  };

  it('about a person’s reply ends the reminders once; an unknown Message-ID or another organisation’s mailbox ends none', async () => {
    await fill('ada');
    await run();
    expect(await signal('reply', { messageIds: ['<other@example.test>'] })).toEqual([]);
    expect(await signal('reply', { orgId: 'org-2' })).toEqual([]);
    expect(await signal('reply')).toEqual([{ followupId: 'ada', effect: 'stopped' }]);
    expect(await signal('reply', { documentId: 'copy' })).toEqual([{ followupId: 'ada', effect: 'ignored' }]);
    expect((await get('/api/followups/ada')).body).toMatchObject({
      status: 'stopped',
      stop_reason: 'replied',
    });
    expect(await reasons('ada')).toEqual(['sent', 'replied']);
  });

  it('about an out-of-office postpones until the day after the return, and never shortens the wait', async () => {
    await fill('ada');
    await run();
    const backAt = new Date(NOW.getTime() + 10 * DAY);
    expect(await signal('auto_reply', { backAt })).toEqual([{ followupId: 'ada', effect: 'postponed' }]);
    expect((await get('/api/followups/ada')).body.next_due_at).toBe(
      new Date(NOW.getTime() + 11 * DAY).toISOString(),
    );
    const shorter = { answerId: '<other@example.test>' };
    expect(await signal('auto_reply', shorter)).toEqual([{ followupId: 'ada', effect: 'ignored' }]);
    world.clock.advance(12 * DAY);
    expect((await run()).body.followups.sent).toBe(1);
  });

  it('about a hard bounce ends the reminders and notifies the owner once', async () => {
    await world.store.doc('billing_settings/org-1').update({ notify_email: 'patron@ronde.test' });
    await fill('ada');
    await run();
    await signal('hard_bounce', { detail: '550 5.1.1 No such user' });
    await signal('hard_bounce');
    expect((await get('/api/followups/ada')).body).toMatchObject({
      status: 'stopped',
      stop_reason: 'hard_bounce',
    });
    const notices = world.smtp.mails().filter(({ to }) => to[0] === 'patron@ronde.test');
    expect(notices).toHaveLength(1);
    expect(notices[0]?.text).toContain('550 5.1.1');
  });

  it('about a copy of an uncertain mail settles it as sent', async () => {
    await fill('ada');
    world.reconfigure({ EMAIL_PORT: String(faults.port) });
    faults.fault = { at: 'answer', how: 'close' };
    await run();
    expect(await signal('own_copy', { messageIds: [world.smtp.mails()[0]?.message_id ?? ''] })).toEqual([
      { followupId: 'ada', effect: 'settled' },
    ]);
    expect((await get('/api/followups/ada')).body).toMatchObject({ level: 1, parked: null });
  });
});
