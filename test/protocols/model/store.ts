import { PassThrough, type Readable } from 'node:stream';
import { Firestore } from '@google-cloud/firestore';
import type { Mutate } from '../mutate.ts';
import { Documents, GrpcError, type StoredDocument, UNAVAILABLE, type Write } from './documents.ts';
import { runQuery, type StructuredQuery } from './query.ts';

/** The ways in which one call may end; `fail`: nothing happened, `lost`: it happened, `repeated`: it was sent again. */
export type CallEnd = 'ok' | 'fail' | 'lost' | 'repeated';

/** Decides how a call ends; the explorer stops the caller here. */
export type Arrange = (call: string, ends: readonly CallEnd[]) => Promise<CallEnd>;

const PROJECT = 'model';
const ROOT = `projects/${PROJECT}/databases/(default)/documents`;

interface CommitRequest {
  writes?: Write[];
  transaction?: Uint8Array;
}
interface BatchGetRequest {
  documents?: string[];
  transaction?: Uint8Array;
  newTransaction?: object;
}
interface QueryRequest {
  parent: string;
  structuredQuery: StructuredQuery;
  transaction?: Uint8Array;
  newTransaction?: object;
}

/**
 * A Firestore in memory: the product's own client in front of a model of the service, so that references, queries,
 * batches and transactions are the real ones. Each call is one step of its caller.
 */
export class ModelStore {
  readonly documents = new Documents();
  readonly client: Firestore;
  /** Called after each commit, for invariants about that instant. */
  onCommit: (paths: string) => void = () => undefined;
  readonly #arrange: Arrange;
  readonly #mutate: Mutate;

  /** `mutate` changes writes on their way: a check of the explorer, which then has to find what breaks. */
  constructor(arrange: Arrange = async () => 'ok', mutate: Mutate = (write) => write) {
    this.#arrange = arrange;
    this.#mutate = mutate;
    const client = new Firestore({ projectId: PROJECT, ignoreUndefinedProperties: true });
    this.client = Object.assign(client, {
      initializeIfNeeded: async () => undefined,
      request: (method: string, request: object) => this.#call(method, request),
      requestStream: (method: string, _bidirectional: boolean, request: object) =>
        this.#stream(method, request),
    });
  }

  /** Returns the plain fields of a document as its path names it, for invariants. Not a step. */
  read(path: string): StoredDocument | null {
    return this.documents.get(`${ROOT}/${path}`);
  }

  /** Returns the documents of a collection at the root, or of one below it, for invariants. Not a step. */
  list(collection: string, below?: string): StoredDocument[] {
    const parts = below === undefined ? 2 : 4;
    return this.documents.all().filter(({ name }) => {
      const path = name.slice(ROOT.length + 1).split('/');
      return path.length === parts && path[0] === collection && (below === undefined || path[2] === below);
    });
  }

  async #call(method: string, request: object): Promise<object> {
    if (method === 'beginTransaction') return { transaction: Buffer.from(this.documents.begin()) };
    if (method === 'rollback') return {};
    if (method !== 'commit') throw new Error(`the model knows no ${method}`);
    const { writes: given = [], transaction } = request as CommitRequest;
    const writes = given.flatMap((write) => this.#mutate(write) ?? []);
    const end = await this.#arrange(`commit ${describe(writes)}`, ['ok', 'fail', 'lost', 'repeated']);
    if (end === 'fail') throw new GrpcError(UNAVAILABLE, 'unavailable');
    const id = transaction ? Buffer.from(transaction).toString() : undefined;
    const done = describe(writes);
    const { commitTime, updateTimes } = this.documents.commit(writes, id);
    this.onCommit(done);
    if (end === 'lost') throw new GrpcError(UNAVAILABLE, 'the answer is lost');
    if (end === 'repeated') this.documents.commit(writes);
    return {
      commitTime,
      writeResults: given.map((_write, index) => ({
        updateTime: updateTimes[index] ?? commitTime,
        transformResults: [],
      })),
    };
  }

  async #stream(method: string, request: object): Promise<Readable> {
    const end = await this.#arrange(method === 'batchGetDocuments' ? 'read' : 'query', ['ok', 'fail']);
    if (end === 'fail') throw new GrpcError(UNAVAILABLE, 'unavailable');
    const stream = new PassThrough({ objectMode: true });
    stream.pause();
    for (const response of this.#responses(method, request)) stream.write(response);
    stream.end();
    return stream;
  }

  #responses(method: string, request: object): object[] {
    const readTime = this.documents.now();
    const { transaction, newTransaction } = request as BatchGetRequest;
    const begun = newTransaction ? this.documents.begin() : undefined;
    const id = begun ?? (transaction ? Buffer.from(transaction).toString() : undefined);
    const head = begun ? [{ transaction: Buffer.from(begun), readTime }] : [];
    if (method === 'batchGetDocuments') {
      const names = (request as BatchGetRequest).documents ?? [];
      for (const name of names) if (id) this.documents.note(id, name);
      const answers = names.map((name) => {
        const found = this.documents.get(name);
        return found ? { found, readTime } : { missing: name, readTime };
      });
      return [...head, ...answers];
    }
    const { parent, structuredQuery } = (
      method === 'runAggregationQuery' ? asQuery(request) : request
    ) as QueryRequest;
    const found = runQuery(this.documents.all(), parent, structuredQuery);
    for (const { name } of found) if (id) this.documents.note(id, name);
    if (method === 'runAggregationQuery') return [...head, countAnswer(request, found.length, readTime)];
    const answers = found.map((document) => ({ document, readTime }));
    return [...head, ...(answers.length > 0 ? answers : [{ readTime }])];
  }
}

interface AggregationRequest {
  parent: string;
  structuredAggregationQuery: { structuredQuery: StructuredQuery; aggregations: { alias?: string }[] };
}

const asQuery = (request: object): QueryRequest => {
  const { parent, structuredAggregationQuery } = request as AggregationRequest;
  return { parent, structuredQuery: structuredAggregationQuery.structuredQuery };
};

function countAnswer(request: object, count: number, readTime: object): object {
  const { aggregations } = (request as AggregationRequest).structuredAggregationQuery;
  const aggregateFields = Object.fromEntries(
    aggregations.map(({ alias = '' }) => [alias, { integerValue: count, valueType: 'integerValue' }]),
  );
  return { result: { aggregateFields }, readTime };
}

/** A short name of a commit: each document with the state it gets. */
function describe(writes: readonly Write[]): string {
  return writes
    .map(({ update, delete: deleted }) => {
      const path = (update?.name ?? deleted ?? '').slice(ROOT.length + 1);
      const state = update?.fields?.['state']?.stringValue ?? update?.fields?.['outcome']?.stringValue;
      return deleted ? `-${path}` : `${path}${state ? `=${state}` : ''}`;
    })
    .join(' ');
}
