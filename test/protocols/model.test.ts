import {
  type DocumentData,
  FieldValue,
  type Firestore,
  type Precondition,
  type Query,
  Timestamp,
} from '@google-cloud/firestore';
import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { openTestStore } from '../support/store.ts';
import { ModelStore } from './model/store.ts';

const emulator = openTestStore();
afterAll(() => emulator.terminate());

/** Documents of two collections, and of a collection below some of them. */
const PATHS = ['a', 'b', 'c', 'd'].flatMap((id) => [`left/${id}`, `right/${id}`, `left/${id}/below/${id}`]);
const path = fc.constantFrom(...PATHS);

const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0.5, -1.5),
  fc.constantFrom('', 'a', 'b', 'é', 'zz'),
  fc.integer({ min: 0, max: 3 }).map((seconds) => new Timestamp(1_000 + seconds, seconds * 1_000)),
);
const data = fc.record(
  {
    n: scalar,
    at: fc.integer({ min: 0, max: 3 }).map((seconds) => new Timestamp(1_000 + seconds, 0)),
    list: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }),
    inner: fc.record({ left: scalar, right: scalar }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const change = fc.oneof(
  data.filter((fields) => Object.keys(fields).length > 0),
  scalar.map((value) => ({ 'inner.left': value })),
  fc.constantFrom('x', 'w').map((one) => ({ list: FieldValue.arrayUnion(one) })),
  fc.constant({ n: FieldValue.delete() }),
);
const condition = fc.constantFrom('none' as const, 'current' as const, 'stale' as const);

const write = fc.oneof(
  fc.record({ do: fc.constant('create' as const), path, fields: data }),
  fc.record({ do: fc.constant('set' as const), path, fields: data, merge: fc.boolean() }),
  fc.record({ do: fc.constant('update' as const), path, fields: change, condition }),
  fc.record({ do: fc.constant('delete' as const), path, condition }),
);
type WriteOf = typeof write extends fc.Arbitrary<infer W> ? W : never;

const field = fc.constantFrom('n', 'at', 'inner.left');
const direction = fc.constantFrom('asc' as const, 'desc' as const);
const question = fc.record({
  group: fc.constantFrom('left', 'right', 'below*'),
  filter: fc.option(
    fc.tuple(
      field,
      fc.constantFrom('==', '<', '>=', '>', '<=', '!=') as fc.Arbitrary<FirebaseFirestore.WhereFilterOp>,
      scalar,
    ),
  ),
  order: fc.option(fc.tuple(field, direction)),
  limit: fc.option(fc.integer({ min: 1, max: 3 })),
  after: fc.boolean(),
  select: fc.option(fc.constantFrom(['n'], ['inner.left', 'at'], [] as string[])),
});
type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

const step = fc.oneof(
  fc.record({
    kind: fc.constant('batch' as const),
    writes: fc.uniqueArray(write, { minLength: 1, maxLength: 3, selector: (one) => one.path }),
  }),
  fc.record({ kind: fc.constant('transaction' as const), read: path, write }),
  fc.record({ kind: fc.constant('query' as const), question }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One of the two stores, with the versions that were seen there. */
class Side {
  readonly #store: Firestore;
  readonly #root: string;
  readonly #versions = new Map<string, { current?: Timestamp; stale?: Timestamp }>();

  constructor(store: Firestore, root: string) {
    this.#store = store;
    this.#root = root;
  }

  /** Returns what a caller sees of a step: the answer, or the status of its error. */
  async take(step: Step): Promise<unknown> {
    try {
      if (step.kind === 'query') return await this.#ask(step.question);
      if (step.kind === 'batch') return await this.#batch(step.writes);
      return await this.#transaction(step.read, step.write);
    } catch (error) {
      return { code: (error as { code?: unknown }).code };
    }
  }

  #ref(path: string) {
    return this.#store.doc(`${this.#root}/${path}`);
  }

  async #batch(writes: readonly WriteOf[]): Promise<unknown> {
    const batch = this.#store.batch();
    for (const one of writes) this.#add(batch, one);
    await batch.commit();
    await this.#look(writes.map((one) => one.path));
    return 'written';
  }

  async #transaction(read: string, write: WriteOf): Promise<unknown> {
    const seen = await this.#store.runTransaction(async (transaction) => {
      const snapshot = await transaction.get(this.#ref(read));
      this.#add(transaction, write);
      return snapshot.data() ?? null;
    });
    await this.#look([write.path]);
    return plain(seen);
  }

  #add(to: FirebaseFirestore.WriteBatch | FirebaseFirestore.Transaction, one: WriteOf): void {
    const ref = this.#ref(one.path);
    const batch = to as FirebaseFirestore.WriteBatch;
    if (one.do === 'create') batch.create(ref, one.fields);
    else if (one.do === 'set') batch.set(ref, one.fields, { merge: one.merge });
    else if (one.do === 'delete') batch.delete(ref, this.#condition(one));
    else batch.update(ref, one.fields as DocumentData, this.#condition(one));
  }

  #condition(one: { path: string; condition: 'none' | 'current' | 'stale' }): Precondition {
    if (one.condition === 'none') return {};
    const lastUpdateTime = this.#versions.get(one.path)?.[one.condition];
    return lastUpdateTime ? { lastUpdateTime } : {};
  }

  async #look(paths: readonly string[]): Promise<void> {
    for (const one of new Set(paths)) {
      const { updateTime } = await this.#ref(one).get();
      const known = this.#versions.get(one);
      if (updateTime)
        this.#versions.set(one, { current: updateTime, ...(known?.current ? { stale: known.current } : {}) });
    }
  }

  async #ask({ group, filter, order, limit, after, select }: Question): Promise<unknown> {
    const base = this.#store.doc(this.#root);
    let query: Query =
      group === 'below*' ? base.collection('left').doc('a').collection('below') : base.collection(group);
    if (filter) query = query.where(...filter);
    // An inequality orders by its own field first.
    const isRange = filter && filter[1] !== '==';
    const orderBy = isRange ? ([filter[0], order?.[1] ?? 'asc'] as const) : order;
    if (orderBy) query = query.orderBy(...orderBy);
    if (orderBy && after) query = query.startAfter(1);
    if (limit) query = query.limit(limit);
    if (select) query = query.select(...select);
    const { docs } = await query.get();
    return docs.map((doc) => [doc.ref.path.slice(this.#root.length), plain(doc.data())]);
  }

  /** Returns all documents. */
  async dump(): Promise<unknown> {
    const found = await this.#store.getAll(...PATHS.map((one) => this.#ref(one)));
    return found.map((snapshot, index) => [PATHS[index], plain(snapshot.data() ?? null)]);
  }
}

/** Values that two stores can be compared by. */
function plain(value: unknown): unknown {
  if (value instanceof Timestamp) return `t${value.seconds}.${value.nanoseconds}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, one]) => [name, plain(one)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

it('the model store answers as the emulator does, over generated operations', async () => {
  let world = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 15 }), async (steps) => {
      world += 1;
      const model = new Side(new ModelStore().client, 'worlds/one');
      const real = new Side(emulator, `worlds/${world}`);
      for (const [index, one] of steps.entries()) {
        const [expected, answer] = await Promise.all([real.take(one), model.take(one)]);
        expect({ index, answer }).toEqual({ index, answer: expected });
      }
      expect(await model.dump()).toEqual(await real.dump());
    }),
    { numRuns: 60, seed: Number(process.env.SEED ?? 1) },
  );
});
