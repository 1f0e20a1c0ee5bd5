import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ImapUser, type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { type ConsoleWorld, startConsoleWorld } from '../../support/console.ts';
import { type LocalSecrets, startSecrets } from '../../support/google/secret-manager.ts';
import { withoutDovecot } from '../../support/inbox/inbox.ts';
import { syncAll } from '../../support/inbox/integrations.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { startTokenServer, type TokenServer } from '../../support/inbox/oauth.ts';
import { clear, minutes, NOW } from '../../support/world.ts';

const ROOT = '/api/inbox/integrations';
const absent = withoutDovecot();
let console_: ConsoleWorld;
let secrets: LocalSecrets;
let tokens: TokenServer;
let imap: LocalImap;
let accounts = 0;

beforeAll(async () => {
  console_ = await startConsoleWorld();
  secrets = await startSecrets();
  tokens = await startTokenServer();
  if (absent) return;
  const users = Array.from({ length: 20 }, (_, index) => `user${index}@ronde.test`);
  imap = (await startImap({ prefer: 'real', users, introspection: tokens.introspection })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await tokens?.stop();
  await secrets?.stop();
  await console_?.stop();
});
beforeEach(async () => {
  console_.world.clock.set(NOW);
  for (const name of ['inbox_integrations', 'inbox_messages']) await clear(console_.world.store, name);
  console_.world.reconfigure({ ...console_.environment, RONDE_SECRETS: secrets.url });
  secrets.secrets.clear();
  secrets.answer = null;
  tokens.refuse(null);
});

const call = (method: string, path: string, body?: unknown) => console_.call(method, path, body);
const given = (server: { host: string; port: number }, auth: object, more: object = {}) => ({
  org_id: 'org-1',
  ...{ host: server.host, port: server.port, secure: false, auth, ...more },
});
const elsewhere = { host: '127.0.0.1', port: 1 };
const project = () => console_.world.environment['GOOGLE_CLOUD_PROJECT'];
const document = async (id: string) =>
  (await console_.world.store.doc(`inbox_integrations/${id}`).get()).data();

it.each([
  ["the product's own secrets", 'ronde-cron-secret'],
  ['a path that leads elsewhere', 'inbox-a/../ronde-cron-secret'],
  ["another project's secret of another kind", 'projects/p-1234/secrets/other/versions/1'],
  ['no name', ''],
])('a secret_ref to %s is refused', async (_name, secret_ref) => {
  const auth = { method: 'password', user: 'a', secret_ref };
  const { status, body } = await call('POST', ROOT, given(elsewhere, auth));
  expect(status).toBe(400);
  expect(body.error.message).toContain('auth');
});

it('a host that is not on the internet is refused in production, and never kept', async () => {
  console_.world.reconfigure({
    ...console_.world.environment,
    RONDE_LOCAL: '0',
    RONDE_GOOGLE_ISSUER: undefined,
  });
  for (const host of ['127.0.0.1', 'localhost', '10.0.0.7', '169.254.169.254', '::1', '::ffff:10.0.0.7']) {
    const auth = { method: 'password', user: 'a', password: 'b' };
    const { status, body } = await call('POST', ROOT, given({ host, port: 993 }, auth));
    expect(status).toBe(400);
    expect(body.error.message).toContain('no public address');
  }
  expect((await call('GET', ROOT)).body.items).toEqual([]);
});

it('a host that is not on the internet is refused in a change too, and never kept', async () => {
  const auth = { method: 'password', user: 'a', password: 'b' };
  const { id, host } = (await call('POST', ROOT, given(elsewhere, auth))).body;
  console_.world.reconfigure({
    ...console_.world.environment,
    RONDE_LOCAL: '0',
    RONDE_GOOGLE_ISSUER: undefined,
  });
  const { status, body } = await call('PATCH', `${ROOT}/${id}`, { host: '169.254.169.254' });
  expect(status).toBe(400);
  expect(body.error.message).toContain('no public address');
  expect((await document(id))?.['host']).toBe(host);
});

describe.skipIf(absent)('credentials', () => {
  let user: ImapUser;
  beforeEach(async () => {
    const next = imap.users[accounts++];
    if (!next) throw new Error('there are more tests than accounts');
    user = next;
    const mailbox = await openMailbox(imap, user);
    await mailbox.append(mail());
    await mailbox.close();
  });
  const sync = async (id: string) => (await call('POST', `${ROOT}/${id}/sync`, {})).body;
  const add = async (auth: object, more: object = {}, server: { host: string; port: number } = imap) =>
    (await call('POST', ROOT, given(server, auth, more))).body;

  it('may lie in Secret Manager, and are read from there each time', async () => {
    const name = `projects/${project()}/secrets/inbox-office/versions/latest`;
    secrets.secrets.set(name, `${user.password}\n`);
    const auth = { method: 'password', user: user.user, secret_ref: 'inbox-office' };
    const { id, test, auth: shown } = await add(auth);
    expect(test).toMatchObject({ ok: true });
    expect(shown).toEqual({ ...auth, has_credentials: true });
    expect((await document(id))?.['auth']).toEqual(auth);
    expect(await sync(id)).toMatchObject({ success: true, messages: { new: 1 } });
    for (const [content, why] of [
      [null, 'secretAccessor'],
      [undefined, 'no secret has this name'],
    ] as const) {
      if (content === null) secrets.secrets.set(name, null);
      else secrets.secrets.delete(name);
      const { error } = await sync(id);
      expect(error).toMatchObject({ kind: 'credentials', detail: expect.stringContaining(why) });
    }
    secrets.answer = 503;
    expect((await sync(id)).error).toMatchObject({ kind: 'busy' });
  });

  it('may be a refresh token: one access token serves until it ends, and each new refresh token is kept', async () => {
    const before = tokens.handedOut();
    const { id, test } = await add({ method: 'xoauth2', user: user.user, ...tokens.grant(user.user) });
    expect(test).toMatchObject({ ok: true });
    expect(await sync(id)).toMatchObject({ success: true, messages: { new: 1 } });
    expect(await sync(id)).toMatchObject({ success: true });
    expect(tokens.handedOut() - before).toBe(1);
    for (let hours = 1; hours <= 3; hours += 1) {
      console_.world.clock.advance(minutes(60));
      expect(await sync(id)).toMatchObject({ success: true });
      expect(tokens.handedOut() - before).toBe(1 + hours);
    }
  });

  it('that end before their time are renewed once, in the same sync', async () => {
    const { id } = await add({ method: 'xoauth2', user: user.user, ...tokens.grant(user.user) });
    tokens.endAll();
    const before = tokens.handedOut();
    expect(await sync(id)).toMatchObject({ success: true });
    expect(tokens.handedOut() - before).toBe(1);
  });

  it('that the token server refuses need a person; one that is away does not', async () => {
    const { id } = await add({ method: 'xoauth2', user: user.user, ...tokens.grant(user.user) });
    console_.world.clock.advance(minutes(60));
    tokens.refuse({ status: 503, error: 'temporarily_unavailable' });
    expect((await sync(id)).error).toMatchObject({ kind: 'busy' });
    tokens.refuse({ status: 400, error: 'invalid_grant' });
    expect((await sync(id)).error).toMatchObject({
      kind: 'auth',
      detail: expect.stringContaining('invalid_grant'),
    });
    tokens.refuse(null);
    expect(await sync(id)).toMatchObject({ success: true });
  });

  it('an access token alone serves until it ends, and then a person is asked', async () => {
    const { id } = await add({ method: 'xoauth2', user: user.user, access_token: 'made-up' });
    expect((await sync(id)).error).toMatchObject({ kind: 'auth' });
  });

  it('never show in an answer, a log line or the store', async () => {
    const grant = tokens.grant(user.user);
    const { id, ...shown } = await add({ method: 'xoauth2', user: user.user, ...grant });
    await sync(id);
    const everywhere = [shown, (await call('GET', ROOT)).body, await document(id), console_.world.logs];
    for (const secret of [grant.refresh_token, grant.client_secret])
      expect(JSON.stringify(everywhere)).not.toContain(secret);
    expect(shown['auth']).toEqual({ method: 'xoauth2', user: user.user, has_credentials: true });
  });

  it('go over TLS to a server whose certificate is trusted, or is the one that was pinned', async () => {
    const auth = { method: 'password', user: user.user, password: user.password };
    const tls = { host: 'localhost', port: imap.tlsPort };
    const doubted = await add(auth, { secure: true }, tls);
    expect(doubted.test).toMatchObject({ ok: false, error: { kind: 'tls' } });
    const again = given(tls, auth, { secure: true, ca: imap.certificate });
    expect(await call('POST', ROOT, again)).toMatchObject({ status: 409 });
    const { body } = await call('PATCH', `${ROOT}/${doubted.id}`, { ca: imap.certificate });
    expect(body).toMatchObject({ ca: imap.certificate, test: { ok: true, error: null } });
    expect((await call('POST', `${ROOT}/${doubted.id}/test`, {})).body).toMatchObject({ ok: true });
    expect(await sync(doubted.id)).toMatchObject({ success: true, messages: { new: 1 } });
  });

  it('and the server they are for are tried when they are changed, as when they were new', async () => {
    const { id, updated_at } = await add({ method: 'password', user: user.user, password: user.password });
    const change = async (fields: object) => (await call('PATCH', `${ROOT}/${id}`, fields)).body;
    const wrong = { method: 'password', user: user.user, password: 'not-the-one' };
    expect((await change({ auth: wrong })).test).toMatchObject({ ok: false, error: { kind: 'auth' } });
    const tls = { host: 'localhost', port: imap.tlsPort, secure: true };
    expect((await change(tls)).test).toMatchObject({ ok: false, error: { kind: 'tls' } });
    expect((await change({ port: 1 })).test).toMatchObject({ ok: false, error: { kind: 'network' } });
    expect(await change({ label: 'Office' })).not.toHaveProperty('test');
    const stale = await call('PATCH', `${ROOT}/${id}`, { host: imap.host, updated_at });
    expect(stale.status).toBe(409);
    const right = { ...wrong, password: user.password };
    const good = await change({ host: imap.host, port: imap.port, secure: false, auth: right });
    expect(good.test).toMatchObject({ ok: true, error: null });
    expect(await sync(id)).toMatchObject({ success: true, messages: { new: 1 } });
  });

  it('that were renewed while a change was tried are kept, and the change is not refused for it', async () => {
    const { id } = await add({ method: 'xoauth2', user: user.user, ...tokens.grant(user.user) });
    console_.world.clock.advance(minutes(60));
    const before = tokens.handedOut();
    const { updated_at } = (await call('GET', `${ROOT}/${id}`)).body;
    const { status, body } = await call('PATCH', `${ROOT}/${id}`, { host: 'localhost', updated_at });
    expect([status, body.test.ok, body.host]).toEqual([200, true, 'localhost']);
    expect(await sync(id)).toMatchObject({ success: true });
    expect(tokens.handedOut() - before).toBe(1);
  });

  it('are changed by a PATCH, which lifts the back-off', async () => {
    const { id } = await add({ method: 'password', user: user.user, password: 'not-the-one' });
    expect((await syncAll(console_.world)).body).toMatchObject({ failed: { auth: 1 } });
    expect((await syncAll(console_.world)).body).toMatchObject({ skipped: { backoff: 1 } });
    const auth = { method: 'password', user: user.user, password: user.password };
    await call('PATCH', `${ROOT}/${id}`, { auth });
    expect((await syncAll(console_.world)).body).toMatchObject({
      outcome: 'succeeded',
      messages: { new: 1 },
    });
  });
});
