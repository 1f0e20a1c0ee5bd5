import * as z from 'zod';
import {
  boundsOf,
  type DaySpan,
  dayText,
  selectSums,
  sumVisits,
  type VisitStats,
  visitsBegun,
} from '../../../shared/domains/visits/stats.ts';
import { HttpError } from '../../../shared/doors/http/errors.ts';
import { isZone, toLocal } from '../../../shared/doors/time/zoned.ts';
import { adminRoute } from './route.ts';

/** The sums of a span of days, and how many visits they are of. */
export interface VisitReport extends VisitStats {
  from: string;
  to: string;
  time_zone: string;
  as_of: string;
  total_visits: number;
  /** The newest of them, which are summed. */
  counted: number;
  complete: boolean;
}

const DAY_MS = 86_400_000;
/** A month at most, and a week by default, including today. */
const MAX_DAYS = 31;
const DEFAULT_DAYS = 7;
/** At most this many visits are read, for 0.006 US dollars. If there are more, the newest are summed (`complete: false`). */
const MAX_READ = 20_000;

const RULE = 'must be a day such as 2026-03-04';
/** A day, as its midnight in UTC. */
const day = z.iso
  .date(RULE)
  .transform((text) => Date.parse(`${text}T00:00:00Z`))
  .optional();
const zone = z
  .string()
  .refine(isZone, 'must be an IANA time zone, such as Europe/Paris; left out, days are those of UTC')
  .default('UTC');

/**
 * GET `/v1/admin/visits/stats?from=&to=&time_zone=`: visits and time by day and by page, from `from` through `to`.
 * `total_visits` costs a read per thousand; each of the `counted` visits, which are summed, costs a read.
 */
export const visitRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/visits/stats',
    query: z.strictObject({ from: day, to: day, time_zone: zone }),
    async handle({ context: { store, now }, query }): Promise<VisitReport> {
      const span = spanOf(query, now);
      const { from, until } = boundsOf(span);
      const visits = visitsBegun(store, from, until);
      const [counted, { docs }] = await Promise.all([
        visits.count().get(),
        selectSums(visits).limit(MAX_READ).get(),
      ]);
      const total = counted.data().count;
      return {
        from: dayText(span.first),
        to: dayText(span.last),
        time_zone: span.zone,
        as_of: now.toISOString(),
        total_visits: Math.max(total, docs.length),
        counted: docs.length,
        complete: docs.length >= total,
        ...sumVisits(docs, span),
      };
    },
  }),
];

interface SpanQuery {
  from?: number | undefined;
  to?: number | undefined;
  time_zone: string;
}

/** Returns the requested days. By default the span ends today and is a week long. */
function spanOf({ from, to, time_zone }: SpanQuery, now: Date): DaySpan {
  const today = Date.parse(`${dayText(toLocal(now.getTime(), time_zone))}T00:00:00Z`);
  const last = to ?? Math.max(today, from ?? today);
  const first = from ?? last - (DEFAULT_DAYS - 1) * DAY_MS;
  const days = (last - first) / DAY_MS + 1;
  if (days < 1)
    throw new HttpError(400, `to: ${dayText(last)} is before from, ${dayText(first)}; swap them.`);
  if (days > MAX_DAYS)
    throw new HttpError(400, `from, to: ${days} days are asked for; ask for at most ${MAX_DAYS} at a time.`);
  return { first, last, zone: time_zone };
}
