import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CollectionReference, type Firestore, Timestamp } from '@google-cloud/firestore';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eraseEverywhere, personOf } from '../../infra/cli/erase-run.ts';
import { mentionOf } from '../../shared/store/erase.ts';
import { NOW, startWorld, type World } from '../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../infra/cli/main.ts', import.meta.url));
const AT = Timestamp.fromDate(NOW);
let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-erase-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => forget());

async function forget(): Promise<void> {
  const { host } = new URL(`http://${world.environment['FIRESTORE_EMULATOR_HOST']}`);
  const path = `projects/${world.environment['GOOGLE_CLOUD_PROJECT']}/databases/(default)/documents`;
  await fetch(`http://${host}/emulator/v1/${path}`, { method: 'DELETE' });
  await world.redis.flushall();
}

/** Every document of the database, however deep, with its data as one text. */
async function everything(store: Firestore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (collections: CollectionReference[]): Promise<void> => {
    for (const collection of collections)
      for (const doc of (await collection.get()).docs) {
        found.set(doc.ref.path, JSON.stringify(doc.data()));
        await walk(await doc.ref.listCollections());
      }
  };
  await walk(await store.listCollections());
  return found;
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
const emailOf = (id: string) => `${id.toLowerCase()}@example.test`;

/** One trace of a person: where it is, and what. `n` tells traces of a kind apart. */
type Trace = (id: string, n: number) => Record<string, object>;

/** Every kind of trace that the running system leaves of somebody, as it writes it. */
const TRACES: readonly Trace[] = [
  (id, n) => ({
    [`page_visits/${id}-v${n}`.replace(id, sha(id + n))]: {
      user_id: id,
      path: '/',
      start_time: AT,
      end_time: null,
    },
  }),
  (id, n) => ({
    [`login_history/${sha(`${id}/${n}`)}`]: { user_id: id, session_id: 's', login_at: AT, logout_at: null },
  }),
  (id) => ({ [`users/${id}`]: { email: emailOf(id), role: 'user', is_online: true, last_activity_at: AT } }),
  (id, n) => ({
    [`alert_recipients/r${sha(id + n)}`]: {
      user_id: id,
      name: id,
      email: `other-${n}@office.test`,
      active: true,
    },
  }),
  (id, n) => ({
    [`alert_recipients/e${sha(id + n)}`]: { name: 'x', email: emailOf(id).toUpperCase(), active: true },
  }),
  (id, n) => ({
    [`delay_alert_logs/${sha(`log${id}${n}`)}`]: {
      recipient: emailOf(id),
      ticket_id: `t${n}`,
      state: 'sent',
      claimed_at: AT,
    },
    [`delay_alert_states/${sha(emailOf(id))}`]: { alerts: { [`t${n}`]: { stage: 'x', since: 1 } } },
  }),
  (id, n) => ({
    [`delay_alert_logs/${sha(`by${id}${n}`)}`]: {
      recipient: 'boss@office.test',
      requested_by: id,
      digest: JSON.stringify({ rows: [], requested_by: id }),
    },
  }),
  (id, n) => ({
    [`tickets/t-${n}`]: { number: `R-${n}`, status: 'active', created_at: AT },
    [`tickets/t-${n}/events/${sha(id + n)}`]: { type: 'stage_changed', from: null, to: 'x', at: AT, by: id },
  }),
  (id, n) => {
    const followup = `followups/f-${sha(id + n)}`;
    return {
      [followup]: {
        org_id: 'org-1',
        type: 'invoice',
        source_label: `F-${n}`,
        customer: { name: `Name of ${id}`, email: emailOf(id), locale: 'fr' },
        status: n % 2 ? 'open' : 'paid',
        amount_due: 5,
        due_date: AT,
        next_due_at: AT,
        auto_enabled: true,
      },
      [`${followup}/sends/1`]: {
        org_id: 'org-1',
        to: emailOf(id),
        response: `250 ok <${emailOf(id)}>`,
        state: 'sent',
        claimed_at: AT,
      },
      [`${followup}/history/h${n}`]: {
        reason: 'sent',
        detail: `told Name of ${id}`,
        response: null,
        by: 'somebody',
        at: AT,
      },
      [`${followup}/notices/refused-1-${emailOf(id)}`]: { state: 'sent' },
    };
  },
  (id, n) => ({
    [`followups/g-${n}/history/${sha(id + n)}`]: { reason: 'stopped', detail: 'x', by: id, at: AT },
  }),
  (id, n) => ({
    [`inbox_messages/${sha(`m${id}${n}`)}`]: {
      org_id: 'org-1',
      integration_id: 'i',
      folder: 'INBOX',
      uid_validity: '1',
      uid: n,
      from: { name: 'A', address: n % 2 ? emailOf(id) : 'x@y.test' },
      to: [{ name: 'B', address: n % 2 ? 'x@y.test' : emailOf(id) }],
      cc: [],
      subject: `About ${id}`,
      text: `Dear ${id}`,
      html: '<p>x</p>',
      message_id: `<${n}@${id}.test>`,
      thread_id: sha(id),
      received_at: AT,
      flags: [],
      seen: false,
      size: 9,
    },
  }),
  (id, n) => ({
    [`task_runs/check-delay-alerts!${sha(id + n)}`]: {
      task: 'check-delay-alerts',
      requested_by: n % 2 ? id : emailOf(id),
      notes: [{ to: emailOf(id) }],
      error: `refused: ${emailOf(id)}`,
    },
  }),
  (id, n) => ({ [`task_runs/r-${n}/batches/${sha(id)}`]: { state: 'settled', ids: ['x', id], left: [] } }),
  (id, n) => ({
    [`incidents/unknown_mail:x:${sha(id + n)}`]: {
      kind: 'unknown_mail',
      facts: { count: 1, mails: [`R-1, ${emailOf(id)}`] },
    },
    [`incidents/unknown_mail:x:${sha(id + n)}/notices/opened-${sha(id)}`]: {
      recipient: emailOf(id),
      event: 'opened',
    },
  }),
];

/** The configuration that names somebody: it is told, not changed. */
const CONFIGURED: Trace = (id) => ({
  'settings/watch': { operators: ['boss@office.test', emailOf(id)] },
  'billing_settings/org-1': { notify_email: emailOf(id), auto_followups_enabled: false },
});

async function leave(traces: readonly Record<string, object>[]): Promise<void> {
  const all = Object.assign({}, ...traces) as Record<string, object>;
  const batch = world.store.batch();
  for (const [path, fields] of Object.entries(all)) batch.set(world.store.doc(path), fields);
  await batch.commit();
}

/** Ids that are neither in each other nor in anything else that is written here. */
const person = fc.stringMatching(/^p[a-z]{6}Q[0-9]{3}$/);

describe('erasing a person', () => {
  it('leaves no document, id or key of them but what is declared, and nothing of others is touched', async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(person, { minLength: 2, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), fc.nat(TRACES.length - 1), fc.nat(9)), { maxLength: 60 }),
      fc.boolean(),
      async (ids, choices, configured) => {
        await forget();
        const [gone = '', ...others] = ids;
        const traces = choices.map(
          ([who, what, n]) => TRACES[what]?.(ids[who % ids.length] ?? gone, n) ?? {},
        );
        await leave([...traces, ...(configured ? [CONFIGURED(gone, 0)] : [])]);
        for (const id of ids) {
          await world.redis.set(`last_activity:${id}`, '1772618400000');
          await world.redis.hset(`presence:sessions:${id}`, { s: 'live:1:2' });
        }
        const before = await everything(world.store);
        const given = { emails: [emailOf(gone)], names: [] };
        const report = await eraseEverywhere(world, await personOf(world.store, gone, given), false);
        expect(report.complete).toBe(true);

        const after = await everything(world.store);
        const named = [...after].filter(([path, text]) =>
          `${path} ${text}`.toLowerCase().includes(gone.toLowerCase()),
        );
        expect(named.map(([path]) => path).sort()).toEqual(report.kept.map(({ path }) => path).sort());
        expect(report.kept.map(({ path }) => path).sort()).toEqual(
          configured ? ['billing_settings/org-1', 'settings/watch'] : [],
        );
        const stateOf = sha(emailOf(gone));
        expect([...after.keys()].filter((path) => path.includes(stateOf))).toEqual([]);
        const keys = await world.redis.keys('*');
        expect(keys.sort()).toEqual(
          others.flatMap((id) => [`last_activity:${id}`, `presence:sessions:${id}`]).sort(),
        );
        const isTheirs = (path: string, text: string) =>
          `${path} ${text}`.toLowerCase().includes(gone.toLowerCase()) || path.includes(stateOf);
        for (const [path, text] of before)
          if (!isTheirs(path, text)) expect([path, after.get(path)]).toEqual([path, text]);
        const kept = [...after].filter(([path]) => /^followups\/f-[^/]+$/.test(path));
        expect(kept).toHaveLength([...before].filter(([path]) => /^followups\/f-[^/]+$/.test(path)).length);
      },
    );
    await fc.assert(property, { numRuns: 12, seed: 20260304 });
  });

  it('takes an id as a word of its own, and an address in any case', () => {
    const pattern = mentionOf({ userId: 'ada', addresses: ['a.b@example.test'] });
    const clean = (text: string) => text.replace(pattern, '*');
    expect(clean('ada, "ada" (ada) ada. by ada')).toBe('*, "*" (*) *. by *');
    expect(clean('adamant ada@example.test x-ada Ada ada.b')).toBe(
      'adamant ada@example.test x-ada Ada ada.b',
    );
    expect(clean('<A.B@Example.test>. aXb@example.test ca.b@example.test a.b@example.testing')).toBe(
      '<*>. aXb@example.test ca.b@example.test a.b@example.testing',
    );
  });
});

async function ronde(args: string[], input = '') {
  const child = spawn(process.execPath, [ENTRY, 'erase', ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...world.environment },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      output[name] += String(chunk);
    });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...output };
}

describe('ronde erase', () => {
  it('says what would be done, asks, does it, and says what stays and why', async () => {
    await leave([...TRACES.map((trace) => trace('adalove', 1)), CONFIGURED('adalove', 1)]);
    await world.store.doc('tickets/t-9').set({ customer_name: 'Ada Lovelace', number: 'R-9' });
    const before = await everything(world.store);
    const look = await ronde(['adalove', '--dry-run', '--name', 'Ada Lovelace']);
    expect(look.stdout).toContain('page_visits: 1 would be deleted');
    expect(look.stdout).toContain('tickets: 1 would be anonymised');
    expect(look.stdout).not.toContain('inbox_messages');
    expect(look.stdout).toContain('still names them: settings/watch; PUT /v1/admin/settings');
    expect(await everything(world.store)).toEqual(before);
    expect((await ronde(['adalove'], 'n\n')).code).toBe(1);
    expect(await everything(world.store)).toEqual(before);
    const done = await ronde(['adalove', '--email', 'AdaLove@Example.test', '--yes', '--json']);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      complete: true,
      addresses: ['adalove@example.test'],
      deleted: { users: 1, page_visits: 1 },
      anonymised: { inbox_messages: 1, followups: 3 },
    });
    const again = await ronde(['adalove', '--email', 'adalove@example.test', '--yes']);
    expect(again.stdout).toContain(
      'nothing of them in Firestore\nRedis: nothing of them\nstill names them: settings/watch',
    );
    expect(again.stdout).toContain('Code de commerce, L123-22');
  });

  it('refuses what is no user id and what is no address', async () => {
    expect(await ronde(['a/b', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no user id'),
    });
    expect(await ronde(['ada', '--email', 'nobody', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not an e-mail address'),
    });
  });
});
