import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { storedVisit } from './visit.ts';

/** So many pages are named, those with the most visits. */
const NAMED_PAGES = 100;
/** What the sums need of a visit. */
const FIELDS = [
  ...['path', 'start_time', 'last_activity_at', 'end_time'],
  ...['duration_seconds', 'duration_source', 'engaged_seconds'],
];

/** Sums over visits; times in seconds. */
export interface VisitSums {
  visits: number;
  /** Still open. */
  open: number;
  /** Closed, their end inferred from the last sign of life and not told by the browser. */
  inferred: number;
  /** Of the closed ones. */
  duration_seconds: number;
  engaged_seconds: number;
}

export interface VisitStats {
  totals: VisitSums;
  /** By UTC day, in order; a day without a visit is there too. */
  days: ({ day: string } & VisitSums)[];
  /** By path, the most visited first. */
  pages: ({ path: string } & VisitSums)[];
  /** Paths that are not named. */
  more_pages: number;
}

const DAY_MS = 86_400_000;

/** The visits that began in a span of time, the newest first. */
export function visitsBegun(store: Firestore, from: Date, until: Date): Query {
  return store
    .collection('page_visits')
    .where('start_time', '>=', Timestamp.fromDate(from))
    .where('start_time', '<', Timestamp.fromDate(until))
    .orderBy('start_time', 'desc');
}

/** The same with the fields that `sumVisits` reads, and no others. */
export const sumsOf = (query: Query): Query => query.select(...FIELDS);

/** Adds visits up by day and by page. Pure. */
export function sumVisits(visits: Iterable<DocumentSnapshot>, from: Date, until: Date): VisitStats {
  const totals = noVisits();
  const days = new Map<string, VisitSums>();
  for (let at = from.getTime(); at < until.getTime(); at += DAY_MS) days.set(dayOf(at), noVisits());
  const pages = new Map<string, VisitSums>();
  for (const visit of visits) {
    const path: unknown = visit.get('path');
    const day = dayOf(storedVisit(visit).startTime);
    for (const sums of [totals, sumsIn(days, day), sumsIn(pages, typeof path === 'string' ? path : '')])
      add(sums, visit);
  }
  const byVisits = [...pages].sort(([a, one], [b, other]) => other.visits - one.visits || (a < b ? -1 : 1));
  return {
    totals: rounded(totals),
    days: [...days].map(([day, sums]) => ({ day, ...rounded(sums) })),
    pages: byVisits.slice(0, NAMED_PAGES).map(([path, sums]) => ({ path, ...rounded(sums) })),
    more_pages: Math.max(0, byVisits.length - NAMED_PAGES),
  };
}

const noVisits = (): VisitSums => ({
  ...{ visits: 0, open: 0, inferred: 0 },
  ...{ duration_seconds: 0, engaged_seconds: 0 },
});

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

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

/** To the millisecond: sums of fractions have tails. */
function rounded(sums: VisitSums): VisitSums {
  const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
  return {
    ...sums,
    duration_seconds: round(sums.duration_seconds),
    engaged_seconds: round(sums.engaged_seconds),
  };
}
