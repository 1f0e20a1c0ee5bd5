import { randomBytes, randomUUID } from 'node:crypto';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { syncInbox } from '../../../functions/sync-inbox/task.ts';
import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { ownerOf } from '../../../shared/domains/inbox/integration.ts';
import { AUTH_FAILURES } from '../../../shared/doors/account/health.ts';
import { seal } from '../../../shared/doors/account/sealed.ts';
import { openContext } from '../../../shared/runtime/context.ts';
import { Pipeline } from '../../../shared/runtime/pipeline.ts';
import { emptyResult } from '../../../shared/runtime/result.ts';
import { startImapTap } from '../../support/inbox/imap-tap.ts';
import { withoutDovecot } from '../../support/inbox/inbox.ts';
import { addIntegration, syncAll } from '../../support/inbox/integrations.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { clear, dump, minutes, NOW, startWorld, type World } from '../../support/world.ts';

const HOUR = minutes(60);
const ACCOUNTS = Array.from({ length: 40 }, (_, index) => `user${index}`);
let world: World;
let imap: LocalImap;
let accounts = 0;
const absent = withoutDovecot();

beforeAll(async () => {
  world = await startWorld();
  if (!absent) imap = (await startImap({ prefer: 'real', users: ACCOUNTS })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.reconfigure({});
  world.smtp.clear();
  for (const { id } of (await world.store.collection('inbox_integrations').get()).docs)
    await world.store.recursiveDelete(world.store.doc(`inbox_integrations/${id}`));
  for (const name of ['inbox_messages', 'task_runs']) await clear(world.store, name);
  await world.redis.flushall();
});

const nextUser = () => {
  const user = imap.users[accounts++];
  if (!user) throw new Error('there are more tests than accounts');
  return user;
};

/** Opens a mailbox with `count` messages, and its integration. */
async function filled(count: number, changes: Record<string, unknown> = {}) {
  const user = nextUser();
  const mailbox = await openMailbox(imap, user);
  for (let index = 0; index < count; index += 1)
    await mailbox.append(mail({ 'Message-ID': `<${randomUUID()}@x.test>`, Subject: `Mail ${index}` }));
  await mailbox.close();
  return { user, id: await addIntegration(world, imap, user, changes) };
}

const healthOf = async (id: string) =>
  (await world.store.doc(`inbox_integrations/${id}`).get()).get('health');
const messages = async () => (await world.store.collection('inbox_messages').get()).docs;
const sync = (body?: object) => syncAll(world, body);

/** Returns the cost of a run without active mailboxes: it opens and closes its record and looks for abandoned ones. */
async function idleCost() {
  for (const { ref } of (await world.store.collection('inbox_integrations').get()).docs)
    await ref.update({ active: false });
  return (await sync()).body.cost;
}

it('with no mailbox there is nothing to do', async () => {
  const { status, body } = await sync();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    success: true,
    message: 'Synchronisation inbox terminée avec succès',
    timestamp: NOW.toISOString(),
    outcome: 'nothing_to_do',
    integrations: { due: 0, synced: 0, failed: 0, skipped: 0 },
    messages: { new: 0, updated: 0, removed: 0, quarantined: 0 },
  });
});

it('an integration that is none fails by its name, and the run asks for no retry', async () => {
  await world.store.doc('inbox_integrations/broken').create({ active: true });
  const { status, body } = await sync();
  expect(status).toBe(200);
  expect(body).toMatchObject({ outcome: 'partial', failed: { invalid: 1 } });
  expect((await sync({ dry_run: true })).body.candidates).toMatchObject([
    { id: 'broken', decision: 'fail', error: expect.stringContaining('org_id') },
  ]);
});

it('is not complete if its budget leaves mailboxes out', async () => {
  const server = { host: '127.0.0.1', port: 1 };
  for (const user of ['a', 'b']) await addIntegration(world, server, { user, password: 'x' });
  const params = { dry_run: false, budget_seconds: 8 };
  const identity = { id: `sync-inbox!${randomUUID()}`, occurrence: null };
  const context = openContext(world.deps, { identity, trigger: 'secret', requestedBy: null, params });
  const result = emptyResult();
  const work = { task: syncInbox, params, context: { ...context, leftMs: () => 1_000 }, mayGoOn: () => true };
  const pipeline = new Pipeline({ ...work, result });
  await pipeline.open();
  await pipeline.runAll();
  expect(result).toMatchObject({ skipped: { budget: 2 }, complete: false, wantsRetry: false });
});

describe.skipIf(absent)('sync-inbox', () => {
  it('stores the mail of every active mailbox, and says how much of it', async () => {
    await filled(3);
    await filled(2);
    await filled(4, { active: false });
    const { body } = await sync();
    expect(body).toMatchObject({
      success: true,
      outcome: 'succeeded',
      integrations: { due: 2, synced: 2, failed: 0, skipped: 0 },
      messages: { new: 5, announced: 5, stored: 5 },
    });
    const [first] = await messages();
    expect(first?.data()).toMatchObject({
      org_id: 'org-1',
      folder: 'INBOX',
      subject: expect.stringMatching(/^Mail \d$/),
      from: { name: 'Anna Weiss', address: 'anna@example.test' },
      text: 'Hello.',
      snippet: 'Hello.',
      seen: false,
      removed_at: null,
      quarantined: null,
    });
    const again = await sync();
    expect(again.body).toMatchObject({ integrations: { synced: 2 }, messages: { new: 0, announced: 0 } });
  });

  it('a mailbox in which nothing changed costs three reads and one write', async () => {
    await filled(3);
    await sync();
    const before = (await sync()).body.cost;
    const without = await idleCost();
    expect(before.firestore_writes - without.firestore_writes).toBe(1);
    // The search for mailboxes ends with an empty page, which counts as a read either way.
    expect(before.firestore_reads - without.firestore_reads).toBe(2);
  });

  it('a sync without news takes no lease, and asks the mail server for little', async () => {
    const said: string[] = [];
    const tap = await startImapTap(imap, said);
    try {
      await filled(3, { port: tap.port });
      await sync();
      said.length = 0;
      const { cost } = (await sync()).body;
      expect(cost.redis_commands).toBe((await idleCost()).redis_commands);
      expect(said).toEqual(['LOGIN', 'ID', 'NAMESPACE', 'STATUS', 'LOGOUT']);
    } finally {
      await tap.stop();
    }
  });

  it('a dry run tells which mailboxes are due, and changes nothing', async () => {
    const due = await filled(1);
    const waiting = await filled(1, {
      health: { status: 'retrying', next_attempt_at: Timestamp.fromMillis(NOW.getTime() + 1) },
    });
    const before = await dump(world.store, world.redis);
    const { body } = await sync({ dry_run: true });
    const decisions = body.candidates.map(({ id, decision, reason }: Record<string, string>) => [
      id,
      decision,
      reason,
    ]);
    expect(decisions).toEqual(
      expect.arrayContaining([
        [due.id, 'act', 'due'],
        [waiting.id, 'skip', 'backoff'],
      ]),
    );
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('a mailbox that fails is in back-off, has its reason, and costs the others nothing', async () => {
    const good = await filled(2);
    const gone = await addIntegration(world, { host: '127.0.0.1', port: 1 }, nextUser());
    const { status, body } = await sync();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      outcome: 'partial',
      message: 'Synchronisation inbox terminée avec 1 échec(s)',
      integrations: { due: 2, synced: 1, failed: 1 },
      failed: { network: 1 },
      messages: { new: 2 },
    });
    expect(await healthOf(good.id)).toMatchObject({
      status: 'ok',
      failures: 0,
      last_success_at: Timestamp.fromDate(NOW),
    });
    const health = await healthOf(gone);
    expect(health).toMatchObject({
      status: 'retrying',
      failures: 1,
      last_error: expect.stringContaining('ECONNREFUSED'),
    });
    expect(health.next_attempt_at.toMillis()).toBe(NOW.getTime() + 60_000);
    expect((await sync()).body).toMatchObject({
      outcome: 'succeeded',
      integrations: { skipped: 1 },
      skipped: { backoff: 1 },
    });
  });

  it('notifies the owner once of a refused login, and once when it works again', async () => {
    const { id, user } = await filled(1, { notify_email: 'owner@example.test' });
    const keys = [world.environment['INBOX_SEALING_KEY'] as string];
    const setPassword = (password: string) =>
      world.store
        .doc(`inbox_integrations/${id}`)
        .update({ 'auth.sealed': seal(JSON.stringify({ password }), ownerOf(id), keys) });
    await setPassword('not-the-one');
    for (let count = 0; count < AUTH_FAILURES + 3; count += 1) {
      await sync();
      // Beyond the longest wait, whatever its jitter.
      world.clock.advance(8 * HOUR);
    }
    expect(await healthOf(id)).toMatchObject({
      status: 'auth_failed',
      last_error: expect.stringContaining('auth'),
    });
    expect(world.smtp.mails().map(({ to, subject }) => [to[0], subject])).toEqual([
      ['owner@example.test', expect.stringMatching(/refusée \/ sign-in refused/)],
    ]);
    expect(JSON.stringify(world.smtp.mails())).not.toContain('not-the-one');
    await setPassword(user.password);
    await sync();
    await sync();
    expect(await healthOf(id)).toMatchObject({ status: 'ok', failures: 0 });
    const subjects = world.smtp.mails().map(({ subject }) => subject);
    expect(subjects.slice(1)).toEqual([expect.stringMatching(/rétablie/)]);
  });

  it('credentials sealed with the previous key are sealed with the new one, and open without the old', async () => {
    const { id } = await filled(1);
    const old = world.environment['INBOX_SEALING_KEY'];
    const recent = randomBytes(32).toString('hex');
    world.reconfigure({ INBOX_SEALING_KEY: recent, INBOX_SEALING_KEY_PREVIOUS: old });
    expect((await sync()).body.outcome).toBe('succeeded');
    world.reconfigure({ INBOX_SEALING_KEY: recent });
    expect((await sync()).body.outcome).toBe('succeeded');
    world.reconfigure({ INBOX_SEALING_KEY: randomBytes(32).toString('hex') });
    expect((await sync()).body).toMatchObject({ outcome: 'partial', failed: { credentials: 1 } });
    expect(await healthOf(id)).toMatchObject({ last_error: expect.stringContaining('enter them again') });
  });

  it('a private address is called in the local cloud only', async () => {
    const { id } = await filled(1);
    world.reconfigure({ RONDE_LOCAL: '0', RONDE_GOOGLE_ISSUER: undefined });
    const { body } = await sync();
    expect(body).toMatchObject({ outcome: 'partial', failed: { host: 1 } });
    expect(await healthOf(id)).toMatchObject({ last_error: expect.stringContaining('no public address') });
  });

  it('a mailbox that another instance is at is left to it', async () => {
    const { id } = await filled(1);
    await world.redis.set(`lease:mailbox:${id}`, 'somebody', { px: 30_000 });
    expect((await sync()).body).toMatchObject({
      integrations: { due: 1, synced: 0, skipped: 1 },
      skipped: { busy: 1 },
    });
  });

  it('without Redis it goes on', async () => {
    await filled(2);
    await world.redisEngine.stopEngine();
    try {
      expect((await sync()).body).toMatchObject({ outcome: 'succeeded', messages: { new: 2 } });
    } finally {
      await world.redisEngine.restart();
    }
  });

  it('nothing that it logs or answers holds a password', async () => {
    const { user } = await filled(1);
    const { body } = await sync();
    expect(JSON.stringify(body) + world.logs.join('')).not.toContain(user.password);
  });
});
