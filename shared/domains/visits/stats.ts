import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { toInstant, toLocal } from '../../doors/time/zoned.ts';
import { storedVisit } from './visit.ts';

const DAY_MS = 86_400_000;
/** The answer names this many pages, those with the most visits. */
const NAMED_PAGES = 100;
/** The fields of a visit that the sums need. */
const FIELDS = [
  ...['path', 'start_time', 'last_activity_at', 'end_time'],
  ...['duration_seconds', 'duration_source', 'engaged_seconds'],
];

/** Sums over visits; times in seconds. */
export interface VisitSums {
  visits: number;
  /** Open visits. */
  open: number;
  /** Visits closed without a sign of life after their start: their duration of 0 was not measured. */
  inferred: number;
  /** Total duration of the closed visits. */
  duration_seconds: number;
  engaged_seconds: number;
}

export interface VisitStats {
  totals: VisitSums;
  /** By day of the zone, in order, including days without a visit. */
  days: ({ day: string } & VisitSums)[];
  /** By path, the most visited first. */
  pages: ({ path: string } & VisitSums)[];
  /** Number of pages that are not named. */
  more_pages: number;
}

/** Queries the visits that began in a span of time, newest first. */
export function visitsBegun(store: Firestore, from: Date, until: Date): Query {
  return store
    .collection('page_visits')
    .where('start_time', '>=', Timestamp.fromDate(from))
    .where('start_time', '<', Timestamp.fromDate(until))
    .orderBy('start_time', 'desc');
}

/** Limits a query to the fields that `sumVisits` reads. */
export const selectSums = (query: Query): Query => query.select(...FIELDS);

/** Whole days of a time zone. Each day is the midnight of its date in UTC, in milliseconds. */
export interface DaySpan {
  first: number;
  last: number;
  /** An IANA time zone. */
  zone: string;
}

/** Returns the instants at which the first day begins and the last one ends, also across daylight saving. */
export function boundsOf({ first, last, zone }: DaySpan): { from: Date; until: Date } {
  return { from: new Date(toInstant(first, zone)), until: new Date(toInstant(last + DAY_MS, zone)) };
}

/** Sums the visits of a span by day and by page; pure. */
export function sumVisits(visits: Iterable<DocumentSnapshot>, { first, last, zone }: DaySpan): VisitStats {
  const totals = noVisits();
  const days = new Map<string, VisitSums>();
  for (let at = first; at <= last; at += DAY_MS) days.set(dayText(at), noVisits());
  const pages = new Map<string, VisitSums>();
  for (const visit of visits) {
    const path: unknown = visit.get('path');
    const day = dayText(toLocal(storedVisit(visit).startTime, zone));
    for (const sums of [totals, sumsIn(days, day), sumsIn(pages, typeof path === 'string' ? path : '')])
      add(sums, visit);
  }
  const byVisits = [...pages].sort(([a, one], [b, other]) => other.visits - one.visits || (a < b ? -1 : 1));
  return {
    totals: roundSums(totals),
    days: [...days].map(([day, sums]) => ({ day, ...roundSums(sums) })),
    pages: byVisits.slice(0, NAMED_PAGES).map(([path, sums]) => ({ path, ...roundSums(sums) })),
    more_pages: Math.max(0, byVisits.length - NAMED_PAGES),
  };
}

const noVisits = (): VisitSums => ({
  ...{ visits: 0, open: 0, inferred: 0 },
  ...{ duration_seconds: 0, engaged_seconds: 0 },
});

/** Formats a day for the API, from its midnight in UTC. */
export const dayText = (local: number): string => new Date(local).toISOString().slice(0, 10);

function sumsIn(map: Map<string, VisitSums>, key: string): VisitSums {
  const found = map.get(key) ?? noVisits();
  map.set(key, found);
  return found;
}

function add(sums: VisitSums, visit: DocumentSnapshot): void {
  sums.visits += 1;
  sums.engaged_seconds += storedVisit(visit).engagedSeconds;
  if ((visit.get('end_time') ?? null) === null) {
    sums.open += 1;
    return;
  }
  if (visit.get('duration_source') === 'inferred') sums.inferred += 1;
  sums.duration_seconds += Number(visit.get('duration_seconds') ?? 0) || 0;
}

/** Rounds sums to the millisecond. */
function roundSums(sums: VisitSums): VisitSums {
  const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
  return {
    ...sums,
    duration_seconds: round(sums.duration_seconds),
    engaged_seconds: round(sums.engaged_seconds),
  };
}
