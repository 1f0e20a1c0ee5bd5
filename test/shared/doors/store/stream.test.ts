import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { countedStore } from '../../../../shared/doors/store/counted.ts';
import { type StreamOptions, streamQuery } from '../../../../shared/doors/store/firestore.ts';
import { seed, startWorld, type World } from '../../../support/world.ts';

const DOCUMENTS = 35;
const IDS = Array.from({ length: DOCUMENTS }, (_, index) => `row-${String(index).padStart(2, '0')}`);
let world: World;

beforeAll(async () => {
  world = await startWorld();
  // Equal values everywhere: only the name tells where a request went on.
  await seed(world.store, 'rows', new Map(IDS.map((id) => [id, { weight: 1 }])));
});
afterAll(() => world.stop());

async function stream(options: StreamOptions, stopAfter = Number.POSITIVE_INFINITY) {
  const seen: string[] = [];
  const meter = noUsage();
  const store = countedStore(world.store, meter);
  for await (const { id } of streamQuery(store.collection('rows').orderBy('weight'), options)) {
    seen.push(id);
    if (seen.length === stopAfter) break;
  }
  return { seen, reads: meter.firestore_reads };
}

describe('a streamed query', () => {
  it.each([1, 4, 5, 7, 34, 35, 36])('gives every document once in requests of %i', async (leastPage) => {
    const { seen, reads } = await stream({ leastPage });
    expect(seen).toEqual(IDS);
    // A stream that ends on a whole part asks once more in vain, and Firestore bills that as a read.
    expect(reads).toBe(DOCUMENTS + (DOCUMENTS % leastPage === 0 ? 1 : 0));
  });

  it('asks for more at a time where the reader has time left, and still gives every document once', async () => {
    const asked: number[] = [];
    const leftMs = () => {
      asked.push(1);
      return 3_600_000;
    };
    expect((await stream({ leastPage: 3, leftMs })).seen).toEqual(IDS);
    // The first request knows no rate yet and asks for three; the second asks for all the rest.
    expect(asked).toHaveLength(2);
  });

  it('counts what a reader that stops early leaves unread, up to the end of that request', async () => {
    expect(await stream({ leastPage: 10 }, 12)).toEqual({ seen: IDS.slice(0, 12), reads: 20 });
  });
});
