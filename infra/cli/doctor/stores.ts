import type { Firestore, Query } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { stopwatch } from '../../../shared/doors/clock.ts';
import { within } from '../../../shared/doors/time/within.ts';
import { requireCredentials, SIGN_IN } from '../../credentials.ts';
import { type IndexFile, readIndexes } from '../../deploy/firestore.ts';
import { type CheckResult, reasonOf, reportFault, reportSound } from './result.ts';

/** A store that takes longer counts as unavailable. */
const PATIENCE_MS = 8_000;

/** Remedies by the gRPC code of Firestore's answer (https://grpc.io/docs/guides/status-codes). */
const FIRESTORE_REMEDIES: Record<number, string> = {
  5: 'create the database (gcloud firestore databases create), or correct FIRESTORE_DATABASE and GOOGLE_CLOUD_PROJECT',
  7: 'give the account roles/datastore.user; deploy.sh gives it to the functions’ own account',
  16: 'sign in: gcloud auth application-default login',
};

/** Reads one document of Firestore, and measures the time. */
export async function examineFirestore(
  store: Firestore,
  emulatorHost: string | undefined,
): Promise<CheckResult> {
  try {
    await requireCredentials(emulatorHost);
  } catch (error) {
    return reportFault('Firestore', reasonOf(error), SIGN_IN);
  }
  const elapsed = stopwatch();
  try {
    await within(PATIENCE_MS, 'Firestore', store.doc('settings/presence').get());
    return reportSound('Firestore', `answers in ${Math.round(elapsed())} ms`);
  } catch (error) {
    const remedy = FIRESTORE_REMEDIES[Number((error as { code?: unknown }).code)];
    return reportFault(
      'Firestore',
      reasonOf(error),
      remedy ?? 'check that it is reachable: GOOGLE_CLOUD_PROJECT, the network, status.cloud.google.com',
    );
  }
}

/**
 * Checks that each index of infra/firestore.indexes.json exists, by a query that needs it. The emulator answers also
 * without the index.
 */
export async function examineIndexes(store: Firestore): Promise<CheckResult> {
  const queries = readIndexes().indexes.map(async (index) => {
    const { collectionGroup } = index;
    const answer = within(PATIENCE_MS, collectionGroup, buildQuery(store, index).limit(1).get());
    const failed = await answer.then(() => null, reasonOf);
    return failed === null ? [] : [`${collectionGroup}: ${failed}`];
  });
  const faults = (await Promise.all(queries)).flat();
  if (faults.length === 0) return reportSound('indexes', `Firestore answers ${queries.length} queries`);
  return reportFault(
    'indexes',
    faults.join('; '),
    './deploy.sh makes them from infra/firestore.indexes.json; a new one takes some minutes',
  );
}

/** Builds a query that needs the index: equality on its first fields, ordered by its last. */
function buildQuery(
  store: Firestore,
  { collectionGroup, queryScope, fields }: IndexFile['indexes'][number],
): Query {
  const isGroup = queryScope === 'COLLECTION_GROUP';
  const all: Query = isGroup ? store.collectionGroup(collectionGroup) : store.collection(collectionGroup);
  const equal = fields
    .slice(0, -1)
    .reduce((query, { fieldPath }) => query.where(fieldPath, '==', 'none'), all);
  const last = fields.at(-1);
  return last ? equal.orderBy(last.fieldPath, last.order === 'DESCENDING' ? 'desc' : 'asc') : equal;
}

/** Pings Redis, and measures the time. */
export async function examineRedis(redis: Redis): Promise<CheckResult> {
  const elapsed = stopwatch();
  try {
    await within(PATIENCE_MS, 'Redis', redis.ping());
    return reportSound('Redis', `answers in ${Math.round(elapsed())} ms`);
  } catch (error) {
    const reason = reasonOf(error);
    const isRefused = /unauthorized|401|WRONGPASS|invalid (?:or missing )?(?:auth )?token/i.test(reason);
    return reportFault(
      'Redis',
      reason,
      isRefused
        ? 'copy UPSTASH_REDIS_REST_TOKEN from the Upstash console again; the read-only token is not enough'
        : 'check that the database exists and that UPSTASH_REDIS_REST_URL is its REST address; tasks run without Redis, presence does not',
    );
  }
}
