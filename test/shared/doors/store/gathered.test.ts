import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { countedStore } from '../../../../shared/doors/store/counted.ts';
import { GatheredUpdates } from '../../../../shared/doors/store/gathered.ts';
import { seed, startWorld, type World } from '../../../support/world.ts';

const IDS = Array.from({ length: 45 }, (_, index) => `row-${index}`);
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => seed(world.store, 'rows', new Map(IDS.map((id) => [id, { seen: 0, 'kept.as-is': true }]))));

const row = (id: string) => world.store.collection('rows').doc(id);
const seen = async () =>
  new Map((await world.store.collection('rows').get()).docs.map((doc) => [doc.id, doc.get('seen')]));

describe('gathered updates', () => {
  it('write every document, in few commits, and count each write', async () => {
    const meter = noUsage();
    const updates = new GatheredUpdates(countedStore(world.store, meter));
    const written = await Promise.all(IDS.map((id, index) => updates.update(row(id), { seen: index + 1 })));
    expect(written).toEqual(IDS.map(() => true));
    expect(await seen()).toEqual(new Map(IDS.map((id, index) => [id, index + 1])));
    expect(meter.firestore_writes).toBe(IDS.length);
  });

  it('write one that nobody joins', async () => {
    const updates = new GatheredUpdates(world.store);
    expect(await updates.update(row('row-3'), { seen: 7 })).toBe(true);
    expect((await seen()).get('row-3')).toBe(7);
  });

  it('leave out a document that is gone, bring none back, and write the others', async () => {
    await row('row-1').delete();
    const meter = noUsage();
    const updates = new GatheredUpdates(countedStore(world.store, meter));
    const some = ['row-0', 'row-1', 'row-2'];
    expect(await Promise.all(some.map((id) => updates.update(row(id), { seen: 9 })))).toEqual([
      true,
      false,
      true,
    ]);
    const found = await seen();
    expect([found.get('row-0'), found.has('row-1'), found.get('row-2')]).toEqual([9, false, 9]);
    expect(meter.firestore_writes).toBe(2);
  });

  it('tell each of them when the store refuses', async () => {
    const updates = new GatheredUpdates(world.store);
    const huge = 'x'.repeat(1_100_000);
    const settled = await Promise.allSettled([
      updates.update(row('row-0'), { seen: huge }),
      updates.update(row('row-1'), { seen: 1 }),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await seen()).get('row-1')).toBe(0);
  });
});
