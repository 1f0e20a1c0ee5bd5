import { readFileSync } from 'node:fs';
import { Firestore, type Query } from '@google-cloud/firestore';
import { describe, expect, it } from 'vitest';
import { historyOf } from '../../functions/console/api/tasks/run-items.ts';
import { claimedSince, dueFollowups } from '../../shared/domains/followups/find.ts';
import { viewQueries } from '../../shared/domains/followups/list/list.ts';
import type { ListScope } from '../../shared/domains/followups/list/scope.ts';
import { messagesBy } from '../../shared/domains/inbox/mailbox/messages.ts';
import { loginsOf } from '../../shared/domains/presence/login-history.ts';
import {
  activeCreatedBefore,
  activeEnteredBefore,
  lastEntry,
} from '../../shared/domains/tickets/alerts/documents.ts';
import { alertsOf } from '../../shared/domains/tickets/log.ts';
import { maybeLate, ticketsOf } from '../../shared/domains/tickets/ticket-list.ts';
import { openVisitsStartedBefore } from '../../shared/domains/visits/close.ts';
import { openIncidents } from '../../shared/domains/watch/incident.ts';
import { unknownAlerts, unknownReminders } from '../../shared/domains/watch/unknown-mail.ts';
import { lastRuns } from '../../shared/runtime/ledger.ts';
import { runsOf } from '../../shared/runtime/run-list.ts';

interface IndexField {
  fieldPath: string;
  order?: string;
}
interface Index {
  collectionGroup: string;
  queryScope: string;
  fields: IndexField[];
}
interface Filter {
  compositeFilter?: { op: string; filters: Filter[] };
  fieldFilter?: { field: { fieldPath: string }; op: string };
  unaryFilter?: { field: { fieldPath: string }; op: string };
}
interface StructuredQuery {
  from: { collectionId: string; allDescendants?: boolean }[];
  where?: Filter;
  orderBy?: { field: { fieldPath: string }; direction: string }[];
}

const { indexes } = JSON.parse(
  readFileSync(new URL('../../infra/firestore.indexes.json', import.meta.url), 'utf8'),
) as { indexes: Index[] };

const store = new Firestore({ projectId: 'ronde-indexes' });
const NOW = new Date('2026-03-04T10:00:00.000Z');

const ALL: ListScope = { on: ['a', 'b'], off: ['c'], only: null };
const ONE: ListScope = { on: ['a'], off: [], only: 'a' };

/** Every query of the product that Firestore cannot answer from its single-field indexes. */
const composite: [string, Query][] = [
  ['openVisitsStartedBefore', openVisitsStartedBefore(store, NOW)],
  ['historyOf', historyOf(store, 'a-run')],
  ['lastRuns', lastRuns(store, 'close-inactive-visits', 5)],
  ['activeCreatedBefore', activeCreatedBefore(store, NOW)],
  ['activeEnteredBefore', activeEnteredBefore(store, NOW)],
  ['lastEntry', lastEntry(store, 'a-ticket', 'diagnosis')],
  ['runsOf a task', runsOf(store, { task: 't' })],
  ['runsOf an outcome', runsOf(store, { outcome: 'failed' })],
  ['runsOf runs under way', runsOf(store, { outcome: null })],
  ['runsOf a task with an outcome', runsOf(store, { task: 't', outcome: 'failed' })],
  ['dueFollowups', dueFollowups(store, ['a', 'b'], NOW)],
  ...viewQueries(store, 'next', ALL).map((query): [string, Query] => [
    'viewQueries of what goes next',
    query,
  ]),
  ...viewQueries(store, 'sent', ONE).map((query): [string, Query] => [
    'viewQueries of what one has sent',
    query,
  ]),
  ['claimedSince', claimedSince(store, 'a', NOW)],
  ['loginsOf', loginsOf(store, ['a', 'b'], NOW)],
  ['openIncidents', openIncidents(store)],
  ['unknownAlerts', unknownAlerts(store, NOW)],
  ['unknownReminders', unknownReminders(store)],
  ['maybeLate', maybeLate(store, undefined, NOW)],
  ['ticketsOf a status', ticketsOf(store, { status: 'closed' })],
  ['alertsOf a recipient', alertsOf(store, { recipient: 'a@example.test', from: NOW })],
  ['alertsOf a ticket', alertsOf(store, { ticket: 'ticket', to: NOW })],
  ['alertsOf a state', alertsOf(store, { state: 'unknown' })],
  ['messagesBy an integration', messagesBy(store, { integrationId: 'i' })],
  ['messagesBy a thread', messagesBy(store, { threadId: 't' })],
  ['messagesBy what is in quarantine', messagesBy(store, { quarantined: true })],
  ['messagesBy what is not', messagesBy(store, { quarantined: false })],
  ['messagesBy answers to read', messagesBy(store, { answers: 'to_read' })],
  ['ticketsOf a stage', ticketsOf(store, { stage: 'repair' })],
];

/** The query as it goes over the wire; the client keeps the method to itself. */
function wire(query: Query): StructuredQuery {
  const { structuredQuery } = (
    query as unknown as { toProto(): { structuredQuery: StructuredQuery } }
  ).toProto();
  return structuredQuery;
}

function conditions(filter: Filter | undefined): { field: string; op: string }[] {
  if (!filter) return [];
  if (filter.compositeFilter) return filter.compositeFilter.filters.flatMap(conditions);
  const one = filter.fieldFilter ?? filter.unaryFilter;
  return one ? [{ field: one.field.fieldPath, op: one.op }] : [];
}

const EQUALITIES = ['EQUAL', 'IS_NULL', 'IS_NAN', 'IN'];

/** The equal fields of a query in no order, then the fields that order it. */
function needs(query: Query) {
  const { from, where, orderBy = [] } = wire(query);
  const all = conditions(where);
  const equal = new Set(all.filter(({ op }) => EQUALITIES.includes(op)).map(({ field }) => field));
  const ranges = all.filter(({ op }) => !EQUALITIES.includes(op)).map(({ field }) => field);
  const ordered = orderBy.map(({ field, direction }) => ({ fieldPath: field.fieldPath, order: direction }));
  // Firestore ends every index with the document's name, in the direction of the field before.
  if (ordered.at(-1)?.fieldPath === '__name__' && ordered.at(-1)?.order === ordered.at(-2)?.order)
    ordered.pop();
  const implicit = ranges
    .filter((field) => !ordered.some(({ fieldPath }) => fieldPath === field))
    .map((fieldPath) => ({ fieldPath, order: 'ASCENDING' }));
  const [source] = from;
  return {
    collection: source?.collectionId,
    scope: source?.allDescendants ? 'COLLECTION_GROUP' : 'COLLECTION',
    equal,
    order: [...ordered, ...implicit],
  };
}

/** Returns true if an index starts with the equal fields in any order, then has the order, or all of it reversed. */
function hasIndex(query: Query, declared: readonly Index[]): boolean {
  const { collection, scope, equal, order } = needs(query);
  const forward = JSON.stringify(order);
  const back = JSON.stringify(
    order.map(({ fieldPath, order: way }) => ({
      fieldPath,
      order: way === 'ASCENDING' ? 'DESCENDING' : 'ASCENDING',
    })),
  );
  return declared.some(({ collectionGroup, queryScope, fields }) => {
    if (collectionGroup !== collection || queryScope !== scope) return false;
    const head = fields.slice(0, equal.size).map(({ fieldPath }) => fieldPath);
    const tail = fields.slice(equal.size).map(({ fieldPath, order: way }) => ({ fieldPath, order: way }));
    const sameHead = new Set(head).size === equal.size && head.every((field) => equal.has(field));
    return sameHead && [forward, back].includes(JSON.stringify(tail));
  });
}

describe('firestore.indexes.json', () => {
  it.each(composite)('has the index of %s', (_name, query) => {
    expect(hasIndex(query, indexes)).toBe(true);
  });

  it('holds no index that no query uses', () => {
    for (const index of indexes) {
      expect(composite.filter(([, query]) => hasIndex(query, [index]))).not.toEqual([]);
    }
  });

  it.each<[string, Query]>([
    [
      'of another order',
      store.collection('page_visits').where('end_time', '==', null).orderBy('start_time').orderBy('path'),
    ],
    [
      'of another equal field',
      store.collection('page_visits').where('user_id', '==', 'u').orderBy('start_time'),
    ],
    [
      'with a range on another field',
      store.collection('page_visits').where('end_time', '==', null).where('last_activity_at', '<', NOW),
    ],
    [
      'of another collection',
      store.collection('tickets').where('end_time', '==', null).orderBy('start_time'),
    ],
    [
      'of the whole collection group',
      store.collectionGroup('page_visits').where('end_time', '==', null).orderBy('start_time'),
    ],
  ])('has no index for a query %s', (_name, query) => {
    expect(hasIndex(query, indexes)).toBe(false);
  });

  it('lacks an index without that of page_visits', () => {
    const rest = indexes.filter(({ collectionGroup }) => collectionGroup !== 'page_visits');
    expect(hasIndex(openVisitsStartedBefore(store, NOW), rest)).toBe(false);
  });
});
