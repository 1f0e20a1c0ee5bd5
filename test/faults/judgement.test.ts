import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seed } from '../support/documents.ts';
import { killPoint } from './harness/kill.ts';
import { seededRandom } from './harness/random.ts';
import { type FaultStage, startStage } from './harness/stage.ts';
import { type TaskUnderFault, Trial } from './harness/trial.ts';

const NAME = 'close-inactive-visits';
const embedded = inject('firestoreEngine') === 'embedded';

/** Ten items; an item with a mark has had its effect. (Firestore ignores a write that changes nothing.) */
const chore: TaskUnderFault = {
  name: NAME,
  items: { sample: 10, full: 10 },
  async seed(stage, { items }) {
    const ids = Array.from({ length: items }, (_, index) => `item-${index}`);
    await seed(stage.store(), 'chores', new Map([...ids, 'not-due'].map((id) => [id, { mark: null }])));
    return ids;
  },
  async effects(stage) {
    const { docs } = await stage.store().collection('chores').where('mark', '!=', null).get();
    return new Map(docs.map((doc) => [doc.id, doc.updateTime.valueOf()]));
  },
};

describe.skipIf(embedded)('the judgement of a fault run', () => {
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage?.stop());

  const begin = () => Trial.begin(chore, { stage, random: seededRandom(1), scale: 'sample', bundles: '' });
  let marks = 0;
  const act = (...ids: string[]) => {
    marks += 1;
    return seed(stage.store(), 'chores', new Map(ids.map((id) => [id, { mark: marks }])));
  };
  const all = Array.from({ length: 10 }, (_, index) => `item-${index}`);
  const at = (seconds: number) => Timestamp.fromMillis(seconds * 1000);
  const settled = (acted: number) => ({
    task: NAME,
    attempt: 1,
    outcome: 'succeeded',
    started_at: at(1),
    finished_at: at(2),
    counts: { candidates: acted, acted, skipped: 0, failed: 0 },
  });
  const record = (fields: object, id = 'run') => stage.store().doc(`task_runs/${id}`).set(fields);

  it('accepts one effect per item and a ledger that agrees', async () => {
    const trial = await begin();
    await act(...all);
    await record(settled(10));
    await trial.judge({ exact: true });
  });

  it('reports a lost item and one that was not due', async () => {
    const trial = await begin();
    await act(...all.slice(1), 'not-due');
    await expect(trial.judge()).rejects.toThrow(/^lost: item-0 .*\nwrong: not-due /);
  });

  it('reports an effect that came twice or was undone', async () => {
    const trial = await begin();
    await act(...all);
    await trial.observe();
    await act('item-3');
    await seed(stage.store(), 'chores', new Map([['item-4', { mark: null }]]));
    await expect(trial.judge()).rejects.toThrow(/^twice: item-3 .*\ntwice: item-4 .*\nlost: item-4 /);
  });

  it.each([
    ['an open record', { ...settled(10), outcome: null }, /run attempt 1 was left open/],
    ['an unknown outcome', { ...settled(10), outcome: 'done' }, /the unknown outcome done/],
    ['an end before the start', { ...settled(10), finished_at: at(0) }, /finished before it started/],
    ['no end', { ...settled(10), finished_at: null }, /has no finished_at/],
    ['more items acted on than due', settled(11), /say 11 items, and 10 were due/],
    ['fewer items acted on than done', settled(9), /say 9 items, and 10 were due/],
    [
      'counts that do not add up',
      { ...settled(10), counts: { candidates: 11, acted: 10, skipped: 0, failed: 0 } },
      /do not add up/,
    ],
    [
      'an abandoned attempt that was not killed',
      { ...settled(10), attempt: 2, attempts: [{ attempt: 1, outcome: 'abandoned', started_at: at(1) }] },
      /run attempt 1 is called abandoned and was not killed/,
    ],
  ])('reports a ledger with %s', async (_title, fields, fault) => {
    const trial = await begin();
    await act(...all);
    await record(fields);
    await expect(trial.judge({ exact: true })).rejects.toThrow(fault);
  });

  it('reports a killed attempt that is missing in the ledger or not abandoned', async () => {
    const trial = await begin();
    await record({ ...settled(0), outcome: null, counts: null }, 'killed');
    await record({ ...settled(0), outcome: null, counts: null }, 'forgotten');
    await trial.observe();
    await act(...all);
    await record({ ...settled(0), outcome: 'failed', counts: null }, 'killed');
    await stage.store().doc('task_runs/forgotten').delete();
    await expect(trial.judge()).rejects.toThrow(/killed killed attempt 1 is called failed, not abandoned/);
    await expect(trial.judge()).rejects.toThrow(/the killed forgotten attempt 1 is gone/);
  });

  it('reports a lease that would stay longer than half a minute', async () => {
    const trial = await begin();
    await stage.redis.set(`lease:${NAME}`, 'token', { px: 40_000 });
    await expect(trial.halfAMinuteLater()).rejects.toThrow(/^lease: it would stay/);
    await stage.redis.set(`lease:${NAME}`, 'token');
    await expect(trial.halfAMinuteLater()).rejects.toThrow('lease: it would stay for ever');
    await stage.redis.set(`lease:${NAME}`, 'token', { px: 30_000 });
    await trial.halfAMinuteLater();
    expect(await stage.redis.exists(`lease:${NAME}`)).toBe(0);
  });
});

describe('the plan of a fault run', () => {
  it('is the same for the same seed and differs between seeds', () => {
    const plans = (seed: number) => Array.from({ length: 20 }, () => killPoint(seededRandom(seed)));
    expect(plans(7)).toEqual(plans(7));
    const points = Array.from({ length: 200 }, (_, seed) => killPoint(seededRandom(seed)));
    expect(new Set(points.map(({ by }) => by)).size).toBe(3);
    expect(new Set(points.map(({ fraction }) => fraction)).size).toBe(200);
  });
});

describe('npm run faults', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args], {
      encoding: 'utf8',
    });

  it.each([
    [
      ['no-such-task'],
      'There is no task "no-such-task"; legal: close-inactive-visits, check-delay-alerts, process-followups, sync-inbox, visits, import, hostile-input.',
    ],
    [['visits', '--case', 'flood'], 'There is no case "flood"; legal: kill, firestore-paused.'],
    [['--runs', '0'], 'It must be a whole number, 1 or more.'],
    [['--seed', '-1'], 'It must be a whole number, 0 or more.'],
    [['--bogus'], '--runs <n>'],
  ])('rejects %j with exit code 2 and the legal values', (args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });
});
