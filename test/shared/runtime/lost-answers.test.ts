import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noUsage } from '../../../shared/doors/cost.ts';
import { countedStore } from '../../../shared/doors/store/counted.ts';
import { readBatch, recordBatch, writeBatch } from '../../../shared/runtime/fan-out/batch.ts';
import { noSums } from '../../../shared/runtime/fan-out/sums.ts';
import { closeRun, openRun, recordOverlap } from '../../../shared/runtime/ledger.ts';
import type { RunEnd, RunStart } from '../../../shared/runtime/record.ts';
import { runDetail } from '../../../shared/runtime/run-view.ts';
import { openTestStore } from '../../support/store.ts';
import { losingAnswers } from '../doors/store/losing-answers.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const start: RunStart = { task: 'chore', trigger: 'secret', requestedBy: null, params: {}, startedAt: NOW };
const end: RunEnd = {
  ...{ outcome: 'succeeded', complete: true, skipped: {}, failed: {}, notes: [], tally: {}, error: null },
  counts: { candidates: 1, acted: 1, skipped: 0, failed: 0 },
  startedAt: NOW,
  finishedAt: NOW,
  cost: noUsage(),
};
const LOSSES = ['repeated', 4, 10, 14] as const;

let bare: Firestore;
beforeAll(() => {
  bare = openTestStore();
});
afterAll(() => bare?.terminate());

const losing = (code: number | 'repeated') => countedStore(losingAnswers(bare, code), noUsage());
const scheduled = () => ({ id: `chore@${randomUUID()}`, occurrence: NOW });
const record = async (id: string) => (await bare.doc(`task_runs/${id}`).get()).data();

it.each(LOSSES)('opens attempt 1 once although the answer is lost (%s)', async (code) => {
  const manual = { id: `chore!${randomUUID()}`, occurrence: null };
  for (const run of [scheduled(), manual]) {
    expect(await openRun(losing(code), run, start, false)).toMatchObject({ attempt: 1 });
    expect(await record(run.id)).toMatchObject({ attempt: 1, outcome: null });
    expect(await record(run.id)).not.toHaveProperty('attempts');
  }
});

it.each(LOSSES)('opens attempt 2 once although the answer is lost (%s)', async (code) => {
  const run = scheduled();
  await openRun(bare, run, start, false);
  const opened = await openRun(losing(code), run, start, false);
  expect(opened).toMatchObject({ attempt: 2 });
  expect((await record(run.id))?.['attempts']).toMatchObject([{ attempt: 1, outcome: 'abandoned' }]);
});

it.each(LOSSES)('closes a run in its own record although the answer is lost (%s)', async (code) => {
  const run = scheduled();
  const opened = await openRun(bare, run, start, false);
  if (!opened) throw new Error('The run is settled already.');
  await closeRun({ ...opened, ref: losing(code).doc(opened.ref.path) }, end);
  expect(await record(run.id)).toMatchObject({ attempt: 1, outcome: 'succeeded', counts: { acted: 1 } });
  expect(await record(run.id)).not.toHaveProperty('attempts');
});

it.each(LOSSES)('recognises its record of an overlap although the answer is lost (%s)', async (code) => {
  const run = scheduled();
  const overlap: RunEnd = { ...end, outcome: 'skipped_overlap' };
  expect(await recordOverlap(losing(code), run, start, overlap)).toBe(true);
  expect(await recordOverlap(losing(code), run, start, overlap)).toBe(false);
});

it.each(LOSSES)('records and settles a batch once although answers are lost (%s)', async (code) => {
  const path = `task_runs/${randomUUID()}/batches/one`;
  await recordBatch(losing(code).doc(path), ['a'], NOW);
  const batch = readBatch(await losing(code).doc(path).get());
  const settled = { state: 'settled', left: [], done: noSums() } as const;
  expect(await writeBatch(batch, settled)).toBe(true);
  expect(await writeBatch(batch, settled)).toBe(false);
});

it('gives up a record that others keep changing, and names it', async () => {
  const run = scheduled();
  const opened = await openRun(bare, run, start, false);
  if (!opened) throw new Error('The run is settled already.');
  const { ref } = opened;
  let commits = 0;
  const contested = Object.assign(Object.create(bare) as Firestore, {
    async request(method: string, ...rest: unknown[]) {
      if (method === 'commit') await ref.update({ counts: { candidates: ++commits } });
      return (bare as unknown as { request(...all: unknown[]): Promise<object> }).request(method, ...rest);
    },
  });
  const changed = `${ref.path} could not be`;
  await expect(openRun(contested, run, start, false)).rejects.toThrow(`${changed} opened in 10 tries`);
  await expect(closeRun({ ...opened, ref: contested.doc(ref.path) }, end)).rejects.toThrow(
    `${changed} closed in 10 tries`,
  );
  expect(commits).toBe(20);
});

it('keeps the mark of the last write out of the run that the console shows', async () => {
  const run = scheduled();
  await openRun(bare, run, start, false);
  expect(await record(run.id)).toHaveProperty('write_attempt');
  expect(runDetail(await bare.doc(`task_runs/${run.id}`).get())).not.toHaveProperty('write_attempt');
});
