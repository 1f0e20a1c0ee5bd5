import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { countedStore } from '../../../../shared/doors/store/counted.ts';
import { updateUnchanged } from '../../../../shared/doors/store/update-unchanged.ts';
import { openTestStore } from '../../../support/store.ts';
import { losingAnswers } from './losing-answers.ts';

const COUNT = 305;
let bare: Firestore;
beforeAll(() => {
  bare = openTestStore();
});
afterAll(() => bare?.terminate());

/** Creates documents, and returns the update of each. */
async function prepare(count: number) {
  const collection = bare.collection(randomUUID());
  const batch = bare.batch();
  for (let index = 0; index < count; index += 1) batch.create(collection.doc(), { open: true });
  await batch.commit();
  const { docs } = await collection.get();
  return { collection, updates: docs.map((snapshot) => ({ snapshot, fields: { open: false } })) };
}

/** Counts the commits of a client. */
function counting(store: Firestore) {
  const inner = store as unknown as { request(method: string, ...rest: unknown[]): Promise<object> };
  const seen = { commits: 0 };
  const request = (method: string, ...rest: unknown[]) => {
    if (method === 'commit') seen.commits += 1;
    return inner.request(method, ...rest);
  };
  return { seen, store: Object.assign(Object.create(store) as Firestore, { request }) };
}

it.each([['repeated' as const], [4], [10], [14]])(
  'reports every update as its own if the answer of the commit is lost (%s)',
  async (code) => {
    const { collection, updates } = await prepare(COUNT);
    const meter = noUsage();
    const { seen, store } = counting(losingAnswers(bare, code));
    const results = await updateUnchanged(countedStore(store, meter), updates);
    expect(new Set(results)).toEqual(new Set(['updated']));
    expect(seen.commits).toBe(1);
    expect(meter).toMatchObject({ firestore_writes: COUNT, firestore_reads: 1 });
    const { docs } = await collection.where('open', '==', false).get();
    expect(docs).toHaveLength(COUNT);
    expect(docs.filter((doc) => doc.get('write_attempt') !== undefined)).toHaveLength(1);
  },
);

it('leaves changed and deleted documents alone and writes all others in two commits', async () => {
  const { collection, updates } = await prepare(COUNT);
  const [first, second] = updates;
  await first?.snapshot.ref.update({ alive: true });
  await second?.snapshot.ref.delete();
  const { seen, store } = counting(bare);
  const results = await updateUnchanged(countedStore(store, noUsage()), updates);
  expect(results.slice(0, 2)).toEqual(['changed', 'changed']);
  expect(new Set(results.slice(2))).toEqual(new Set(['updated']));
  expect(seen.commits).toBe(2);
  expect((await collection.where('open', '==', true).get()).size).toBe(1);
});

it('gives each update the error of a store that refuses', async () => {
  const { updates } = await prepare(2);
  const away = Object.assign(new Error('unavailable'), { code: 14 });
  const store = Object.assign(Object.create(bare) as Firestore, { request: () => Promise.reject(away) });
  expect(await updateUnchanged(store, updates)).toEqual([away, away]);
});
