import { Timestamp } from '@google-cloud/firestore';
import type { Stage } from '../harness/stage.ts';

/** Of the visits, every so many has no end. */
const OPEN_EVERY = 10;
const START = Date.parse('2025-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const READ_SECONDS = 90;
/** The running system changed this visit before the import went on. */
const CHANGED = { index: 3, path: '/changed-here' };
/** Of what is wrong, so much is told. */
const TOLD = 5;

/** What is imported: its lines, where they go, and what is wrong with what is there afterwards. */
export interface ImportRows {
  kind: string;
  collection: string;
  line(index: number): Record<string, unknown>;
  wrong(stage: Stage, count: number): Promise<string[]>;
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

/** Invoices that are overdue for a year. */
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

/** What the running system does to one of the visits while the import lies dead, whether it was imported yet or not. */
export async function changeOneVisit(stage: Stage): Promise<void> {
  const start_time = Timestamp.fromMillis(startOf(CHANGED.index));
  const open = { user_id: 'u-7', path: CHANGED.path, start_time, end_time: null, duration_seconds: null };
  await stage.store().doc(`page_visits/visit-${CHANGED.index}`).set(open);
}

/** Every visit as its line says, each once; the one that was changed meanwhile as it was changed. */
async function wrongVisits(stage: Stage, count: number): Promise<string[]> {
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
    if (!isRight && wrong.length < TOLD) wrong.push(`wrong: ${doc.id} ${JSON.stringify(doc.data())}`);
  }
  return wrong;
}

/** Every follow-up once as its line says, with its one line of history, and nothing of a mail. */
async function wrongFollowups(stage: Stage, count: number): Promise<string[]> {
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
    if (!isRight && wrong.length < TOLD) wrong.push(`wrong: ${doc.id} ${JSON.stringify(doc.data())}`);
  }
  return wrong;
}
