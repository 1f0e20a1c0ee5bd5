import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CollectionReference, type Firestore, Timestamp } from '@google-cloud/firestore';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configurationPlaces, personalPlaces } from '../../../infra/cli/erase/places.ts';
import { eraseEverywhere, findPerson } from '../../../infra/cli/erase/run.ts';
import { mentionOf } from '../../../shared/doors/erase/erase.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { session } from '../../support/presence.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
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
    for (const collection of collections) {
      // Includes missing documents with subcollections.
      const refs = await collection.listDocuments();
      for (const snapshot of refs.length > 0 ? await store.getAll(...refs) : [])
        if (snapshot.exists) found.set(snapshot.ref.path, JSON.stringify(snapshot.data()));
      const below = await Promise.all(refs.map((ref) => ref.listCollections()));
      await walk(below.flat());
    }
  };
  await walk(await store.listCollections());
  return found;
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
const emailOf = (id: string) => `${id.toLowerCase()}@example.test`;
const nameOf = (id: string) => `Name of ${id}`;

/** The documents that name somebody by id, address or name, or are found by their address. */
const naming = (documents: ReadonlyMap<string, string>, id: string): string[] =>
  [...documents]
    .filter(
      ([path, text]) =>
        `${path} ${text}`.toLowerCase().includes(id.toLowerCase()) || path.includes(sha(emailOf(id))),
    )
    .map(([path]) => path)
    .sort();
const collectionOf = (path: string) => path.split('/').at(-2) ?? '';

/** One trace of a person; `n` distinguishes traces of a kind. */
type Trace = (id: string, n: number) => Record<string, object>;

/** Kinds of traces of a person, as the running system writes them. */
const KNOWN_TRACES: readonly Trace[] = [
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
      requested_by: n % 2 ? id : emailOf(id),
      digest: JSON.stringify({ rows: [], requested_by: n % 2 ? id : emailOf(id) }),
    },
  }),
  (id, n) => ({
    [`tickets/c-${sha(id + n)}`]: {
      number: `R-${n}`,
      customer_name: nameOf(id),
      status: 'active',
      created_at: AT,
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
        customer: { name: nameOf(id), email: emailOf(id), locale: 'fr' },
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
        detail: `called ${nameOf(id)}`,
        response: null,
        by: 'somebody',
        at: AT,
      },
      [`${followup}/notices/refused-1-${emailOf(id)}`]: { state: 'sent' },
    };
  },
  // A customer whose address was another one when the first reminder went.
  (id, n) => {
    const followup = `followups/h-${sha(id + n)}`;
    return {
      [followup]: { org_id: 'org-1', customer: { name: 'x', email: 'new@office.test' }, status: 'open' },
      [`${followup}/sends/1`]: { to: emailOf(id), response: `550 <${emailOf(id)}> unknown`, state: 'failed' },
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
      from: { name: 'A', address: n % 3 === 0 ? emailOf(id) : 'x@y.test' },
      to: [{ name: 'B', address: n % 3 === 1 ? emailOf(id).toUpperCase() : 'x@y.test' }],
      cc: [{ name: 'C', address: n % 3 === 2 ? emailOf(id) : 'x@y.test' }],
      quarantined: n % 2 ? null : { reason: `too long: ${emailOf(id)}`, attempts: 3 },
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

/** A plain trace for each further place: its id and address, by which most documents name a person. */
const known = new Set(KNOWN_TRACES.flatMap((trace) => Object.keys(trace('x', 1)).map(collectionOf)));
const TRACES: readonly Trace[] = [
  ...KNOWN_TRACES,
  ...personalPlaces
    .filter(({ collection }) => !known.has(collection))
    .map(
      ({ collection }): Trace =>
        (id, n) => ({ [`${collection}/${sha(id + n)}`]: { user_id: id, email: emailOf(id) } }),
    ),
];

/** Configuration that names a person: erase reports it and does not change it. */
const CONFIGURED: Trace = (id) => ({
  'billing_settings/org-1': { notify_email: emailOf(id), auto_followups_enabled: false },
  'inbox_integrations/i': { org_id: 'org-1', label: 'x', auth: { method: 'password', user: emailOf(id) } },
  'mail_accounts/default': { org_id: null, auth: { user: emailOf(id) } },
  'settings/watch': { operators: ['boss@office.test', emailOf(id)] },
});

/** All facts about a person. */
const whole = (id: string) => findPerson(world.store, id, { emails: [emailOf(id)], names: [nameOf(id)] });

async function leave(traces: readonly Record<string, object>[]): Promise<void> {
  const all = Object.assign({}, ...traces) as Record<string, object>;
  const batch = world.store.batch();
  for (const [path, fields] of Object.entries(all)) batch.set(world.store.doc(path), fields);
  await batch.commit();
}

/** Ids that are part neither of each other nor of any other text in these tests. */
const person = fc.stringMatching(/^p[a-z]{6}Q[0-9]{3}$/);

describe('erasing a person', () => {
  it('leaves only declared documents, ids and keys of the person, and changes nothing of others', async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(person, { minLength: 2, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), fc.nat(TRACES.length - 1), fc.nat(9)), { minLength: 20, maxLength: 60 }),
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
        const report = await eraseEverywhere(world, await whole(gone), false);
        expect(report.complete).toBe(true);

        const after = await everything(world.store);
        expect(naming(after, gone)).toEqual(report.kept.map(({ path }) => path).sort());
        expect(report.kept.map(({ path }) => path).sort()).toEqual(
          configured ? Object.keys(CONFIGURED(gone, 0)) : [],
        );
        const keys = await world.redis.keys('*');
        expect(keys.sort()).toEqual(
          others.flatMap((id) => [`last_activity:${id}`, `presence:sessions:${id}`]).sort(),
        );
        const theirs = new Set(naming(before, gone));
        for (const [path, text] of before)
          if (!theirs.has(path)) expect([path, after.get(path)]).toEqual([path, text]);
        const kept = [...after].filter(([path]) => /^followups\/f-[^/]+$/.test(path));
        expect(kept).toHaveLength([...before].filter(([path]) => /^followups\/f-[^/]+$/.test(path)).length);
      },
    );
    // Against real stores a smaller example would take minutes to find; the seed repeats this one.
    await fc.assert(property, { numRuns: 8, seed: 20260304, endOnFailure: true });
  });

  it('is tested by traces in every place, and fails if it leaves out any place', async () => {
    const gone = 'padalovQ001';
    const traces = [1, 2, 3].flatMap((n) => TRACES.map((trace) => trace(gone, n)));
    const places = new Set(personalPlaces.map(({ collection }) => collection));
    const written = [...traces, CONFIGURED(gone, 0)].flatMap((trace) => Object.keys(trace).map(collectionOf));
    expect(
      [...places, ...Object.keys(configurationPlaces)].filter((name) => !written.includes(name)),
    ).toEqual([]);
    for (const left of places) {
      await forget();
      await leave(traces);
      const others = personalPlaces.filter(({ collection }) => collection !== left);
      await eraseEverywhere(world, await whole(gone), false, others);
      const seen = naming(await everything(world.store), gone);
      expect([left, ...new Set(seen.map(collectionOf))]).toEqual([left, left]);
    }
  });

  it('leaves nothing of a person who signed in, read pages and pinged', async () => {
    const [gone, other] = ['padalovQ002', 'pbobbobQ003'];
    for (const id of [gone, other]) {
      const { token, login, ping, logout } = await session(world, id);
      expect([await login(), await ping(), await logout()]).toEqual([200, 204, 204]);
      const again = await session(world, id, { sid: 'another' });
      expect([await again.login(), await again.ping()]).toEqual([200, 204]);
      const visit = { visit_id: randomUUID(), session_id: 'tab-1', path: '/' };
      const headers = { Authorization: `Bearer ${token}` };
      expect((await world.post('/api/v1/visits', { body: visit, headers })).status).toBe(201);
    }
    const namingKeys = async (id: string) => (await world.redis.keys('*')).filter((key) => key.includes(id));
    const before = await everything(world.store);
    expect(new Set(naming(before, gone).map(collectionOf))).toEqual(
      new Set(['login_history', 'page_visits', 'users']),
    );
    expect((await namingKeys(gone)).length).toBe(3);
    await eraseEverywhere(world, await findPerson(world.store, gone, { emails: [], names: [] }), false);
    const after = await everything(world.store);
    expect([naming(after, gone), await namingKeys(gone)]).toEqual([[], []]);
    expect(naming(after, other)).toEqual(naming(before, other));
    expect((await namingKeys(other)).length).toBe(3);
  });

  it('counts documents of others that name the person, and leaves them as they are', async () => {
    const gone = 'padalovQ004';
    const other = { user_id: 'boss', start_time: AT, end_time: null };
    const naming = {
      'page_visits/v-path': { ...other, path: `/customers/${emailOf(gone)}` },
      'page_visits/v-title': { ...other, path: '/', title: `Orders of ${nameOf(gone)}` },
      'page_visits/v-referrer': { ...other, path: '/', referrer: `https://x.test/${gone}` },
      'followups/f-label': {
        org_id: 'o',
        customer: { name: 'x', email: 'x@office.test' },
        source_label: nameOf(gone),
      },
      'inbox_messages/m-text': {
        from: { address: 'x@y.test' },
        to: [],
        cc: [],
        text: `Ask ${nameOf(gone)}.`,
      },
    };
    await leave([
      naming,
      { 'page_visits/v-none': { ...other, path: `/customers/${gone}x` } },
      { 'page_visits/v-own': { ...other, user_id: gone, path: `/me/${gone}` } },
    ]);
    for (const dryRun of [true, false]) {
      const before = await everything(world.store);
      const { left } = await eraseEverywhere(world, await whole(gone), dryRun);
      expect(left.map(({ collection, count, examples }) => [collection, count, examples])).toEqual([
        ['page_visits', 3, ['page_visits/v-path', 'page_visits/v-referrer', 'page_visits/v-title']],
        ['followups', 1, ['followups/f-label']],
        ['inbox_messages', 1, ['inbox_messages/m-text']],
      ]);
      const after = await everything(world.store);
      for (const path of Object.keys(naming)) expect(after.get(path)).toBe(before.get(path));
    }
  });

  it('matches an id as a whole word, and an address in any case', () => {
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
    env: { ...nodeEnvironment(), HOME: folder, ...world.environment },
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
  it('prints the preview, asks, erases, and reports what stays and why', async () => {
    await leave([...TRACES.map((trace) => trace('adalove', 1)), CONFIGURED('adalove', 1)]);
    await world.store.doc('tickets/t-9').set({ customer_name: 'Ada Lovelace', number: 'R-9' });
    const before = await everything(world.store);
    const look = await ronde(['adalove', '--dry-run', '--name', 'Ada Lovelace']);
    expect(look.stdout).toContain('page_visits: 1 would be deleted');
    expect(look.stdout).toContain('tickets: 1 would be anonymised');
    expect(look.stdout).not.toContain('inbox_messages: ');
    // Without --email the mail stays, and the report says so.
    expect(look.stdout).toContain('left as it is: 1 in inbox_messages, such as inbox_messages/');
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

  it('rejects an illegal user id and an illegal address', async () => {
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
