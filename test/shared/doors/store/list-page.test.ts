import { afterAll, beforeAll, expect, it } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { countedStore } from '../../../../shared/doors/store/counted.ts';
import { listPageById } from '../../../../shared/doors/store/list-page.ts';
import { seed, startWorld, type World } from '../../../support/world.ts';

const idOf = (index: number) => `row-${String(index).padStart(3, '0')}`;
const LARGE = 'x'.repeat(900_000);
let world: World;

beforeAll(async () => {
  world = await startWorld();
  const small = Array.from({ length: 250 }, (_, index) => [idOf(index), { n: index }] as const);
  await seed(world.store, 'small', new Map(small));
  // One after the other: a commit of all would be over Firestore's 10 MiB.
  for (let index = 0; index < 12; index += 1)
    await world.store.doc(`large/${idOf(index)}`).set({ text: LARGE });
});
afterAll(() => world?.stop());

/** Reads a list to its end. Returns the lengths of its pages, all ids, and the reads. */
async function readAll(collection: string, limit: number) {
  const meter = noUsage();
  const store = countedStore(world.store, meter);
  const pages: number[] = [];
  const ids: string[] = [];
  for (let page: string | null | undefined; page !== null; ) {
    const { docs, next } = await listPageById(store.collection(collection), limit, page ?? null);
    pages.push(docs.length);
    ids.push(...docs.map(({ id }) => id));
    page = next;
  }
  return { pages, ids, reads: meter.firestore_reads };
}

it.each([
  [50, [50, 50, 50, 50, 50], 254],
  [100, [100, 100, 50], 252],
  [250, [250], 252],
  [500, [250], 252],
])('a page ends at its limit of %i', async (limit, pages, reads) => {
  expect(await readAll('small', limit)).toEqual({
    pages,
    ids: Array.from({ length: 250 }, (_, index) => idOf(index)),
    reads,
  });
});

it('a page ends at 4 MB, and the next one goes on after it', async () => {
  const { pages, ids } = await readAll('large', 500);
  expect(pages).toEqual([5, 5, 2]);
  expect(ids).toEqual(Array.from({ length: 12 }, (_, index) => idOf(index)));
});
