import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { noUsage } from '../../../shared/doors/cost.ts';
import { countedStore } from '../../../shared/doors/store/counted.ts';
import { reportProgress } from '../../../shared/runtime/progress.ts';
import { openTestStore } from '../../support/store.ts';

let store: Firestore;
beforeAll(() => {
  store = openTestStore();
});
afterAll(() => store?.terminate());

const EVERY_MS = 20;
const counts = (candidates: number) => ({ candidates, acted: candidates, skipped: 0, failed: 0 });
/** Opens a run in the ledger. */
async function openedRun() {
  const id = `close-inactive-visits!${randomUUID()}`;
  const ref = store.doc(`task_runs/${id}`);
  const { writeTime } = await ref.create({ outcome: null, counts: null, attempt: 1 });
  const stored = async () => (await ref.get()).get('counts.candidates') as number | undefined;
  const meter = noUsage();
  const opened = { ref: countedStore(store, meter).doc(ref.path), attempt: 1, writtenAt: writeTime };
  return { ref, meter, stored, opened };
}

it('writes the counts of a run while they change, and keeps the instant of its last write', async () => {
  const { ref, meter, stored, opened } = await openedRun();
  let now = counts(1);
  const progress = reportProgress(opened, () => now, EVERY_MS);
  await vi.waitUntil(async () => (await stored()) === 1);
  now = counts(7);
  await vi.waitUntil(async () => (await stored()) === 7);
  await progress.stop();
  expect(meter.firestore_writes).toBe(2);
  // The precondition of the write that closes the run holds.
  await ref.update({ outcome: 'succeeded' }, { lastUpdateTime: opened.writtenAt });
});

it('stops once another attempt has the record', async () => {
  const { ref, meter, stored, opened } = await openedRun();
  await ref.update({ attempt: 2, counts: counts(100) });
  let asked = 0;
  const progress = reportProgress(opened, () => counts(++asked), EVERY_MS);
  await vi.waitUntil(() => asked >= 1);
  await progress.stop();
  expect([await stored(), meter.firestore_writes, asked]).toEqual([100, 0, 1]);
});
