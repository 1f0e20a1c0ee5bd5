import * as z from 'zod';
import { HttpError } from '../../shared/http/errors.ts';
import { sumsOf, sumVisits, visitsBegun } from '../../shared/visits/stats.ts';
import { adminRoute } from './route.ts';

const DAY_MS = 86_400_000;
/** A month at most, and by default a week, the current day included. */
const MAX_DAYS = 31;
const DEFAULT_DAYS = 7;
/** So many visits are read at most, each a read: 0.006 US dollars. Of more, the newest are summed, and that is said. */
const MAX_READ = 20_000;

const RULE = 'must be a day such as 2026-03-04 (UTC)';
const day = z.iso
  .date(RULE)
  .transform((text) => new Date(`${text}T00:00:00Z`))
  .optional();

/**
 * GET `/v1/admin/visits/stats?from=&to=`: visits and time by UTC day and by page, `from` and `to` included. `total_visits`
 * is counted (a read per thousand); `counted` of them are summed, a read each.
 */
export const visitRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/visits/stats',
    query: z.strictObject({ from: day, to: day }),
    async handle({ context: { store, meter, now }, query }) {
      const { from, until } = spanOf(query, now);
      const visits = visitsBegun(store, from, until);
      const [counted, { docs }] = await Promise.all([
        visits.count().get(),
        sumsOf(visits).limit(MAX_READ).get(),
      ]);
      const total = counted.data().count;
      meter.firestore_reads += Math.max(1, docs.length) + Math.ceil((total + 1) / 1000);
      return {
        from: dayText(from.getTime()),
        to: dayText(until.getTime() - DAY_MS),
        as_of: now.toISOString(),
        total_visits: Math.max(total, docs.length),
        counted: docs.length,
        complete: docs.length >= total,
        ...sumVisits(docs, from, until),
      };
    },
  }),
];

/** The days that are asked for, whole ones in UTC; what is left out ends today or is a week long. */
function spanOf({ from, to }: { from?: Date | undefined; to?: Date | undefined }, now: Date) {
  const today = Date.parse(dayText(now.getTime()));
  const last = to?.getTime() ?? Math.max(today, from?.getTime() ?? today);
  const first = from?.getTime() ?? last - (DEFAULT_DAYS - 1) * DAY_MS;
  const days = (last - first) / DAY_MS + 1;
  if (days < 1)
    throw new HttpError(400, `to: ${dayText(last)} is before from, ${dayText(first)}; swap them.`);
  if (days > MAX_DAYS)
    throw new HttpError(400, `from, to: ${days} days are asked for; ask for at most ${MAX_DAYS} at a time.`);
  return { from: new Date(first), until: new Date(last + DAY_MS) };
}

const dayText = (at: number) => new Date(at).toISOString().slice(0, 10);
