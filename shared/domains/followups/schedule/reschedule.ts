import { type Firestore, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { streamQuery } from '../../../doors/store/firestore.ts';
import { updateUnchanged } from '../../../doors/store/update-unchanged.ts';
import { type Followup, followups, standingOf, toFollowup } from '../followup.ts';
import type { Settings } from '../settings.ts';
import { nextDue, rulesKey } from './schedule.ts';

const BATCH = 500;
/** A follow-up that changes at the same moment is read and scheduled again, at most this many times. */
const TRIES = 5;

function openFollowups(store: Firestore, orgId: string): Query {
  return followups(store).where('org_id', '==', orgId).where('status', '==', 'open');
}

/** The due time by the present rules, and the key of those rules. */
export function scheduledFields(followup: Followup, settings: Settings): Record<string, unknown> {
  const next = nextDue(standingOf(followup), settings.rules).at;
  return {
    next_due_at: next === null ? null : Timestamp.fromMillis(next),
    scheduled_by: rulesKey(settings.rules, followup.type),
  };
}

/** Returns true if a follow-up needs a due time. Parked ones wait for a person; `missing` skips those that have one. */
function needsDueTime(followup: Followup, settings: Settings, which: 'all' | 'missing'): boolean {
  if (followup.parked) return false;
  if (which === 'missing') return followup.nextDueAt === null && followup.scheduledBy === null;
  return followup.scheduledBy !== rulesKey(settings.rules, followup.type);
}

/**
 * Schedules an organisation's open follow-ups by its present rules: all of them, or only those without a due time.
 * Returns the number of follow-ups written; another call finishes an interrupted one.
 */
export async function reschedule(
  store: Firestore,
  settings: Settings,
  which: 'all' | 'missing',
): Promise<number> {
  let written = 0;
  let batch: QueryDocumentSnapshot[] = [];
  const flush = async () => {
    written += await writeBatch(store, batch, settings, which);
    batch = [];
  };
  for await (const snapshot of streamQuery(openFollowups(store, settings.orgId))) {
    if (needsDueTime(toFollowup(snapshot), settings, which)) batch.push(snapshot);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  return written;
}

async function writeBatch(
  store: Firestore,
  snapshots: QueryDocumentSnapshot[],
  settings: Settings,
  which: 'all' | 'missing',
): Promise<number> {
  let written = 0;
  let left = snapshots;
  for (let attempt = 0; left.length > 0; attempt += 1) {
    const updates = left.map((snapshot) => ({
      snapshot,
      fields: scheduledFields(toFollowup(snapshot), settings),
    }));
    const results = await updateUnchanged(store, updates);
    const failure = results.find((result) => result instanceof Error);
    if (failure) throw failure;
    written += results.filter((result) => result === 'updated').length;
    const changed = left.filter((_, index) => results[index] === 'changed');
    if (changed.length === 0 || attempt === TRIES) return written;
    const again = await store.getAll(...changed.map(({ ref }) => ref));
    left = again.filter((one): one is QueryDocumentSnapshot => {
      const followup = one.exists ? toFollowup(one) : null;
      return followup?.status === 'open' && needsDueTime(followup, settings, which);
    });
  }
  return written;
}
