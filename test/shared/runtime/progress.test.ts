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
/** A run under way in the ledger. */
async function openedRun() {
  const id = `close-inactive-visits!${randomUUID()}`;
  const ref = store.doc(`task_runs/${id}`);
  const { writeTime } = await ref.create({ outcome: null, counts: null, attempt: 1 });
  const told = async () => (await ref.get()).get('counts.candidates') as number | undefined;
  return { id, ref, told, opened: { attempt: 1, writtenAt: writeTime } };
}

it('tells how far a run is, again where that has changed, and hands on when it wrote last', async () => {
  const { id, ref, told, opened } = await openedRun();
  const meter = noUsage();
  let now = counts(1);
  const progress = reportProgress(countedStore(store, meter), id, opened, () => now, EVERY_MS);
  await vi.waitUntil(async () => (await told()) === 1);
  now = counts(7);
  await vi.waitUntil(async () => (await told()) === 7);
  await progress.stop();
  expect(meter.firestore_writes).toBe(2);
  // What closes the run finds its precondition as it was handed on.
  await ref.update({ outcome: 'succeeded' }, { lastUpdateTime: opened.writtenAt });
});

it('says no more once another attempt has the record', async () => {
  const { id, ref, told, opened } = await openedRun();
  await ref.update({ attempt: 2, counts: counts(100) });
  const meter = noUsage();
  let asked = 0;
  const progress = reportProgress(countedStore(store, meter), id, opened, () => counts(++asked), EVERY_MS);
  await vi.waitUntil(() => asked >= 1);
  await progress.stop();
  expect([await told(), meter.firestore_writes, asked]).toEqual([100, 0, 1]);
});
