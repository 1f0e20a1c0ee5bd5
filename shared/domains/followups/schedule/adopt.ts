import { type DocumentReference, FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { stopwatch } from '../../../doors/clock.ts';
import { streamChunks } from '../../../doors/store/firestore.ts';
import { followups } from '../followup.ts';
import { CHECKED_AGAIN } from '../reasons.ts';
import { SEEN } from './plan.ts';
import { planBatch, type Walk, type Walked } from './walk.ts';

/** The parkings whose cause is in the billing settings. */
const BY_SETTINGS = CHECKED_AGAIN.filter((reason) => reason === 'template_error' || reason === 'bad_locale');
/** The most follow-ups that a run checks again for a mended setting; the daily walk checks all. */
const MAX_CHECKED = 500;

/** The document that says how far the walk over all rows has come; the collection has no other. */
const stateOf = (store: Firestore): DocumentReference => store.collection('followup_state').doc('walk');

/**
 * Visits rows that other back ends wrote or changed, so that they have a due time and are found by searches.
 * - Once a day it visits every row, within `budgetMs`; the next run goes on where it stopped.
 * - In between it visits them only if a count finds rows that no walk has seen.
 * - Each run checks again what a fault of the settings has parked.
 */
export async function* adoptRows(walk: Walk, budgetMs: number): AsyncGenerator<Walked> {
  const { store, now } = walk;
  const faulty = await parkedBySettings(store).get();
  yield* await planBatch(walk, faulty.docs);
  const [state] = (await stateOf(store).parent.get()).docs;
  const today = now.toISOString().slice(0, 10);
  const begun: unknown = state?.get('after');
  if (state?.get('day') === today && typeof begun !== 'string' && !(await hasUnseen(store))) return;
  const elapsed = stopwatch();
  let after = typeof begun === 'string' ? begun : null;
  let isComplete = true;
  for await (const chunk of streamChunks(rowsAfter(store, after))) {
    yield* await planBatch(walk, chunk);
    after = chunk.at(-1)?.id ?? after;
    if (elapsed() < budgetMs) continue;
    isComplete = false;
    break;
  }
  if (walk.isDryRun) return;
  await stateOf(store).set(isComplete ? { after: null, day: today } : { after, day: today });
}

const parkedBySettings = (store: Firestore): Query =>
  followups(store).where('parked.reason', 'in', BY_SETTINGS).limit(MAX_CHECKED);

function rowsAfter(store: Firestore, after: string | null): Query {
  const ordered = followups(store).orderBy(FieldPath.documentId());
  return after === null ? ordered : ordered.startAfter(after);
}

/** A count reads one entry of an index per thousand rows, so it costs next to nothing. */
async function hasUnseen(store: Firestore): Promise<boolean> {
  const count = async (query: Query) => (await query.count().get()).data().count;
  const seen = followups(store).where('seen', '==', SEEN);
  const [all, known] = await Promise.all([count(followups(store)), count(seen)]);
  return known < all;
}
