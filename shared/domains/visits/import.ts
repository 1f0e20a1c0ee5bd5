import type { Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { type ImportContext, type ImportKind, simpleKind } from '../../doors/import/kind.ts';
import { oneLine, pastInstant, rowId } from '../../doors/import/line.ts';

/** A rounded duration may differ from its two instants by this much. */
const ROUNDING_SECONDS = 1;

const length = z.number('must be seconds, 0 or more').min(0, 'must be seconds, 0 or more').nullish();

function visitLine(now: Date) {
  const instant = pastInstant(now);
  return z
    .strictObject({
      id: rowId,
      user_id: rowId,
      session_id: oneLine(200).nullish(),
      path: oneLine(2048),
      title: oneLine(500, 0).nullish(),
      referrer: oneLine(2048, 0).nullish(),
      start_time: instant,
      last_activity_at: instant.nullish(),
      end_time: instant.nullish(),
      duration_seconds: length,
      engaged_seconds: length,
      close_reason: z
        .enum(
          ['navigated', 'left', 'logout', 'timeout', 'max_length'],
          'must be navigated, left, logout, timeout or max_length',
        )
        .nullish(),
      duration_source: z.enum(['measured', 'inferred'], 'must be measured or inferred').nullish(),
      closed_at: instant.nullish(),
    })
    .superRefine(({ start_time, end_time, last_activity_at, duration_seconds }, context) => {
      const fault = (name: string, message: string) =>
        context.addIssue({ code: 'custom', path: [name], message });
      if (end_time && seconds(start_time, end_time) < 0) fault('end_time', 'must not be before start_time');
      if (last_activity_at && seconds(start_time, last_activity_at) < 0)
        fault('last_activity_at', 'must not be before start_time');
      if (typeof duration_seconds !== 'number') return;
      if (!end_time) fault('duration_seconds', 'goes with end_time; leave it out while a visit is open');
      else if (Math.abs(seconds(start_time, end_time) - duration_seconds) > ROUNDING_SECONDS)
        fault('duration_seconds', `must be end_time - start_time, ${seconds(start_time, end_time)}`);
    });
}

const seconds = (from: Timestamp, to: Timestamp) => (to.toMillis() - from.toMillis()) / 1000;

/**
 * Imports visits of an earlier system. A visit without an end gets `end_time: null`, so that the sweep closes it at its
 * last sign of life. An unknown close reason stays null.
 */
export function visitImport({ store, now }: ImportContext): ImportKind {
  return simpleKind(visitLine(now), ({ id, ...line }) => {
    const end = line.end_time ?? null;
    return {
      ref: store.collection('page_visits').doc(id),
      fields: {
        ...Object.fromEntries(Object.entries(line).filter(([, value]) => value !== null)),
        end_time: end,
        duration_seconds: end === null ? null : seconds(line.start_time, end),
        close_reason: line.close_reason ?? null,
        duration_source: line.duration_source ?? null,
        closed_at: line.closed_at ?? null,
      },
    };
  });
}
