import type { Firestore, Query } from '@google-cloud/firestore';
import { followups } from '../followup.ts';

/** The organisations of a list, by whether their automatic follow-ups are on. `only`: the list is of one of them. */
export interface ListScope {
  on: readonly string[];
  off: readonly string[];
  only: string | null;
}

/** Firestore takes at most 30 values or alternatives in one query. */
export const IN_MAX = 30;
/** Queries under way at a time. */
const QUERIES = 16;

/** Returns the ids in parts of at most `size`. */
export function chunks(ids: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) =>
    ids.slice(index * size, (index + 1) * size),
  );
}

/** Reads which organisations are on. One without settings is off. */
export async function readScope(store: Firestore, orgId?: string): Promise<ListScope> {
  const settings = store.collection('billing_settings');
  const isOn = (snapshot: { get(name: string): unknown }) => snapshot.get('auto_followups_enabled') === true;
  if (orgId !== undefined) {
    const own = isOn(await settings.doc(orgId).get());
    return { on: own ? [orgId] : [], off: own ? [] : [orgId], only: orgId };
  }
  const { docs } = await settings.select('auto_followups_enabled').get();
  const ids = (wanted: boolean) => docs.filter((one) => isOn(one) === wanted).map(({ id }) => id);
  const unset = await findUnset(
    store,
    docs.map(({ id }) => id),
  );
  return { on: ids(true), off: [...ids(false), ...unset], only: null };
}

/** Finds the organisations that have follow-ups and no settings. Counts first, since there are seldom any. */
async function findUnset(store: Firestore, known: readonly string[]): Promise<string[]> {
  const count = async (query: Query) => (await query.count().get()).data().count;
  const parts = chunks(known, IN_MAX).map((ids) => followups(store).where('org_id', 'in', ids));
  const [all = 0, ...some] = await Promise.all([followups(store), ...parts].map(count));
  if (all <= some.reduce((sum, one) => sum + one, 0)) return [];
  // Each unknown id lies between two neighbours of the known ones, in the order of Firestore.
  const sorted = [...known].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const gaps = ['', ...sorted].map((after, index) => ({ after, before: sorted[index] }));
  const found: string[] = [];
  for (let begin = 0; begin < gaps.length; begin += QUERIES)
    for (const ids of await Promise.all(gaps.slice(begin, begin + QUERIES).map((gap) => idsIn(store, gap))))
      found.push(...ids);
  return found;
}

/** Reads the organisations between two ids, by one query each. */
async function idsIn(
  store: Firestore,
  { after, before }: { after: string; before: string | undefined },
): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const above = followups(store).where('org_id', '>', found.at(-1) ?? after);
    const within = before === undefined ? above : above.where('org_id', '<', before);
    const [next] = (await within.orderBy('org_id').limit(1).select('org_id').get()).docs;
    if (!next) return found;
    found.push(String(next.get('org_id')));
  }
}
