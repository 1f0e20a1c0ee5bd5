import type { DocumentSnapshot, Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { streamQuery } from '../../../doors/store/firestore.ts';
import { type ConditionalUpdate, updateUnchanged } from '../../../doors/store/update-unchanged.ts';
import { type Followup, followups, toFollowup } from '../followup.ts';
import type { Settings } from '../settings.ts';
import { type Plan, planFollowup } from './plan.ts';

const BATCH = 500;
/** A follow-up that changes at the same moment is read and planned again, at most this many times. */
const TRIES = 5;

/** A follow-up after its plan, which is null if it needed none. */
export interface Walked {
  snapshot: DocumentSnapshot;
  followup: Followup;
  plan: Plan | null;
}

export interface Walk {
  store: Firestore;
  now: Date;
  /** Plans without writing. */
  isDryRun: boolean;
  /** Takes the writes that are not urgent, for a walk that leaves them for later. */
  defer?: (update: ConditionalUpdate) => void;
  /** Returns an organisation's settings, or null for those whose follow-ups the walk leaves alone. */
  settingsOf: (orgId: string) => Settings | null | Promise<Settings | null>;
}

export const openFollowups = (store: Firestore, orgId: string): Query =>
  followups(store).where('org_id', '==', orgId).where('status', '==', 'open');

/** Plans every follow-up of a query and writes the plans in batches; another walk finishes an interrupted one. */
export async function* walkFollowups(walk: Walk, query: Query): AsyncGenerator<Walked> {
  let batch: QueryDocumentSnapshot[] = [];
  for await (const snapshot of streamQuery(query)) {
    batch.push(snapshot);
    if (batch.length < BATCH) continue;
    yield* await planBatch(walk, batch);
    batch = [];
  }
  yield* await planBatch(walk, batch);
}

/** Plans these follow-ups and writes the plans. One that another writer keeps changing is left to the next walk. */
export async function planBatch(walk: Walk, snapshots: QueryDocumentSnapshot[]): Promise<Walked[]> {
  const done: Walked[] = [];
  let left = snapshots;
  for (let attempt = 0; left.length > 0 && attempt <= TRIES; attempt += 1) {
    const planned = await Promise.all(left.map((snapshot) => planOne(walk, snapshot)));
    const needed = planned.filter(({ plan }) => plan !== null);
    const results = walk.isDryRun ? [] : await updateUnchanged(walk.store, needed.map(toUpdate));
    const failure = results.find((result) => result instanceof Error);
    if (failure) throw failure;
    const changed = needed.filter((_, index) => results[index] === 'changed');
    done.push(...planned.filter((one) => !changed.includes(one)));
    left = changed.length === 0 ? [] : await readAgain(walk.store, changed);
  }
  return done;
}

type Planned = Walked & { snapshot: QueryDocumentSnapshot };

async function planOne({ now, settingsOf, defer }: Walk, snapshot: QueryDocumentSnapshot): Promise<Planned> {
  const followup = toFollowup(snapshot);
  const settings = await settingsOf(followup.orgId);
  const plan = settings && planFollowup(snapshot, settings, now.getTime());
  if (plan && defer && !plan.isUrgent) {
    defer({ snapshot, fields: plan.fields });
    return { snapshot, followup, plan: null };
  }
  return { snapshot, followup: plan?.after ?? followup, plan };
}

const toUpdate = ({ snapshot, plan }: Planned) => ({ snapshot, fields: plan?.fields ?? {} });

async function readAgain(store: Firestore, changed: readonly Planned[]): Promise<QueryDocumentSnapshot[]> {
  const again = await store.getAll(...changed.map(({ snapshot }) => snapshot.ref));
  return again.filter((one): one is QueryDocumentSnapshot => one.exists);
}
