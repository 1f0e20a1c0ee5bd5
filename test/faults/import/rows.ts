import { Timestamp } from '@google-cloud/firestore';
import type { FaultStage } from '../harness/stage.ts';

/** One visit in this many has no end. */
const OPEN_EVERY = 10;
const START = Date.parse('2025-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const READ_SECONDS = 90;
/** The visit that the running system changes before the import continues. */
const CHANGED = { index: 3, path: '/changed-here' };
/** The number of violations that are reported. */
const MAX_REPORTED = 5;

/** One kind of import: its lines, its collection, and a judge of the result. */
export interface ImportRows {
  kind: string;
  collection: string;
  line(index: number): Record<string, unknown>;
  wrong(stage: FaultStage, count: number): Promise<string[]>;
}

const startOf = (index: number) => START + index * MINUTE_MS;
const endOf = (index: number) => startOf(index) + READ_SECONDS * 1000;
const isOpen = (index: number) => index % OPEN_EVERY === 0;
const pathOf = (index: number) => `/page/${index % 7}`;

export const visitRows: ImportRows = {
  kind: 'visits',
  collection: 'page_visits',
  line: (index) => ({
    id: `visit-${index}`,
    user_id: `u-${index % 99}`,
    path: pathOf(index),
    start_time: new Date(startOf(index)).toISOString(),
    ...(isOpen(index) ? {} : { end_time: new Date(endOf(index)).toISOString() }),
  }),
  wrong: wrongVisits,
};

/** Invoices that have been overdue for a year. */
export const followupRows: ImportRows = {
  kind: 'followups',
  collection: 'followups',
  line: (index) => ({
    org_id: 'org-1',
    type: 'invoice',
    source_id: `inv-${index}`,
    customer: { name: `C ${index}`, email: `c${index}@example.test` },
    amount_due: index + 1,
    due_date: '2025-01-01',
  }),
  wrong: wrongFollowups,
};

/** Changes one visit like the running system while the import is dead, even if the visit was not imported yet. */
export async function changeOneVisit(stage: FaultStage): Promise<void> {
  const start_time = Timestamp.fromMillis(startOf(CHANGED.index));
  const open = { user_id: 'u-7', path: CHANGED.path, start_time, end_time: null, duration_seconds: null };
  await stage.store().doc(`page_visits/visit-${CHANGED.index}`).set(open);
}

/** Requires every visit once as in its line, except the one that the running system changed. */
async function wrongVisits(stage: FaultStage, count: number): Promise<string[]> {
  const { docs } = await stage.store().collection('page_visits').get();
  const wrong = docs.length === count ? [] : [`lost: ${docs.length} of ${count} visits`];
  for (const doc of docs) {
    const index = Number(doc.id.slice('visit-'.length));
    const end = doc.get('end_time') as Timestamp | null;
    const changed = index === CHANGED.index;
    const open = isOpen(index) || changed;
    const isRight =
      (doc.get('start_time') as Timestamp).toMillis() === startOf(index) &&
      (open ? end === null : end?.toMillis() === endOf(index)) &&
      doc.get('duration_seconds') === (open ? null : READ_SECONDS) &&
      doc.get('user_id') === (changed ? 'u-7' : `u-${index % 99}`) &&
      doc.get('path') === (changed ? CHANGED.path : pathOf(index));
    if (!isRight && wrong.length < MAX_REPORTED) wrong.push(`wrong: ${doc.id} ${JSON.stringify(doc.data())}`);
  }
  return wrong;
}

/** Requires every follow-up once as in its line, with one line of history and no mail. */
async function wrongFollowups(stage: FaultStage, count: number): Promise<string[]> {
  const store = stage.store();
  const { docs } = await store.collection('followups').get();
  const history = await store.collectionGroup('history').select('detail').get();
  const sends = await store.collectionGroup('sends').select().get();
  const wrong: string[] = [];
  if (docs.length !== count) wrong.push(`lost: ${docs.length} of ${count} follow-ups`);
  if (new Set(docs.map((doc) => doc.get('source_id'))).size !== count) wrong.push('double: a follow-up');
  if (history.docs.length !== count)
    wrong.push(`history: ${history.docs.length} lines for ${count} follow-ups`);
  if (history.docs.some((line) => line.get('detail') !== 'imported'))
    wrong.push('history: a line that no import wrote');
  if (sends.docs.length > 0) wrong.push(`mailed: ${sends.docs.length} sends`);
  for (const doc of docs) {
    const index = Number(String(doc.get('source_id')).slice('inv-'.length));
    const isRight =
      doc.get('amount_due') === index + 1 &&
      doc.get('customer.email') === `c${index}@example.test` &&
      doc.get('level') === 0;
    if (!isRight && wrong.length < MAX_REPORTED) wrong.push(`wrong: ${doc.id} ${JSON.stringify(doc.data())}`);
  }
  return wrong;
}
