import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleWorld, startConsoleWorld } from '../../../../support/console.ts';
import { addIntegration, syncAll } from '../../../../support/inbox/integrations.ts';
import { failsAt, moreAccounts } from '../../../../support/inbox/quirks/accounts.ts';
import { many } from '../../../../support/inbox/quirks/mail.ts';
import { type QuirkAccount, type QuirkServer, startQuirks } from '../../../../support/inbox/quirks/server.ts';
import { minutes } from '../../../../support/world.ts';

const ROOT = '/api/inbox/integrations';
const refused: QuirkAccount = { messages: many(3), on: failsAt(2, 'NO The message could not be retrieved') };
let console_: ConsoleWorld;
let server: QuirkServer;
beforeAll(async () => {
  console_ = await startConsoleWorld();
  server = await startQuirks({ ...moreAccounts(), refused });
});
afterAll(async () => {
  await server?.stop();
  await console_?.stop();
});

const add = (user: string, changes: object = {}) =>
  addIntegration(console_.world, server, { user, password: 'x' }, { ...changes });
const call = async (method: string, path: string, body?: unknown) => await console_.call(method, path, body);

it('a folder that is not all there is said with both numbers, in every answer', async () => {
  const id = await add('existsmore');
  const gaps = [{ folder: 'INBOX', exists: 9, stored: 5 }];
  expect((await call('POST', `${ROOT}/${id}/sync`, {})).body).toMatchObject({
    ...{ success: false, complete: false, incomplete: gaps, error: null },
    messages: { new: 5 },
  });
  const { body: shown } = await call('GET', `${ROOT}/${id}`);
  expect(shown.health).toMatchObject({ status: 'ok', incomplete: gaps });
  const { body: folders } = await call('GET', `${ROOT}/${id}/folders`);
  expect(folders.items).toMatchObject([{ path: 'INBOX', exists: 9, stored: 5 }]);
  const { body } = await syncAll(console_.world);
  expect(body).toMatchObject({ success: false, incomplete: { folders: 1, exists: 9, stored: 5 } });
  expect(body.message).toContain('9 message(s) sur le serveur, 5 enregistré(s)');
  await call('DELETE', `${ROOT}/${id}`);
});

it('a folder that is not on the server is refused, and said once if it goes later', async () => {
  const { port } = server;
  const body = {
    ...{ org_id: 'org-1', host: '127.0.0.1', port, secure: false },
    auth: { method: 'password', user: 'renamed', password: 'x' },
  };
  const made = await call('POST', ROOT, { ...body, folders: ['inbox', 'INBOX', 'Envoyés '] });
  expect([made.status, made.body.error.message]).toEqual([400, expect.stringContaining('"Envoyés "')]);
  const { body: right } = await call('POST', ROOT, { ...body, folders: ['inbox', 'INBOX'] });
  expect(right.folders).toEqual(['INBOX']);
  const changed = await call('PATCH', `${ROOT}/${right.id}`, { folders: ['INBOX', 'Nope'] });
  expect(changed.status).toBe(400);
  await call('DELETE', `${ROOT}/${right.id}`);
  const id = await add('renamed', { folders: ['INBOX', 'Envoyés'], notify_email: 'owner@example.test' });
  for (let times = 0; times < 4; times += 1) await syncAll(console_.world);
  const { health } = (await call('GET', `${ROOT}/${id}`)).body;
  expect(health.incomplete).toEqual([{ folder: 'Envoyés', exists: null, stored: 0 }]);
  const notices = console_.world.smtp.mails().filter(({ to }) => to[0] === 'owner@example.test');
  expect(notices.map(({ subject }) => subject)).toEqual(['renamed : dossier introuvable / folder not found']);
  await call('DELETE', `${ROOT}/${id}`);
});

it('a message in quarantine is tried again by a person, and is then as any other', async () => {
  const id = await add('refused');
  for (let times = 0; times < 3; times += 1) await call('POST', `${ROOT}/${id}/sync`, {});
  const list = async () => (await call('GET', '/api/inbox/messages?quarantined=true')).body.items;
  const [aside] = await list();
  const path = `/api/inbox/messages/${aside.id}/retry`;
  expect((await call('POST', path, {})).body).toMatchObject({ id: aside.id, quarantined: { attempts: 3 } });
  refused.on = () => false;
  console_.world.clock.advance(minutes(1));
  expect((await call('POST', path, {})).body).toMatchObject({ text: 'Hello 2', quarantined: null });
  expect(await list()).toEqual([]);
  expect((await call('POST', path, {})).status).toBe(409);
  expect((await call('POST', '/api/inbox/messages/none/retry', {})).status).toBe(404);
});
