import { createHash } from 'node:crypto';
import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import { writeAttempt } from '../../doors/store/counted.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { noSums, type Sums } from './sums.ts';

/** The ledger keeps batches this long; Firestore's TTL policy on `expires_at` deletes them. */
const KEEP_DAYS = 7;
const DAY_MS = 86_400_000;
/** The length of a name: half of a SHA-256 in hexadecimal, so no two batches share one. */
const NAME_LENGTH = 32;

/** A dispatched part of a run. `lost`: its run was closed without it, so no delivery works on it any more. */
export interface Batch {
  ref: DocumentReference;
  state: 'open' | 'settled' | 'lost';
  /** The ids of all its candidates, and of those that are left. */
  ids: readonly string[];
  left: readonly string[];
  /** The sums of earlier attempts. */
  done: Sums;
  writtenAt: Timestamp | undefined;
}

/** Returns the batches of a run. */
export const batchesOf = (store: Firestore, runId: string) =>
  store.collection('task_runs').doc(runId).collection('batches');

/** Returns the name of a batch in the ledger and in the queue. The same run and content have the same name. */
export function batchName(runId: string, ids: readonly string[]): string {
  const text = JSON.stringify([runId, ...ids]);
  return createHash('sha256').update(text).digest('hex').slice(0, NAME_LENGTH);
}

/** Records a batch before it is dispatched. An existing record stays unchanged. */
export async function recordBatch(ref: DocumentReference, ids: readonly string[], now: Date): Promise<void> {
  const expires = Timestamp.fromMillis(now.getTime() + KEEP_DAYS * DAY_MS);
  const fields = { state: 'open', ids, left: ids, expires_at: expires, ...writeAttempt() };
  await ref.create(fields).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
}

/** Reads a batch from its record. */
export function readBatch(snapshot: DocumentSnapshot): Batch {
  const ids: string[] = snapshot.get('ids') ?? [];
  return {
    ref: snapshot.ref,
    state: snapshot.get('state'),
    ids,
    left: snapshot.get('left') ?? ids,
    done: snapshot.get('done') ?? noSums(),
    writtenAt: snapshot.updateTime,
  };
}

/**
 * Writes the result of an attempt at a batch. Returns false if another process wrote first: its result stays. A batch
 * therefore counts once, even if it was delivered several times.
 */
export async function writeBatch(
  { ref, writtenAt }: Batch,
  fields: { state: Batch['state']; left: readonly string[]; done: Sums } | { state: 'lost' },
): Promise<boolean> {
  try {
    await ref.update({ ...fields, ...writeAttempt() }, writtenAt ? { lastUpdateTime: writtenAt } : {});
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
