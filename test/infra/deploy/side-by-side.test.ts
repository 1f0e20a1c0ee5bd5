import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions } from '../../../infra/build.ts';
import { countOpen, seedStaleVisits } from '../../bench/benches/visits.ts';
import { type FunctionProcess, startFunction } from '../../faults/function-process.ts';
import { buildEarlier, findHistoryFault } from '../../support/earlier-build.ts';
import { followupFields, settingsFields } from '../../support/followups.ts';
import { seed, startWorld, type World } from '../../support/world.ts';

const FUNCTIONS = ['process-followups', 'check-delay-alerts', 'close-inactive-visits', 'presence'];
/** No Redis answers here, so that no lease keeps the two revisions apart. */
const NO_REDIS = { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' };
const DAY_MS = 86_400_000;

let world: World;
let folder: string;
let bundles: { old: string; new: string };
const processes: FunctionProcess[] = [];

const ago = (ms: number) => Timestamp.fromMillis(Date.now() - ms);

async function start(build: 'old' | 'new', name: string, env: Record<string, string> = {}) {
  const started = await startFunction(name, bundles[build], { ...world.environment, ...env });
  processes.push(started);
  return started;
}

/**
 * Runs a task outside any occurrence, and returns its answer. A run that meets the other's claims leaves them alone and
 * asks for a retry; nothing else may fail.
 */
async function run({ url }: FunctionProcess): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method: 'POST', headers: { 'X-Cron-Secret': world.secret } });
  const answer = (await response.json()) as Record<string, unknown>;
  expect([200, 503]).toContain(response.status);
  const reasons = Object.keys(answer.failed as Record<string, number>);
  expect(reasons.filter((reason) => reason !== 'in_flight')).toEqual([]);
  return answer;
}

/** Returns the mails of each address. */
function countMails(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { to } of world.smtp.mails()) counts[to[0] ?? ''] = (counts[to[0] ?? ''] ?? 0) + 1;
  return counts;
}

/** Adds follow-ups that are due, as another back end writes them. */
async function addDue(prefix: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const row = (id: string) =>
    followupFields({
      source_id: id,
      source_label: id,
      customer: { name: id, email: `${id}@example.test`, locale: 'fr' },
      due_date: ago(10 * DAY_MS),
      next_due_at: ago(3 * DAY_MS),
    });
  await seed(world.store, 'followups', new Map(ids.map((id) => [id, row(id)])));
  return ids;
}

const obstacle = findHistoryFault();

describe.skipIf(obstacle !== null)(`an old and a new revision side by side ${obstacle ?? ''}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ronde-revisions-'));
    world = await startWorld();
    const [old] = await Promise.all([
      buildEarlier(FUNCTIONS, folder),
      buildFunctions({ only: FUNCTIONS, out: join(folder, 'new') }),
    ]);
    bundles = { old, new: join(folder, 'new') };
  });
  afterAll(async () => {
    for (const one of processes) await one.kill();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('send each reminder once, on rows of both ages', async () => {
    await world.store.doc('billing_settings/org-1').set(settingsFields());
    const aged = await addDue('aged', 6);
    const old = await start('old', 'process-followups', NO_REDIS);
    await run(old);
    const fresh = await addDue('fresh', 24);
    const next = await start('new', 'process-followups', NO_REDIS);
    await Promise.all([run(old), run(next), run(old), run(next)]);
    await run(next);
    await run(old);
    const once = [...aged, ...fresh].map((id) => [`${id}@example.test`, 1] as const);
    expect(countMails()).toEqual(Object.fromEntries(once));
    const rows = (await world.store.collection('followups').get()).docs;
    expect(rows.map((row) => row.get('level'))).toEqual(rows.map(() => 1));
    const sends = (await world.store.collectionGroup('sends').get()).docs;
    expect(sends.map((send) => send.get('state'))).toEqual(sends.map(() => 'sent'));
  });

  it('report each late ticket to each recipient once', async () => {
    world.smtp.clear();
    const late = (index: number) => ({
      ...{ number: `R-${index}`, device: 'Phone', customer_name: 'Ada', status: 'active', stage: 'parts' },
      ...{ stage_entered_at: ago(20 * DAY_MS), created_at: ago(25 * DAY_MS) },
    });
    const tickets = Array.from({ length: 4 }, (_, index) => [`t-${index}`, late(index)] as const);
    const people = ['ada', 'bob', 'cy'].map((name) => `${name}@example.test`);
    const recipients = people.map((email) => [email, { name: email, email, active: true }] as const);
    await seed(world.store, 'tickets', new Map(tickets));
    await seed(world.store, 'alert_recipients', new Map(recipients));
    const [old, next] = await Promise.all([
      start('old', 'check-delay-alerts', NO_REDIS),
      start('new', 'check-delay-alerts', NO_REDIS),
    ]);
    await Promise.all([run(old), run(next)]);
    await run(next);
    await run(old);
    const pairs = world.smtp
      .mails()
      .flatMap(({ to, text }) => [...text.matchAll(/R-\d/g)].map(([number]) => `${to[0]} ${number}`));
    const wanted = people.flatMap((email) => tickets.map(([, { number }]) => `${email} ${number}`));
    expect([...new Set(pairs)].sort()).toEqual(wanted.sort());
    const rows = (await world.store.collection('delay_alert_logs').get()).docs;
    expect(rows.map((row) => row.get('state'))).toEqual(wanted.map(() => 'sent'));
    const named = new Set(rows.map((row) => row.get('message_id') as string));
    expect(
      world.smtp
        .mails()
        .map(({ message_id }) => message_id)
        .sort(),
    ).toEqual([...named].sort());
  });

  it('close each visit once', async () => {
    await seedStaleVisits(world.store, 400);
    const [old, next] = await Promise.all([
      start('old', 'close-inactive-visits', NO_REDIS),
      start('new', 'close-inactive-visits', NO_REDIS),
    ]);
    const answers = await Promise.all([run(old), run(next)]);
    expect(answers.reduce((sum, { closed_count }) => sum + Number(closed_count), 0)).toBe(400);
    expect(await countOpen(world.store)).toBe(0);
  });

  it('take every ping of one session', async () => {
    const [old, next] = await Promise.all([start('old', 'presence'), start('new', 'presence')]);
    // The processes have the machine's clock.
    world.clock.set(new Date());
    const token = await world.issuer.userToken('usertest1');
    const call = (to: FunctionProcess, path: string) =>
      fetch(to.url + path, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    const statuses: number[] = [];
    for (const to of [old, next, next, old, old, next])
      statuses.push((await call(to, '/v1/activity/ping')).status);
    expect(new Set(statuses)).toEqual(new Set([204]));
  });
});
