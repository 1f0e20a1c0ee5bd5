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

/** Batches are kept so long, to tell what became of them; Firestore's TTL policy on `expires_at` deletes them. */
const KEEP_DAYS = 7;
const DAY_MS = 86_400_000;
/** A name's length: half of a SHA-256 in hexadecimal, which no two batches share. */
const NAME_LENGTH = 32;

/** A part of a run that was handed on. `lost`: its run was closed without it, so nobody takes it up any more. */
export interface Batch {
  ref: DocumentReference;
  state: 'open' | 'settled' | 'lost';
  /** All its candidates, and those that are still to be done. */
  ids: readonly string[];
  left: readonly string[];
  /** What earlier attempts have done of it. */
  done: Sums;
  writtenAt: Timestamp | undefined;
}

/** The batches of a run. */
export const batchesOf = (store: Firestore, runId: string) =>
  store.collection('task_runs').doc(runId).collection('batches');

/** The name of a batch, in the ledger and in the queue: the same run and the same content have the same name. */
export function batchName(runId: string, ids: readonly string[]): string {
  const text = JSON.stringify([runId, ...ids]);
  return createHash('sha256').update(text).digest('hex').slice(0, NAME_LENGTH);
}

/** Records a batch before it is handed on. One that is recorded already stays as it is. */
export async function recordBatch(ref: DocumentReference, ids: readonly string[], now: Date): Promise<void> {
  const expires = Timestamp.fromMillis(now.getTime() + KEEP_DAYS * DAY_MS);
  const fields = { state: 'open', ids, left: ids, expires_at: expires, ...writeAttempt() };
  await ref.create(fields).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
}

/** A batch as it is recorded. */
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
 * Writes what an attempt has made of a batch, unless somebody else has meanwhile: false, and the other's word stands. So a
 * batch counts once, however often it was delivered.
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
