import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Firestore } from '@google-cloud/firestore';
import type { Meter } from '../cost.ts';

/** The parts of a write and of a response that the door reads (google.firestore.v1). */
interface Value {
  stringValue?: string;
  mapValue?: { fields?: Record<string, Value> | null } | null;
  arrayValue?: { values?: Value[] | null } | null;
}
interface Write {
  update?: { name?: string; fields?: Record<string, Value> } | null;
  delete?: string | null;
}
interface Aggregation {
  aggregateFields?: Record<string, { integerValue?: number | string | null }> | null;
}
interface Response {
  document?: object | null;
  found?: object | null;
  missing?: string | null;
  result?: Aggregation | null;
}

/** The two funnels of the Firestore client: every request of every reference, query, batch and transaction. */
interface Funnels {
  initializeIfNeeded(tag: string): Promise<void>;
  request(method: string, request: object, tag: string, retryCodes?: number[]): Promise<object>;
  requestStream(method: string, bidirectional: boolean, request: object, tag: string): Promise<Readable>;
}

/** The field with a random value that identifies the last conditional write of a document. */
export const ATTEMPT_FIELD = 'write_attempt';

/** Firestore bills an aggregation as one read per 1000 index entries (https://cloud.google.com/firestore/pricing). */
const ENTRIES_PER_READ = 1000;

/** Returns a field that marks one conditional write. The door recognises the write by it if the answer is lost. */
export function writeAttempt(): { [ATTEMPT_FIELD]: string } {
  return { [ATTEMPT_FIELD]: randomUUID() };
}

const processStores = new WeakMap<Firestore, Firestore>();

/** Returns the client behind a counted view, or the client itself. It is the same in all requests of a process. */
export const processStore = (store: Firestore): Firestore => processStores.get(store) ?? store;

/**
 * Returns a view of the client for one run. It adds reads, writes and deletes to the meter as Firestore bills them,
 * recognises a commit whose answer was lost by its `writeAttempt`, and mends texts that are not well-formed Unicode. It
 * shares the client's connections.
 */
export function countedStore(firestore: Firestore, meter: Meter): Firestore {
  const funnels = firestore as unknown as Funnels;
  for (const name of ['initializeIfNeeded', 'request', 'requestStream'] as const)
    if (typeof funnels[name] !== 'function')
      throw new Error(
        `@google-cloud/firestore has no ${name}() any more; adapt shared/doors/store/counted.ts, which needs it.`,
      );
  const counted: Funnels = {
    initializeIfNeeded: (tag) => funnels.initializeIfNeeded(tag),
    async request(method, request, tag, retryCodes) {
      const commit = () => funnels.request(method, request, tag, retryCodes);
      if (method !== 'commit') return commit();
      const { writes = [] } = request as { writes?: Write[] };
      for (const { update } of writes) mendTexts(Object.values(update?.fields ?? {}));
      const answer = await commit().catch((error: unknown) => recoverCommit(view, writes, error));
      countWrites(writes, meter);
      return answer;
    },
    async requestStream(method, bidirectional, request, tag) {
      const stream = await funnels.requestStream(method, bidirectional, request, tag);
      return countReads(method, stream, meter);
    },
  };
  const view = Object.assign(Object.create(firestore) as Firestore, counted);
  processStores.set(view, processStore(firestore));
  return view;
}

/** Replaces halves of characters, as in a text that was cut inside an emoji: Firestore refuses them. */
function mendTexts(values: readonly Value[]): void {
  for (const value of values) {
    if (value.stringValue?.isWellFormed() === false) value.stringValue = value.stringValue.toWellFormed();
    else if (value.mapValue) mendTexts(Object.values(value.mapValue.fields ?? {}));
    else if (value.arrayValue) mendTexts(value.arrayValue.values ?? []);
  }
}

function countWrites(writes: readonly Write[], meter: Meter): void {
  const deletes = writes.filter((write) => typeof write.delete === 'string').length;
  meter.firestore_deletes += deletes;
  meter.firestore_writes += writes.length - deletes;
}

/** Counts the documents of a stream, which stays paused. A query without results is billed as one read. */
function countReads(method: string, stream: Readable, meter: Meter): Readable {
  if (method === 'batchGetDocuments')
    return stream.on('data', ({ found, missing }: Response) => {
      if (found ?? missing) meter.firestore_reads += 1;
    });
  if (method === 'runAggregationQuery')
    return stream.on('data', ({ result }: Response) => {
      if (result) meter.firestore_reads += Math.max(1, Math.ceil(largestCount(result) / ENTRIES_PER_READ));
    });
  if (method !== 'runQuery') return stream;
  meter.firestore_reads += 1;
  let documents = 0;
  return stream.on('data', ({ document }: Response) => {
    if (!document) return;
    documents += 1;
    if (documents > 1) meter.firestore_reads += 1;
  });
}

/** Returns the largest count of an aggregation: the index entries that it read. */
function largestCount({ aggregateFields }: Aggregation): number {
  const values = Object.values(aggregateFields ?? {});
  return Math.max(0, ...values.map(({ integerValue }) => Number(integerValue ?? 0)));
}

/** Reads back the documents of a failed commit. Returns its result if one has its mark; throws the error otherwise. */
async function recoverCommit(store: Firestore, writes: readonly Write[], error: unknown): Promise<object> {
  const marked = writes.flatMap(({ update }) => {
    const attempt = update?.fields?.[ATTEMPT_FIELD]?.stringValue;
    return update?.name && attempt ? [{ name: update.name, attempt }] : [];
  });
  if (marked.length === 0 || typeof (error as { code?: unknown } | null)?.code !== 'number') throw error;
  const refs = marked.map(({ name }) =>
    store.doc(name.slice(name.indexOf('/documents/') + '/documents/'.length)),
  );
  const stored = await store.getAll(...refs).catch(() => []);
  const own = stored.find((snapshot, index) => snapshot.get(ATTEMPT_FIELD) === marked[index]?.attempt);
  if (!own?.updateTime) throw error;
  const { seconds, nanoseconds: nanos } = own.updateTime;
  const updateTime = { seconds: String(seconds), nanos };
  return { commitTime: updateTime, writeResults: writes.map(() => ({ updateTime, transformResults: [] })) };
}
