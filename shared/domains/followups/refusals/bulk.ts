import type { Firestore, Query } from '@google-cloud/firestore';
import { type ChangeContext, changeFollowup } from '../change.ts';
import { type Followup, followups } from '../followup.ts';
import { closedReason } from '../judge.ts';
import { FIXABLE } from '../reasons.ts';
import { revivedFields } from '../schedule/scheduled.ts';
import { settleUnknown } from '../settle.ts';

/** Follow-ups that one call changes, at most; a further call takes the next ones. */
export const MAX_BULK = 500;
/** Follow-ups that are changed at a time. */
const AT_A_TIME = 16;

/** The follow-ups of a call: by their ids, or all parked ones of an organisation and a reason. */
export type BulkChoice = { ids: readonly string[] } | { filter: { org_id?: string; reason?: string } };

/** The result of a call. `more`: further follow-ups match the filter. */
export interface BulkResult {
  changed: number;
  unchanged: { id: string; reason: string }[];
  more: boolean;
}

/** Lets parked follow-ups go again at their old due time. Held, uncertain and ended ones stay. */
export function requeueMany(context: ChangeContext, choice: BulkChoice): Promise<BulkResult> {
  return changeMany(context.store, choice, FIXABLE, async (id) => {
    let left: string | null = 'not_found';
    await changeFollowup(context, id, ({ snapshot, followup, settings }) => {
      left = stayReason(followup);
      if (left !== null) return null;
      return { fields: revivedFields(snapshot, {}, settings), entry: { reason: 'resumed' } };
    });
    return left;
  });
}

function stayReason(followup: Followup): string | null {
  const { parked } = followup;
  const isFixable = FIXABLE.some((reason) => reason === parked?.reason);
  return closedReason(followup) ?? (isFixable ? null : (parked?.reason ?? 'not_parked'));
}

/** Settles uncertain mails alike: `sent` counts their level, `not_sent` makes them due again. */
export function settleMany(
  context: ChangeContext,
  choice: BulkChoice,
  { outcome, why }: { outcome: 'sent' | 'not_sent'; why: string },
): Promise<BulkResult> {
  return changeMany(context.store, choice, ['unknown_delivery'], async (id) => {
    const settled = await settleUnknown(context, id, outcome, why);
    if (settled === null) return 'not_found';
    return settled ? null : 'not_uncertain';
  });
}

async function changeMany(
  store: Firestore,
  choice: BulkChoice,
  reasons: readonly string[],
  change: (id: string) => Promise<string | null>,
): Promise<BulkResult> {
  const ids = 'ids' in choice ? choice.ids : await findIds(store, choice.filter, reasons);
  const result: BulkResult = { changed: 0, unchanged: [], more: ids.length > MAX_BULK };
  const wanted = [...new Set(ids)].slice(0, MAX_BULK);
  for (let begin = 0; begin < wanted.length; begin += AT_A_TIME) {
    const some = wanted.slice(begin, begin + AT_A_TIME);
    const left = await Promise.all(some.map(change));
    for (const [index, id] of some.entries()) {
      const reason = left[index];
      if (reason) result.unchanged.push({ id, reason });
      else result.changed += 1;
    }
  }
  return result;
}

async function findIds(
  store: Firestore,
  { org_id, reason }: { org_id?: string; reason?: string },
  reasons: readonly string[],
): Promise<string[]> {
  const wanted = reason === undefined ? reasons : reasons.filter((one) => one === reason);
  if (wanted.length === 0) return [];
  const all: Query = org_id === undefined ? followups(store) : followups(store).where('org_id', '==', org_id);
  const parked = all.where('status', '==', 'open').where('parked.reason', 'in', wanted);
  const { docs } = await parked
    .select()
    .limit(MAX_BULK + 1)
    .get();
  return docs.map(({ id }) => id);
}
