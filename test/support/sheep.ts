import type { Firestore } from '@google-cloud/firestore';
import { isConflict, streamQuery } from '../../shared/doors/store/firestore.ts';
import type { ActResult, RunContext, Task } from '../../shared/runtime/task.ts';

export const BATCH = 3;
export const DEADLINE_SECONDS = 240;

type SheepReason = 'woolly' | 'black' | 'shorn_already' | 'kicks';
interface Sheep {
  id: string;
  black: boolean;
}

interface SheepTypes {
  params: Record<never, never>;
  candidate: Sheep;
  run: undefined;
  facts: undefined;
  reason: SheepReason;
  plan: undefined;
}

/** Makes the act of a sheep fail with a retryable error if `with` returns true. */
export const trouble: { with: (id: string) => boolean } = { with: () => false };

const flock = (store: Firestore) => store.collection('sheep');

/**
 * Shears every sheep with wool, except black ones. The condition is the wool, and `shearings` counts how often each
 * sheep was shorn.
 */
export const shearSheep: Task<SheepTypes> = {
  name: 'shear-sheep',
  route: '/v1/sheep/shear',
  methods: ['POST'],
  params: {},
  language: 'en',
  onOverlap: 'skip',
  budgetSeconds: 60,
  batchSize: 2,
  concurrency: 2,
  fanOut: {
    batchSize: BATCH,
    deadlineSeconds: DEADLINE_SECONDS,
    async *load(ids, _run, { store }) {
      const found = await store.getAll(...ids.map((id) => flock(store).doc(id)));
      for (const one of found) if (one.get('wool') === true) yield { id: one.id, black: one.get('black') };
    },
  },
  async *find(_run, { store }) {
    for await (const one of streamQuery(flock(store).where('wool', '==', true)))
      yield { id: one.id, black: one.get('black') };
  },
  decide: ({ black }) => (black ? { act: false, reason: 'black' } : { act: true, reason: 'woolly' }),
  act: (decided, _run, context) => Promise.all(decided.map(({ candidate: { id } }) => shear(id, context))),
  reply: ({ dispatched, outcome, tally }) => ({ flock: outcome, handed: dispatched ?? null, wool: tally }),
};

async function shear(id: string, { store, tally }: RunContext): Promise<ActResult<SheepReason>> {
  if (trouble.with(id)) return { outcome: 'failed', reason: 'kicks', retry: true };
  const ref = flock(store).doc(id);
  const seen = await ref.get();
  if (seen.get('wool') !== true) return { outcome: 'skipped', reason: 'shorn_already' };
  try {
    const shearings = Number(seen.get('shearings')) + 1;
    await ref.update({ wool: false, shearings }, seen.updateTime ? { lastUpdateTime: seen.updateTime } : {});
    tally.fleeces = (tally.fleeces ?? 0) + 1;
    return { outcome: 'acted' };
  } catch (error) {
    if (isConflict(error)) return { outcome: 'skipped', reason: 'shorn_already' };
    throw error;
  }
}

/** Creates sheep with wool, some of them black. */
export async function graze(store: Firestore, white: number, black = 0): Promise<void> {
  const writer = store.bulkWriter({ throttling: false });
  for (let index = 0; index < white + black; index += 1)
    void writer.set(flock(store).doc(`sheep-${index}`), { wool: true, shearings: 0, black: index >= white });
  await writer.close();
}

/** Returns how often each sheep was shorn, in order. */
export async function shearings(store: Firestore): Promise<number[]> {
  const { docs } = await flock(store).get();
  const number = (id: string) => Number(id.split('-')[1]);
  return docs.sort((a, b) => number(a.id) - number(b.id)).map((doc) => doc.get('shearings'));
}
