import type { Readable } from 'node:stream';
import { Firestore, type Query, type QueryDocumentSnapshot, type Timestamp } from '@google-cloud/firestore';
import { stopwatch } from '../clock.ts';
import type { StoreConfig } from '../config.ts';

/** Opens the Firestore client of a process; outside Google Cloud it calls FIRESTORE_EMULATOR_HOST. */
export function openStore(config: StoreConfig): Firestore {
  const emulator = config.firestore.emulatorHost;
  return new Firestore({
    projectId: config.project,
    databaseId: config.firestore.database,
    ignoreUndefinedProperties: true,
    ...(emulator ? { host: emulator, ssl: false, customHeaders: { Authorization: 'Bearer owner' } } : {}),
  });
}

/**
 * Documents per streamed request, at least. The client cannot cancel a query stream: a destroyed one keeps its connection
 * for ever. A reader that stops early must drain it, and this limits the cost.
 */
const STREAM_PAGE = 20_000;
/** A request asks for this share of the documents that its reader can read in the time left, so little is drained. */
const SHARE_OF_TIME = 0.5;

/** Documents in one chunk, at most. */
const MAX_CHUNK = 500;

export interface StreamOptions {
  /** Returns the reader's remaining time in milliseconds. More time makes larger requests. */
  leftMs?: () => number;
  /** Documents per request, at least. */
  leastPage?: number;
}

/**
 * Streams a query's documents with backpressure, each document once. Each request costs the server a search, so a reader
 * that passes `leftMs` gets few large requests, of as many documents as it can use.
 */
export async function* streamQuery(
  query: Query,
  options: StreamOptions = {},
): AsyncGenerator<QueryDocumentSnapshot> {
  for await (const chunk of streamChunks(query, options)) for (const snapshot of chunk) yield snapshot;
}

/**
 * Streams small arrays as they arrive. Over many documents a promise for each costs more than the document.
 *
 * It ends on an empty page only. Google cuts a stream after a minute, and the client then asks for too few of the rest, or
 * for a negative number (https://github.com/googleapis/nodejs-firestore/issues/2200). A failed page that brought documents
 * continues after the last of them.
 */
export async function* streamChunks(
  query: Query,
  { leftMs = () => 0, leastPage = STREAM_PAGE }: StreamOptions = {},
): AsyncGenerator<QueryDocumentSnapshot[]> {
  const elapsed = stopwatch();
  let last: QueryDocumentSnapshot | undefined;
  let seen = 0;
  let before: number;
  do {
    const rate = seen / Math.max(1, elapsed());
    const page = Math.max(leastPage, Math.floor(rate * leftMs() * SHARE_OF_TIME));
    before = seen;
    try {
      for await (const chunk of pageChunks(last ? query.startAfter(last) : query, page)) {
        seen += chunk.length;
        last = chunk.at(-1);
        yield chunk;
      }
    } catch (error) {
      if (seen === before) throw error;
    }
  } while (seen > before);
}

async function* pageChunks(query: Query, limit: number): AsyncGenerator<QueryDocumentSnapshot[]> {
  const reader = readChunks(query.limit(limit).stream() as Readable);
  try {
    for (let chunk = await reader(); chunk; chunk = await reader()) yield chunk;
  } finally {
    // Drains the rest if the reader stopped early; the client cannot cancel a stream.
    const drain = async () => {
      while (await reader());
    };
    await drain().catch(() => undefined);
  }
}

/** Returns a reader of what has arrived since its last call; null at the end. It throws the stream's error once. */
function readChunks(stream: Readable): () => Promise<QueryDocumentSnapshot[] | null> {
  let state: 'open' | 'ended' | { failure: Error } = 'open';
  let wake = () => {};
  const on = (event: string, change: (error: Error) => void) =>
    stream.on(event, (error) => {
      change(error);
      wake();
    });
  on('readable', () => {});
  on('end', () => {
    state = 'ended';
  });
  on('close', () => {
    if (state === 'open') state = 'ended';
  });
  on('error', (failure) => {
    state = { failure };
  });
  return async () => {
    for (;;) {
      const chunk: QueryDocumentSnapshot[] = [];
      for (let one = stream.read(); one !== null; one = stream.read()) {
        chunk.push(one);
        if (chunk.length === MAX_CHUNK) break;
      }
      if (chunk.length > 0) return chunk;
      if (state === 'ended') return null;
      if (state !== 'open') {
        const { failure } = state as { failure: Error };
        state = 'ended';
        throw failure;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

/** gRPC's NOT_FOUND, ALREADY_EXISTS and FAILED_PRECONDITION (https://grpc.io/docs/guides/status-codes). */
const CONFLICTS = [5, 6, 9];

/** Returns true if a write's precondition did not hold: the document changed, exists already or is gone. */
export function isConflict(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return CONFLICTS.some((conflict) => conflict === code);
}

/** Returns true if an error comes from Firestore: it has a gRPC status. */
export function isStoreError(error: unknown): boolean {
  return typeof (error as { code?: unknown } | null)?.code === 'number';
}

/** Returns a Firestore timestamp as milliseconds since the epoch, or null for any other value. */
export function millis(value: unknown): number | null {
  const timestamp = value as Partial<Timestamp> | null | undefined;
  return typeof timestamp?.toMillis === 'function' ? timestamp.toMillis() : null;
}
