import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { countedStore, writeAttempt } from '../../../../shared/doors/store/counted.ts';
import { openTestStore } from '../../../support/store.ts';
import { losingAnswers } from './losing-answers.ts';

let bare: Firestore;
beforeAll(async () => {
  bare = openTestStore();
  for (const id of ['a', 'b', 'c']) await bare.doc(`things/${id}`).set({ id });
});
afterAll(() => bare.terminate());

async function drained(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const _ of stream);
}

/** Returns the counts that the work adds to a new meter. */
async function costOf(work: (store: Firestore) => Promise<unknown>) {
  const meter = noUsage();
  await work(countedStore(bare, meter));
  const { firestore_reads: reads, firestore_writes: writes, firestore_deletes: deletes } = meter;
  return { reads, writes, deletes };
}

it('counts each document that is read, also one that does not exist', async () => {
  expect(await costOf((store) => store.doc('things/a').get())).toEqual({ reads: 1, writes: 0, deletes: 0 });
  expect(await costOf((store) => store.doc('things/none').get())).toMatchObject({ reads: 1 });
  expect(await costOf((store) => store.getAll(store.doc('things/a'), store.doc('things/b')))).toMatchObject({
    reads: 2,
  });
});

it('counts the documents of a query, and one read for an empty answer', async () => {
  expect(await costOf((store) => store.collection('things').get())).toMatchObject({ reads: 3 });
  expect(await costOf((store) => store.collection('things').limit(2).get())).toMatchObject({ reads: 2 });
  expect(await costOf((store) => store.collection('nothing').get())).toMatchObject({ reads: 1 });
  expect(await costOf((store) => store.collection('things').count().get())).toMatchObject({ reads: 1 });
  expect(await costOf((store) => drained(store.collection('things').stream()))).toMatchObject({
    reads: 3,
  });
});

it('counts writes and deletes of batches, single calls and transactions, and none that was refused', async () => {
  const batch = await costOf(async (store) => {
    const all = store.batch();
    for (const id of ['x', 'y']) all.set(store.doc(`others/${id}`), { id });
    await all.commit();
  });
  expect(batch).toEqual({ reads: 0, writes: 2, deletes: 0 });
  expect(await costOf((store) => store.doc('others/x').delete())).toEqual({
    reads: 0,
    writes: 0,
    deletes: 1,
  });
  const refused = costOf((store) =>
    store
      .doc('others/y')
      .create({})
      .catch(() => undefined),
  );
  expect(await refused).toEqual({ reads: 0, writes: 0, deletes: 0 });
  const transaction = await costOf((store) =>
    store.runTransaction(async (each) => {
      const { docs } = await each.get(store.collection('things').limit(1));
      for (const { ref } of docs) each.update(ref, { seen: true });
    }),
  );
  expect(transaction).toEqual({ reads: 1, writes: 1, deletes: 0 });
});

it.each([['repeated' as const], [4], [10], [14]])(
  'recognises its own write whose answer was lost (%s) by its attempt',
  async (code) => {
    const meter = noUsage();
    const store = countedStore(losingAnswers(bare, code), meter);
    const { writeTime } = await store.doc(`owned/${code}`).create({ n: 1, ...writeAttempt() });
    expect(writeTime.toMillis()).toBeGreaterThan(0);
    expect((await bare.doc(`owned/${code}`).get()).get('n')).toBe(1);
    expect(meter).toMatchObject({ firestore_writes: 1, firestore_reads: 1 });
    const { updateTime } = await bare.doc(`owned/${code}`).get();
    const next = countedStore(losingAnswers(bare, code), meter).doc(`owned/${code}`);
    await next.update(
      { n: 2, ...writeAttempt() },
      updateTime ? { lastUpdateTime: updateTime } : { exists: false },
    );
    expect((await bare.doc(`owned/${code}`).get()).get('n')).toBe(2);
  },
);

it('recognises the write of another process, and throws the error of the store', async () => {
  const meter = noUsage();
  await bare.doc('owned/theirs').create({ n: 1, ...writeAttempt() });
  const mine = countedStore(bare, meter)
    .doc('owned/theirs')
    .create({ n: 2, ...writeAttempt() });
  await expect(mine).rejects.toMatchObject({ code: 6 });
  expect(meter).toMatchObject({ firestore_writes: 0, firestore_reads: 1 });
  const unmarked = countedStore(losingAnswers(bare, 'repeated'), meter)
    .doc('owned/unmarked')
    .create({ n: 3 });
  await expect(unmarked).rejects.toMatchObject({ code: 6 });
});

it('runs a transaction once whose commit arrived and whose answer was lost', async () => {
  const meter = noUsage();
  const store = countedStore(losingAnswers(bare, 10), meter);
  let calls = 0;
  await store.runTransaction(async (transaction) => {
    calls += 1;
    const snapshot = await transaction.get(store.doc('owned/sum'));
    transaction.set(snapshot.ref, { n: (Number(snapshot.get('n')) || 0) + 1, ...writeAttempt() });
  });
  expect(calls).toBe(1);
  expect((await bare.doc('owned/sum').get()).get('n')).toBe(1);
});

it('mends texts that were cut inside a character, at any depth', async () => {
  const half = '😀'.slice(0, 1);
  const store = countedStore(bare, noUsage());
  await store.doc('texts/cut').set({ a: half, list: [`x${half}`], map: { inner: { b: half } }, whole: '😀' });
  expect((await bare.doc('texts/cut').get()).data()).toEqual({
    ...{ a: '\uFFFD', list: ['x\uFFFD'], map: { inner: { b: '\uFFFD' } }, whole: '😀' },
  });
});
