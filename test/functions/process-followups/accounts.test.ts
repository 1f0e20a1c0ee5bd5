import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleWorld, startConsoleWorld } from '../../support/console.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { startTokenServer, type TokenServer } from '../../support/inbox/oauth.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../../support/scripted-smtp.ts';
import { minutes, NOW, seed, type World } from '../../support/world.ts';

const ROOT = '/v1/admin/mail-accounts';
const HOUR = minutes(60);
const DAY = 24 * HOUR;
const PASSWORD = 'a-secret-of-theirs';
let console_: ConsoleWorld;
let world: World;
/** The server of EMAIL_*, and that of the organisation's own account. */
let common: ScriptedSmtp;
let own: ScriptedSmtp;
let tokens: TokenServer;

beforeAll(async () => {
  console_ = await startConsoleWorld();
  world = console_.world;
  common = await startScriptedSmtp();
  own = await startScriptedSmtp();
  tokens = await startTokenServer();
});
afterAll(async () => {
  await tokens?.stop();
  await own?.stop();
  await common?.stop();
  await console_?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.logs.length = 0;
  for (const smtp of [common, own]) Object.assign(smtp, { mails: [], connections: 0, script: () => null });
  tokens.refuse(null);
  await clearFollowups(world.store);
  await world.redis.flushall();
  world.reconfigure({ ...console_.environment, EMAIL_PORT: String(common.port) });
  for (const id of ['org-1', 'org-2'])
    await world.store
      .doc(`billing_settings/${id}`)
      .set(settingsFields({ from: `Garage <factures@${id}.test>`, notify_email: `patron@${id}.test` }));
});

const call = (method: string, path: string, body?: unknown) => console_.call(method, path, body);
const run = (body: object = {}) =>
  world.post('/api/followups/process-automatic', { body, headers: { 'X-Cron-Secret': world.secret } });
const password = { method: 'password', user: 'compta@org-1.test', password: PASSWORD };
const given = (auth: object = password, more: object = {}) => ({
  ...{ org_id: 'org-1', host: '127.0.0.1', port: own.port, security: 'none', auth },
  ...more,
});
const add = async (auth?: object, more?: object) => (await call('POST', ROOT, given(auth, more))).body;
const reached = (smtp: ScriptedSmtp) => smtp.mails.map(({ to }) => to);
const customers = (smtp: ScriptedSmtp) => reached(smtp).filter((to) => to.startsWith('client'));
const notices = () => common.mails.filter(({ to }) => to.startsWith('patron'));

async function fill(count: number, org: string): Promise<void> {
  const one = (index: number): [string, object] => [
    `${org}-${index}`,
    followupFields({
      org_id: org,
      customer: { name: `Client ${index}`, email: `client-${index}@kunde-${index}.example` },
      next_due_at: stamp(NOW.getTime() - HOUR),
      due_date: stamp(NOW.getTime() - 20 * DAY),
    }),
  ];
  await seed(world.store, 'followups', new Map(Array.from({ length: count }, (_, index) => one(index))));
}

describe('a mail account', () => {
  it('is tried, sealed, shown without its password, and sends its organisation’s reminders', async () => {
    const made = await add();
    expect(made).toMatchObject({
      ...{ org_id: 'org-1', test: { ok: true, error: null }, address: 'compta@org-1.test' },
      ...{ from_domains: ['org-1.test'], max_connections: 8, per_minute: null, held_until: null },
      auth: { method: 'password', user: 'compta@org-1.test', has_credentials: true },
    });
    await fill(3, 'org-1');
    await fill(2, 'org-2');
    expect((await run()).body.followups.sent).toBe(5);
    expect([customers(own).length, customers(common).length]).toEqual([3, 2]);
    expect(own.mails[0]?.raw).toContain('From: Garage <factures@org-1.test>');
    const stored = JSON.stringify((await world.store.doc(`mail_accounts/${made.id}`).get()).data());
    const listed = JSON.stringify((await call('GET', ROOT)).body);
    for (const text of [stored, listed, JSON.stringify(made), world.logs.join('')])
      expect(text).not.toContain(PASSWORD);
  });

  it('sends under its own address and the organisation’s name if it may not send for its domain', async () => {
    await add(password, { from_domains: ['elsewhere.test'] });
    const { body } = await call('PUT', '/v1/admin/billing-settings/org-1', { locale: 'fr' });
    expect(body).toMatchObject({ from_used: { name: 'Garage', address: 'compta@org-1.test' } });
    expect(body.warnings).toEqual([expect.stringContaining('factures@org-1.test')]);
    await fill(1, 'org-1');
    await run();
    expect(own.mails[0]?.raw).toContain('From: Garage <compta@org-1.test>');
    expect(own.mails[0]?.raw).toContain('Reply-To: factures@org-1.test');
  });

  it('of the same user is refused, and one that settings name is not deleted', async () => {
    const { id } = await add();
    expect(await call('POST', ROOT, given())).toMatchObject({
      status: 409,
      body: { error: { details: { id } } },
    });
    const settings = '/v1/admin/billing-settings';
    expect((await call('PUT', `${settings}/org-2`, { mail_account: id })).status).toBe(400);
    expect((await call('PUT', `${settings}/org-1`, { mail_account: id })).status).toBe(200);
    expect((await call('DELETE', `${ROOT}/${id}`)).status).toBe(409);
    await call('PUT', `${settings}/org-1`, { mail_account: null });
    expect((await call('DELETE', `${ROOT}/${id}`)).status).toBe(204);
    expect((await call('GET', `${ROOT}/${id}`)).status).toBe(404);
  });

  it.each(['127.0.0.1', 'localhost', '10.0.0.7', '169.254.169.254', '::ffff:10.0.0.7'])(
    'on %s is refused in production, and never kept',
    async (host) => {
      world.reconfigure({
        EMAIL_PORT: String(common.port),
        RONDE_LOCAL: '0',
        RONDE_GOOGLE_ISSUER: undefined,
      });
      const { status, body } = await call('POST', ROOT, given(password, { host, security: 'starttls' }));
      expect([status, body.error.message]).toEqual([400, expect.stringContaining('no public address')]);
      expect((await world.store.collection('mail_accounts').get()).size).toBe(0);
    },
  );

  it.each<[object, string]>([
    [{ user: 'apikey', method: 'password', password: 'x' }, 'give the address'],
    [{ user: 'a@b.test', method: 'xoauth2', password: 'x' }, 'auth'],
    [{ user: 'a@b.test', method: 'password', secret_ref: 'ronde-cron-secret' }, 'auth'],
  ])('with the login %j is refused', async (auth, message) => {
    const { status, body } = await call('POST', ROOT, given(auth));
    expect([status, body.error.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it('of EMAIL_* is listed, tried and not changed', async () => {
    const { items } = (await call('GET', ROOT)).body;
    expect(items).toEqual([expect.objectContaining({ id: 'default', org_id: null, port: common.port })]);
    expect((await call('POST', `${ROOT}/default/test`, {})).body).toEqual({ ok: true, error: null });
    expect((await call('PATCH', `${ROOT}/default`, { label: 'x' })).status).toBe(409);
    expect((await call('DELETE', `${ROOT}/default`)).status).toBe(409);
  });
});

describe('an account whose login is refused', () => {
  const refuse = (smtp: ScriptedSmtp, answer = '535 5.7.8 Username and Password not accepted') => {
    smtp.script = (step) => (step === 'auth' ? answer : null);
  };

  it('costs the others nothing, fails no run, notifies its owner once, and sends once it is mended', async () => {
    const { id } = await add();
    await fill(3, 'org-1');
    await fill(40, 'org-2');
    refuse(own);
    const first = await run();
    expect([first.status, first.body.outcome, first.body.followups.sent]).toEqual([200, 'partial', 40]);
    expect(notices().map(({ to }) => to)).toEqual(['patron@org-1.test']);
    const { connections } = own;
    const second = await run();
    expect([second.body.skipped, own.connections]).toEqual([{ account_waits: 3 }, connections]);
    for (let hour = 0; hour < 4; hour += 1) {
      world.clock.advance(HOUR);
      await run();
    }
    expect(notices()).toHaveLength(1);
    own.script = () => null;
    const changed = await call('PATCH', `${ROOT}/${id}`, { auth: password });
    expect(changed.body).toMatchObject({ test: { ok: true }, health: { status: 'ok', failures: 0 } });
    await run();
    expect(customers(own)).toHaveLength(3);
  });

  it('is kept although its try failed, and works again after a try that succeeds', async () => {
    refuse(own);
    const { status, body } = await call('POST', ROOT, given());
    expect([status, body.test.ok, body.test.error.kind]).toEqual([201, false, 'login_refused']);
    expect((await call('POST', ROOT, given({ ...password, user: 'x@org-1.test' }))).body.test.ok).toBe(false);
    expect((await call('POST', `${ROOT}/${body.id}/test`, {})).body.ok).toBe(false);
    own.script = () => null;
    expect((await call('POST', `${ROOT}/${body.id}/test`, {})).body.ok).toBe(true);
  });
});

describe('an account with OAuth', () => {
  const user = 'compta@org-1.test';
  beforeEach(() => {
    own.script = (step, { token }) =>
      step === 'auth' && tokens.userOf(token) === null ? '535 5.7.3 Authentication unsuccessful' : null;
  });

  it('renews its token once, and says once that the consent was withdrawn', async () => {
    const { id, test } = await add({ method: 'xoauth2', user, ...tokens.grant(user) });
    expect(test.ok).toBe(true);
    await fill(6, 'org-1');
    const before = tokens.handedOut();
    tokens.endAll();
    expect((await run()).body.followups.sent).toBe(6);
    expect(tokens.handedOut() - before).toBe(1);

    await clearSends();
    await fill(6, 'org-1');
    tokens.endAll();
    tokens.refuse({ status: 400, error: 'invalid_grant' });
    for (let hour = 0; hour < 3; hour += 1) {
      world.clock.advance(HOUR);
      expect((await run()).status).toBe(200);
    }
    expect(notices()).toHaveLength(1);
    const raw = notices()[0]?.raw.replace(/=\r?\n/g, '') ?? '';
    expect(raw).toContain('invalid_grant');
    expect(raw).toContain('reconnectez-le');
    const { health } = (await call('GET', `${ROOT}/${id}`)).body;
    expect(health).toMatchObject({ status: 'auth_failed', last_error: expect.stringContaining('Testing') });
  });

  it('shows no token and no secret anywhere', async () => {
    const grant = tokens.grant(user);
    const secrets = [grant.refresh_token, grant.client_secret];
    own.script = (step, { token }) => {
      if (step !== 'auth') return null;
      secrets.push(token);
      return `535 5.7.8 not ${token}`;
    };
    const made = await add({ method: 'xoauth2', user, ...grant });
    await fill(2, 'org-1');
    await run();
    const shown = [
      ...world.logs,
      JSON.stringify(made),
      JSON.stringify((await call('GET', ROOT)).body),
      JSON.stringify((await world.store.doc(`mail_accounts/${made.id}`).get()).data()),
      JSON.stringify((await world.store.collection('task_runs').get()).docs.map((doc) => doc.data())),
      ...common.mails.map(({ raw }) => raw),
    ].join('\n');
    expect(new Set(secrets).size).toBeGreaterThan(3);
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });

  it('may be the account of EMAIL_*, whose tokens are kept sealed', async () => {
    const grant = tokens.grant('noreply@ronde.test');
    common.script = (step, { token }) =>
      step === 'auth' && tokens.userOf(token) === null ? '535 5.7.3 Authentication unsuccessful' : null;
    world.reconfigure({
      ...{ ...console_.environment, EMAIL_PORT: String(common.port), EMAIL_AUTH: 'xoauth2' },
      ...{ EMAIL_HOST_USER: 'noreply@ronde.test', EMAIL_OAUTH_CLIENT_ID: grant.client_id },
      ...{ EMAIL_OAUTH_CLIENT_SECRET: grant.client_secret, EMAIL_OAUTH_REFRESH_TOKEN: grant.refresh_token },
      EMAIL_OAUTH_TOKEN_URL: grant.token_url,
    });
    const before = tokens.handedOut();
    await fill(2, 'org-2');
    expect((await run()).body.followups.sent).toBe(2);
    await clearSends();
    await fill(2, 'org-2');
    expect((await run()).body.followups.sent).toBe(2);
    expect(tokens.handedOut() - before).toBe(1);
  });

  const clearSends = async () => {
    for (const { ref } of (await world.store.collection('followups').get()).docs)
      await world.store.recursiveDelete(ref);
  };
});

describe('a daily limit', () => {
  const LIMIT = '550 5.4.5 Daily user sending limit exceeded';
  const limit = (smtp: ScriptedSmtp) => {
    smtp.script = (step, { to }) => (step === 'data' && to.startsWith('client') ? LIMIT : null);
  };

  it('of the default account holds it for an hour, without another failed run or another try', async () => {
    limit(common);
    await fill(12, 'org-1');
    expect((await run()).status).toBe(503);
    const { connections } = common;
    for (let minute = 0; minute < 50; minute += 10) {
      world.clock.advance(minutes(10));
      const { status, body } = await run();
      expect([status, body.skipped]).toEqual([200, { daily_limit: 12 }]);
    }
    expect(common.connections).toBe(connections);
    common.script = () => null;
    world.clock.advance(minutes(11));
    expect((await run()).body.followups.sent).toBe(12);
    expect((await world.store.doc('mail_accounts/default').get()).get('held_until')).toBeNull();
  });

  it('of an organisation’s account is its own, and its owner is notified once', async () => {
    await add();
    limit(own);
    await fill(5, 'org-1');
    await fill(5, 'org-2');
    for (let hour = 0; hour < 3; hour += 1) {
      expect((await run()).status).toBe(200);
      world.clock.advance(HOUR + minutes(1));
    }
    expect(notices().map(({ to }) => to)).toEqual(['patron@org-1.test']);
    expect([customers(common).length, customers(own).length]).toEqual([5, 0]);
    own.script = () => null;
    await run();
    expect(customers(own)).toHaveLength(5);
  });
});

describe('with EMAIL_REDIRECT_TO', () => {
  it('records, history and the test mail name the address that mails really went to', async () => {
    const staging = 'staging@ronde.test';
    world.reconfigure({
      ...{ ...console_.environment, EMAIL_PORT: String(common.port), EMAIL_REDIRECT_TO: staging },
    });
    await fill(1, 'org-2');
    await run();
    expect(reached(common)).toEqual([staging]);
    const followup = world.store.doc('followups/org-2-0');
    const record = (await followup.collection('sends').doc('1').get()).data();
    expect(record).toMatchObject({ to: 'client-0@kunde-0.example', redirected_to: staging });
    const { items } = (await call('GET', '/api/followups/org-2-0/history')).body;
    expect(items[0]).toMatchObject({ reason: 'sent', detail: expect.stringContaining(staging) });
    const { body } = await call('POST', '/tickets/alerts/test-email', { to: 'someone@client.test' });
    expect(body).toMatchObject({ ok: true, to: 'someone@client.test', redirected_to: staging });
    expect(body.messages.fr).toContain(staging);
  });
});
