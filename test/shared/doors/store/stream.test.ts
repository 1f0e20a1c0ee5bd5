import { PassThrough, type Readable } from 'node:stream';
import type { Firestore } from '@google-cloud/firestore';
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
    // Only an empty part is the end, and Firestore bills its request as a read.
    expect(reads).toBe(DOCUMENTS + 1);
  });

  it('asks for more at a time where the reader has time left, and still gives every document once', async () => {
    const asked: number[] = [];
    const leftMs = () => {
      asked.push(1);
      return 3_600_000;
    };
    expect((await stream({ leastPage: 3, leftMs })).seen).toEqual(IDS);
    // The first request knows no rate yet and asks for three; the second asks for all the rest, the third finds none.
    expect(asked).toHaveLength(3);
  });

  it('counts what a reader that stops early leaves unread, up to the end of that request', async () => {
    expect(await stream({ leastPage: 10 }, 12)).toEqual({ seen: IDS.slice(0, 12), reads: 20 });
  });
});

/** A client whose first query stream reports progress after `count` documents, then breaks off as Google's cut does. */
function cutting(store: Firestore, count: number): Firestore {
  const inner = store as unknown as { requestStream(...all: unknown[]): Promise<Readable> };
  let isCut = false;
  const requestStream = async (...all: unknown[]) => {
    const whole = await inner.requestStream(...all);
    if (isCut) return whole;
    isCut = true;
    const part = new PassThrough({ objectMode: true });
    let passed = 0;
    whole.on('data', (response: { document?: object | null }) => {
      if (!response.document || passed === count) return;
      passed += 1;
      part.write(response);
      if (passed < count) return;
      part.write({ readTime: { seconds: 1, nanos: 0 } });
      setImmediate(() => part.destroy(Object.assign(new Error('cut'), { code: 14 })));
    });
    whole.resume();
    return part;
  };
  return Object.assign(Object.create(store) as Firestore, { requestStream });
}

describe('a query stream that Google cuts', () => {
  it.each([1, 10, 19, 20])('still gives every document once after %i of a page of 20', async (count) => {
    const seen: string[] = [];
    const rows = cutting(world.store, count).collection('rows').orderBy('weight');
    for await (const { id } of streamQuery(rows, { leastPage: 20 })) seen.push(id);
    expect(seen).toEqual(IDS);
  });

  it('fails if a page brings nothing', async () => {
    const broken = Object.assign(Object.create(world.store) as Firestore, {
      requestStream: () => Promise.reject(Object.assign(new Error('denied'), { code: 7 })),
    });
    await expect(streamQuery(broken.collection('rows')).next()).rejects.toThrow('denied');
  });
});
