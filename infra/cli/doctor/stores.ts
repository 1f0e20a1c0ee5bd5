import type { Firestore, Query } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { stopwatch } from '../../../shared/doors/clock.ts';
import { within } from '../../../shared/doors/time/within.ts';
import { requireCredentials, SIGN_IN } from '../../credentials.ts';
import { type IndexFile, readIndexes } from '../../deploy/firestore.ts';
import { ill, type Result, reasonOf, well } from './result.ts';

/** A store that takes longer is as good as away. */
const PATIENCE_MS = 8_000;

/** What helps against each answer of Firestore (gRPC's codes, https://grpc.io/docs/guides/status-codes). */
const FIRESTORE_REMEDIES: Record<number, string> = {
  5: 'create the database (gcloud firestore databases create), or correct FIRESTORE_DATABASE and GOOGLE_CLOUD_PROJECT',
  7: 'give the account roles/datastore.user; deploy.sh does it for the functions’ own',
  16: 'sign in: gcloud auth application-default login',
};

/** Whether Firestore answers, and how fast. */
export async function examineFirestore(store: Firestore, emulatorHost: string | undefined): Promise<Result> {
  try {
    await requireCredentials(emulatorHost);
  } catch (error) {
    return ill('Firestore', reasonOf(error), SIGN_IN);
  }
  const elapsed = stopwatch();
  try {
    await within(PATIENCE_MS, 'Firestore', store.doc('settings/presence').get());
    return well('Firestore', `answers in ${Math.round(elapsed())} ms`);
  } catch (error) {
    const remedy = FIRESTORE_REMEDIES[Number((error as { code?: unknown }).code)];
    return ill(
      'Firestore',
      reasonOf(error),
      remedy ??
        'is it reachable from here? Check GOOGLE_CLOUD_PROJECT, the network and status.cloud.google.com',
    );
  }
}

/**
 * Whether each index of infra/firestore.indexes.json is there: a query that only it can answer is answered. The emulator
 * answers without.
 */
export async function examineIndexes(store: Firestore): Promise<Result> {
  const asked = readIndexes().indexes.map(async (index) => {
    const { collectionGroup } = index;
    const answer = within(PATIENCE_MS, collectionGroup, queryOf(store, index).limit(1).get());
    const failed = await answer.then(() => null, reasonOf);
    return failed === null ? [] : [`${collectionGroup}: ${failed}`];
  });
  const faults = (await Promise.all(asked)).flat();
  if (faults.length === 0) return well('indexes', `${asked.length} queries are answered`);
  return ill(
    'indexes',
    faults.join('; '),
    './deploy.sh makes them from infra/firestore.indexes.json; a new one takes some minutes',
  );
}

/** Its first fields equal to something, ordered by its last. */
function queryOf(
  store: Firestore,
  { collectionGroup, queryScope, fields }: IndexFile['indexes'][number],
): Query {
  const group = queryScope === 'COLLECTION_GROUP';
  const all: Query = group ? store.collectionGroup(collectionGroup) : store.collection(collectionGroup);
  const equal = fields
    .slice(0, -1)
    .reduce((query, { fieldPath }) => query.where(fieldPath, '==', 'none'), all);
  const last = fields.at(-1);
  return last ? equal.orderBy(last.fieldPath, last.order === 'DESCENDING' ? 'desc' : 'asc') : equal;
}

/** Whether Redis answers, and how fast. */
export async function examineRedis(redis: Redis): Promise<Result> {
  const elapsed = stopwatch();
  try {
    await within(PATIENCE_MS, 'Redis', redis.ping());
    return well('Redis', `answers in ${Math.round(elapsed())} ms`);
  } catch (error) {
    const reason = reasonOf(error);
    const refused = /unauthorized|401|WRONGPASS|invalid.*token/i.test(reason);
    return ill(
      'Redis',
      reason,
      refused
        ? 'copy UPSTASH_REDIS_REST_TOKEN from the Upstash console again; the read-only token does not do'
        : 'is the database there, and UPSTASH_REDIS_REST_URL its REST address? Tasks go on without; presence does not',
    );
  }
}
