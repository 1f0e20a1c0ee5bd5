import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../store/firestore.ts';
import type { ClaimContext } from './claim-documents.ts';

/**
 * Settles orphans as unknown: claims of one document each, in `sending`, whose process died. An orphan that changed since
 * it was read stays as it is. Returns how many were settled.
 *
 * A claim on several documents must be settled in one commit instead.
 */
export async function settleOrphans(
  context: ClaimContext,
  orphans: readonly DocumentSnapshot[],
): Promise<number> {
  const fields = {
    state: 'unknown',
    settled_at: Timestamp.fromDate(context.clock()),
    response: 'the sending process ended before the answer came',
  };
  const results = await Promise.allSettled(
    orphans.map(({ ref, updateTime }) => ref.update(fields, { lastUpdateTime: updateTime as Timestamp })),
  );
  const failure = results.find((each) => each.status === 'rejected' && !isConflict(each.reason));
  if (failure?.status === 'rejected') throw failure.reason;
  return results.filter(({ status }) => status === 'fulfilled').length;
}
