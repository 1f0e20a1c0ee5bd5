import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { settingsFields } from '../support/followups.ts';
import { startFunction } from './function-process.ts';
import { deliver } from './harness/delivery.ts';
import { killPoint } from './harness/kill.ts';
import { type FaultCase, type FaultPlan, type FaultRun, refuse, type Scale } from './harness/plan.ts';
import type { Stage } from './harness/stage.ts';

const MAILER = 'process-followups';
const ENTRY = fileURLToPath(new URL('../../infra/cli/main.ts', import.meta.url));
const VISITS: Record<Scale, number> = { sample: 5_000, full: 100_000 };
const FOLLOWUPS: Record<Scale, number> = { sample: 500, full: 5_000 };
/** Of the visits, every so many has no end. */
const OPEN_EVERY = 10;
/** More than the heap that 100,000 lines would take as objects: the memory of an import is that of its ids. */
const HEAP_MB = 128;
const START = Date.parse('2025-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
/** The running system changed this one before the import went on. */
const CHANGED = { index: 3, path: '/changed-here' };

const startOf = (index: number) => START + index * MINUTE_MS;
const isOpen = (index: number) => index % OPEN_EVERY === 0;

function visitLine(index: number): object {
  const end_time = isOpen(index) ? {} : { end_time: new Date(startOf(index) + 90_000).toISOString() };
  const start_time = new Date(startOf(index)).toISOString();
  return {
    id: `visit-${index}`,
    user_id: `u-${index % 99}`,
    path: `/page/${index % 7}`,
    start_time,
    ...end_time,
  };
}

/** An invoice that is overdue for a year. */
function followupLine(index: number): object {
  return {
    org_id: 'org-1',
    type: 'invoice',
    source_id: `inv-${index}`,
    customer: { name: `C ${index}`, email: `c${index}@example.test` },
    amount_due: index + 1,
    due_date: '2025-01-01',
  };
}

/** An import in a process of its own. */
function start(kind: string, file: string, environment: Record<string, string>): ChildProcess {
  const args = [`--max-old-space-size=${HEAP_MB}`, ENTRY, 'import', kind, file, '--json'];
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  return spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, said };
}

/** Every visit as its line says, each once; the one that was changed meanwhile as it was changed. */
async function wrongVisits(stage: Stage, count: number): Promise<string[]> {
  const { docs } = await stage.store().collection('page_visits').get();
  const wrong = docs.length === count ? [] : [`lost: ${docs.length} of ${count} visits`];
  for (const doc of docs) {
    const index = Number(doc.id.slice('visit-'.length));
    const end = doc.get('end_time') as Timestamp | null;
    const open = isOpen(index) || index === CHANGED.index;
    const path = index === CHANGED.index ? CHANGED.path : `/page/${index % 7}`;
    const isRight =
      (doc.get('start_time') as Timestamp).toMillis() === startOf(index) &&
      (open ? end === null : end?.toMillis() === startOf(index) + 90_000) &&
      doc.get('duration_seconds') === (open ? null : 90) &&
      doc.get('path') === path;
    if (!isRight && wrong.length < 5) wrong.push(`wrong: ${doc.id} ${JSON.stringify(doc.data())}`);
  }
  return wrong;
}

/** Every follow-up once, with its one line of history, and none of them mailed. */
async function wrongFollowups(stage: Stage, count: number): Promise<string[]> {
  const { docs } = await stage.store().collection('followups').get();
  const history = await stage.store().collectionGroup('history').select('detail').get();
  const wrong: string[] = [];
  if (docs.length !== count) wrong.push(`lost: ${docs.length} of ${count} follow-ups`);
  if (new Set(docs.map((doc) => doc.get('source_id'))).size !== count) wrong.push('double: a follow-up');
  if (history.docs.length !== count)
    wrong.push(`history: ${history.docs.length} lines for ${count} follow-ups`);
  return wrong;
}

/** A round of reminders after the import; the organisation's automatic follow-ups are on. */
async function mailed(run: FaultRun): Promise<string[]> {
  const child = await startFunction(MAILER, run.bundles, run.stage.environment);
  try {
    const answer = await deliver(child.url, run.stage, { occurrence: null });
    const mails = run.stage.smtp.mails().length;
    if (answer?.status !== 200) return [`answer: ${answer?.status} of ${MAILER}`];
    return mails === 0 ? [] : [`mailed: ${mails} mails went out for what was imported`];
  } finally {
    await child.kill();
  }
}

const undisturbed = new Map<string, Promise<number>>();

/** How long an import takes that nobody disturbs, in chunks sent to the store; measured once. */
function chunksOf(kind: string, file: string, { stage, scale }: FaultRun): Promise<number> {
  const key = `${kind} ${scale}`;
  const measure = async () => {
    stage.tap.reset();
    const { code, said } = await outcome(start(kind, file, stage.tapped));
    if (code !== 0) throw new Error(`an undisturbed import of ${kind} ended with ${code}: ${said}`);
    return stage.tap.sent();
  };
  const known = undisturbed.get(key) ?? measure();
  undisturbed.set(key, known);
  return known;
}

/** Kills an import at a seeded write, lets the running system go on, and runs it again to the end. */
async function killedAndAgain(
  run: FaultRun,
  { kind, collection, count, line }: Import,
  meanwhile: (stage: Stage) => Promise<unknown>,
): Promise<number> {
  const { stage, random, bundles } = run;
  const file = `${process.cwd()}/${bundles}/${kind}.jsonl`;
  const lines = Array.from({ length: count }, (_, index) => JSON.stringify(line(index)));
  writeFileSync(file, `${lines.join('\n')}\n`);
  try {
    const chunks = await chunksOf(kind, file, run);
    await prepare(stage);
    const { fraction, by } = killPoint(random);
    const child = start(kind, file, stage.tapped);
    const arrives = by !== 'write that is lost';
    stage.tap.cutAt(Math.max(1, Math.ceil(fraction * chunks)), arrives, () => child.kill('SIGKILL'));
    await outcome(child);
    stage.tap.reset();
    const left = (await stage.store().collection(collection).count().get()).data().count;
    await meanwhile(stage);
    const again = await outcome(start(kind, file, stage.environment));
    if (again.code !== 0) refuse([`again: the second import ended with ${again.code}: ${again.said}`]);
    return left > 0 && left < count ? 1 : 0;
  } finally {
    rmSync(file, { force: true });
  }
}

interface Import {
  kind: string;
  collection: string;
  count: number;
  line(index: number): object;
}

async function prepare(stage: Stage): Promise<void> {
  await stage.reset();
  await stage.store().doc('billing_settings/org-1').set(settingsFields());
}

const visits: FaultCase = {
  name: 'visits',
  claim:
    'an import of visits that is killed and run again brings in each once and leaves what changed meanwhile',
  runs: { sample: 1, full: 3 },
  async once(run) {
    const count = VISITS[run.scale];
    const change = (stage: Stage) => {
      const start_time = Timestamp.fromMillis(startOf(CHANGED.index));
      const open = { user_id: 'u-7', path: CHANGED.path, start_time, end_time: null, duration_seconds: null };
      return stage.store().doc(`page_visits/visit-${CHANGED.index}`).set(open);
    };
    const job = { kind: 'visits', collection: 'page_visits', count, line: visitLine };
    const amid = await killedAndAgain(run, job, change);
    refuse(await wrongVisits(run.stage, count));
    return { kills: 1, 'in mid-run': amid, visits: count };
  },
};

const followups: FaultCase = {
  name: 'followups',
  claim: 'an import of follow-ups that is killed and run again brings in each once, and none is mailed',
  runs: { sample: 1, full: 10 },
  async once(run) {
    const count = FOLLOWUPS[run.scale];
    const job = { kind: 'followups', collection: 'followups', count, line: followupLine };
    const early: string[] = [];
    const amid = await killedAndAgain(run, job, async () => early.push(...(await mailed(run))));
    refuse([...early, ...(await wrongFollowups(run.stage, count)), ...(await mailed(run))]);
    return { kills: 1, 'in mid-run': amid, followups: count };
  },
};

/** What `ronde import` promises: nothing lost, nothing twice, nothing mailed, whatever ends it. */
export const imports: FaultPlan = { name: 'import', functions: [MAILER], cases: [visits, followups] };
