import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import { type ConsoleWorld, startConsoleWorld } from '../../../../support/console.ts';
import { withoutDovecot } from '../../../../support/inbox/inbox.ts';
import { mail, openMailbox } from '../../../../support/inbox/mailbox.ts';
import { clear, dump } from '../../../../support/world.ts';

const absent = withoutDovecot();
const ACCOUNTS = Array.from({ length: 20 }, (_, index) => `user${index}`);
let console_: ConsoleWorld;
let imap: LocalImap;
let accounts = 0;

beforeAll(async () => {
  console_ = await startConsoleWorld();
  if (!absent) imap = (await startImap({ prefer: 'real', users: ACCOUNTS })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await console_?.stop();
});
beforeEach(async () => {
  for (const name of ['inbox_integrations', 'inbox_messages']) await clear(console_.world.store, name);
  console_.world.reconfigure(console_.environment);
});

const call = (method: string, path: string, body?: unknown, token?: string) =>
  console_.call(method, path, body, token);
const ROOT = '/api/inbox/integrations';
const given = (more: object = {}) => ({
  org_id: 'org-1',
  label: 'Office',
  host: '127.0.0.1',
  port: 1,
  secure: false,
  auth: { method: 'password', user: 'nobody', password: 'made-up' },
  folders: ['INBOX'],
  ...more,
});

it.each([
  ['no host', { host: undefined }, 'host'],
  ['a port beyond all ports', { port: 70_000 }, 'port'],
  ['no password', { auth: { method: 'password', user: 'a' } }, 'password'],
  ['another method', { auth: { method: 'cram', user: 'a', password: 'b' } }, 'auth'],
  ['no folder', { folders: [] }, 'folders'],
  ['an unknown field', { pasword: 'x' }, 'pasword'],
  ['an address that is none', { notify_email: 'nobody' }, 'notify_email'],
])('an integration with %s is 400, which names it', async (_name, more, named) => {
  const { status, body } = await call('POST', ROOT, given(more));
  expect(status).toBe(400);
  expect(body.error.message).toContain(named);
  expect(JSON.stringify(body)).not.toContain('made-up');
});

it('a user may not see mailboxes, and nobody may without a proof', async () => {
  const token = await console_.world.issuer.userToken('usertest1');
  expect((await call('GET', ROOT, undefined, token)).status).toBe(403);
  expect((await call('GET', '/api/inbox/messages', undefined, token)).status).toBe(403);
  expect((await fetch(console_.world.url + ROOT)).status).toBe(401);
});

it('an integration that does not work is kept and says why; its password is never shown', async () => {
  const { status, body } = await call('POST', ROOT, given());
  expect(status).toBe(201);
  expect(body).toMatchObject({
    label: 'Office',
    active: true,
    auth: { method: 'password', user: 'nobody', has_credentials: true },
    health: { status: 'ok' },
    test: { ok: false, error: { kind: 'network' } },
  });
  expect(body.auth).not.toHaveProperty('sealed');
  const document = await console_.world.store.doc(`inbox_integrations/${body.id}`).get();
  expect(JSON.stringify(document.data())).not.toContain('made-up');
  expect(JSON.stringify(body) + console_.world.logs.join('')).not.toContain('made-up');
  expect((await call('GET', ROOT)).body).toMatchObject({ items: [{ id: body.id }], next_page: null });
});

it('a mailbox is tried before it is added: the answer has the reason of a failure, and nothing is stored', async () => {
  const dry = (more: object = {}) => call('POST', `${ROOT}?dry_run=true`, given(more));
  const before = await dump(console_.world.store, console_.world.redis);
  expect(await dry()).toMatchObject({
    status: 200,
    body: { dry_run: true, test: { ok: false, error: { kind: 'network' } } },
  });
  expect(await dry({ host: '10.0.0.1' })).toMatchObject({
    status: 200,
    body: { test: { ok: false, error: { kind: 'host' } } },
  });
  expect((await dry({ host: 'a b' })).status).toBe(400);
  expect((await call('POST', `${ROOT}?dry_run=perhaps`, given())).status).toBe(400);
  expect(await dump(console_.world.store, console_.world.redis)).toBe(before);
  expect(console_.world.logs.join('')).not.toContain('made-up');
});

it('a change merges, obeys the version it carries, and 404 names what is not there', async () => {
  const { body } = await call('POST', ROOT, given());
  const path = `${ROOT}/${body.id}`;
  const changed = await call('PATCH', path, {
    active: false,
    updated_at: (await call('GET', path)).body.updated_at,
  });
  expect(changed.body).toMatchObject({ active: false, label: 'Office' });
  expect((await call('PATCH', path, { label: 'x', updated_at: body.updated_at })).status).toBe(409);
  expect((await call('PATCH', path, { org_id: 'other' })).status).toBe(400);
  expect((await call('GET', `${ROOT}/nobody`)).status).toBe(404);
});

it('without a sealing key no credentials are taken', async () => {
  console_.world.reconfigure({ ...console_.environment, INBOX_SEALING_KEY: undefined });
  expect((await call('POST', ROOT, given())).status).toBe(503);
});

describe.skipIf(absent)('a mailbox that works', () => {
  const working = async () => {
    const user = imap.users[accounts++];
    if (!user) throw new Error('there are more tests than accounts');
    const mailbox = await openMailbox(imap, user);
    const auth = { method: 'password', user: user.user, password: user.password };
    return { mailbox, input: given({ port: imap.port, auth }) };
  };

  it('shows what its server can and its folders before it is added', async () => {
    const { mailbox, input } = await working();
    await mailbox.close();
    const { status, body } = await call('POST', `${ROOT}?dry_run=true`, input);
    expect(status).toBe(200);
    expect(body.test).toMatchObject({ ok: true, capabilities: expect.arrayContaining(['CONDSTORE']) });
    expect(body.test.folders.map(({ path }: { path: string }) => path)).toContain('Sent');
    expect((await call('GET', ROOT)).body.items).toEqual([]);
  });

  it('shows what its server can and its folders, is synchronised by hand, and lists its messages', async () => {
    const { mailbox, input } = await working();
    await mailbox.append(mail({ 'Message-ID': '<a@x.test>', Subject: 'First' }));
    await mailbox.append(
      mail({ 'Message-ID': '<b@x.test>', References: '<a@x.test>', Subject: 'Re: First' }),
    );
    await mailbox.close();
    const { body } = await call('POST', ROOT, input);
    expect(body.test).toMatchObject({
      ok: true,
      error: null,
      capabilities: expect.arrayContaining(['CONDSTORE']),
    });
    expect(body.test.folders).toEqual(
      expect.arrayContaining([
        { path: 'INBOX', special_use: '\\Inbox', messages: 2, synchronised: true },
        { path: 'Sent', special_use: '\\Sent', messages: 0, synchronised: false },
      ]),
    );
    expect((await call('POST', `${ROOT}/${body.id}/test`, {})).body).toMatchObject({ ok: true });
    expect((await call('POST', `${ROOT}/${body.id}/sync`, {})).body).toMatchObject({
      success: true,
      complete: true,
      messages: { new: 2, announced: 2, stored: 2 },
    });
    const listed = await call('GET', `/api/inbox/messages?integration_id=${body.id}&limit=1`);
    expect(listed.body.items).toHaveLength(1);
    // A conversation of large mails would fill the memory; a body comes with its own message.
    expect(Object.keys(listed.body.items[0])).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(text|html)$/)]),
    );
    const rest = await call(
      'GET',
      `/api/inbox/messages?integration_id=${body.id}&limit=1&page=${listed.body.next_page}`,
    );
    const [one, other] = [listed.body.items[0], rest.body.items[0]];
    expect(new Set([one.subject, other.subject])).toEqual(new Set(['First', 'Re: First']));
    expect(one.thread_id).toBe(other.thread_id);
    expect((await call('GET', `/api/inbox/messages?thread_id=${one.thread_id}`)).body.items).toHaveLength(2);
    // A list has no bodies; one mail is read with its own.
    expect(Object.keys(one)).not.toContain('text');
    const whole = await call('GET', `/api/inbox/messages/${one.id}`);
    expect(whole.body).toMatchObject({ id: one.id, text: expect.any(String), references: expect.any(Array) });
    expect((await call('GET', '/api/inbox/messages/none')).status).toBe(404);
    expect((await call('GET', '/api/inbox/messages?quarantined=true')).body.items).toEqual([]);
    expect((await call('GET', '/api/inbox/messages?quarantined=false')).body.items).toHaveLength(2);
  });

  it('gives an attachment byte for byte, as a file that no browser opens', async () => {
    const { mailbox, input } = await working();
    const content = randomBytes(3_000_000);
    const parts = [
      '--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n',
      `--b\r\nContent-Type: text/html; name="évil.html"\r\nContent-Disposition: attachment; filename*=UTF-8''%C3%A9vil.html\r\nContent-Transfer-Encoding: base64\r\n\r\n${content.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
      '--b--\r\n',
    ];
    await mailbox.append(mail({ 'Content-Type': 'multipart/mixed; boundary=b' }, parts.join('')));
    await mailbox.close();
    const { body } = await call('POST', ROOT, input);
    await call('POST', `${ROOT}/${body.id}/sync`, {});
    const [message] = (await call('GET', `/api/inbox/messages?integration_id=${body.id}`)).body.items;
    expect(message.attachments).toMatchObject([
      { part: '2', filename: 'évil.html', mime_type: 'text/html', inline: false },
    ]);
    expect((await call('GET', `/api/inbox/messages/${message.id}`)).body.text).toBe('See the file.');
    const token = await console_.world.issuer.userToken('admintest1');
    const response = await fetch(`${console_.world.url}/api/inbox/messages/${message.id}/attachments/2`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''%C3%A9vil.html");
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(new Uint8Array(await response.arrayBuffer()))).toBe(digest(content));
    expect((await call('GET', `/api/inbox/messages/${message.id}/attachments/9`)).status).toBe(404);
  });

  it('gives an attached text as it was sent, whatever its charset, its encoding and its lines', async () => {
    const { mailbox, input } = await working();
    const latin = Buffer.concat(
      Array.from({ length: 9_000 }, (_, index) =>
        Buffer.from(`${index} d\u00e9j\u00e0 vu = ici \r\n`, 'latin1'),
      ),
    );
    const quoted = latin
      .toString('latin1')
      .replace(
        /[=\u0080-\u00ff]|[ ](?=\r\n)/g,
        (one) => `=${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      )
      .replace(/^(.{9})/gm, '$1=\r\n');
    const odd = latin.toString('base64').replace(/.{75}/g, '$&\r\n');
    const type = 'text/plain; charset=iso-8859-1; format=flowed';
    const enclosed = (encoding: string, body: string) =>
      `--b\r\nContent-Type: ${type}; name=note.txt\r\nContent-Disposition: inline; filename=note.txt\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
    const parts = [
      '--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n',
      ...[enclosed('quoted-printable', quoted), enclosed('BASE64', odd)],
      ...[enclosed('8bit', latin.toString('latin1')), enclosed('7bit', ''), '--b--\r\n'],
    ];
    const raw = mail({ 'Content-Type': 'multipart/mixed; boundary=b' }, parts.join(''));
    await mailbox.append(Buffer.from(raw, 'latin1'));
    await mailbox.close();
    const { body } = await call('POST', ROOT, input);
    await call('POST', `${ROOT}/${body.id}/sync`, {});
    const [message] = (await call('GET', `/api/inbox/messages?integration_id=${body.id}`)).body.items;
    const token = await console_.world.issuer.userToken('admintest1');
    const read = async (part: number) => {
      const url = `${console_.world.url}/api/inbox/messages/${message.id}/attachments/${part}`;
      const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
      return Buffer.from(await response.arrayBuffer()).toString('latin1');
    };
    const wanted = latin.toString('latin1');
    for (const part of [2, 3, 4]) expect((await read(part)) === wanted, `part ${part}`).toBe(true);
    expect(await read(5)).toBe('');
  });

  it('is deleted with its messages, or without them', async () => {
    const { mailbox, input } = await working();
    await mailbox.append(mail());
    await mailbox.close();
    const messages = async () => (await console_.world.store.collection('inbox_messages').get()).size;
    const first = (await call('POST', ROOT, input)).body.id;
    await call('POST', `${ROOT}/${first}/sync`, {});
    expect((await call('DELETE', `${ROOT}/${first}?purge=false`)).status).toBe(204);
    expect(await messages()).toBe(1);
    const second = (await call('POST', ROOT, input)).body.id;
    await call('POST', `${ROOT}/${second}/sync`, {});
    expect(await messages()).toBe(2);
    expect((await call('DELETE', `${ROOT}/${second}`)).status).toBe(204);
    expect(await messages()).toBe(1);
    expect((await call('GET', `${ROOT}/${second}`)).status).toBe(404);
    expect((await console_.world.store.collection(`inbox_integrations/${second}/folders`).get()).size).toBe(
      0,
    );
  });
});
