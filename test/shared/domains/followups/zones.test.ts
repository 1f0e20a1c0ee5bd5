import type { DocumentSnapshot } from '@google-cloud/firestore';
import { describe, expect, it } from 'vitest';
import { type Followup, toFollowup } from '../../../../shared/domains/followups/followup.ts';
import { judgeAutomatic } from '../../../../shared/domains/followups/judge.ts';
import { contentOf } from '../../../../shared/domains/followups/mail/content.ts';
import { toStoredFields } from '../../../../shared/domains/followups/patch.ts';
import { endOf, startOf } from '../../../../shared/domains/followups/schedule/days.ts';
import { planFollowup } from '../../../../shared/domains/followups/schedule/plan.ts';
import { scheduledFields } from '../../../../shared/domains/followups/schedule/scheduled.ts';
import { settings as billing, followupFields, stamp } from '../../../support/followups.ts';

const PARIS = 'Europe/Paris';
const MARTINIQUE = 'America/Martinique';
const snapshot = (fields: Record<string, unknown>) =>
  ({ id: 'f-1', exists: true, get: (name: string) => fields[name] }) as unknown as DocumentSnapshot;
const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());
const oneDay = (zone: string, more: object = {}) =>
  billing({ time_zone: zone, levels: { invoice: [{ after_days: 1, template: 'courteous' }] }, ...more });

/** Each due day, with its start and the start of the seventh day after it, by zone. */
const DAYS: [day: string, said: string, paris: [string, string], martinique: [string, string]][] = [
  [
    '2026-11-20',
    '20 novembre 2026',
    ['2026-11-19T23:00:00.000Z', '2026-11-26T23:00:00.000Z'],
    ['2026-11-20T04:00:00.000Z', '2026-11-27T04:00:00.000Z'],
  ],
  [
    '2026-03-29',
    '29 mars 2026',
    ['2026-03-28T23:00:00.000Z', '2026-04-04T22:00:00.000Z'],
    ['2026-03-29T04:00:00.000Z', '2026-04-05T04:00:00.000Z'],
  ],
  [
    '2026-10-25',
    '25 octobre 2026',
    ['2026-10-24T22:00:00.000Z', '2026-10-31T23:00:00.000Z'],
    ['2026-10-25T04:00:00.000Z', '2026-11-01T04:00:00.000Z'],
  ],
  [
    '2028-02-29',
    '29 février 2028',
    ['2028-02-28T23:00:00.000Z', '2028-03-06T23:00:00.000Z'],
    ['2028-02-29T04:00:00.000Z', '2028-03-07T04:00:00.000Z'],
  ],
];
const MOVES = DAYS.flatMap(
  ([day, said, paris, martinique]) =>
    [
      [day, PARIS, MARTINIQUE, said, paris, martinique],
      [day, MARTINIQUE, PARIS, said, martinique, paris],
    ] as const,
);

/** A new follow-up with a due date as text, as the API stores and schedules it. */
function enter(due: string, zone: string): Record<string, unknown> {
  const settings = billing({ time_zone: zone });
  const fields = followupFields({ ...toStoredFields({ due_date: due }, settings, null), next_due_at: null });
  return { ...fields, ...scheduledFields(toFollowup(snapshot(fields)), settings) };
}

describe.each(MOVES)(
  'an invoice due on %s, entered in %s and moved to %s',
  (day, from, to, said, before, after) => {
    const moved = (fields: Record<string, unknown>): Followup => {
      const settings = billing({ time_zone: to, time_zone_before: from, rescheduling: true });
      return (
        planFollowup(snapshot(fields), settings, startOf(day, to))?.after ?? toFollowup(snapshot(fields))
      );
    };

    it('keeps its day, and its delay counts in the new zone', () => {
      const fields = enter(day, from);
      const entered = toFollowup(snapshot(fields));
      expect([iso(entered.due.at), iso(entered.nextDueAt)]).toEqual(before);
      const { due, nextDueAt } = moved(fields);
      expect([iso(due.at), iso(nextDueAt), due.day, due.zone]).toEqual([...after, day, to]);
    });

    it('keeps its day if another back end wrote it as an exact UTC midnight', () => {
      const row = followupFields({ due_date: stamp(`${day}T00:00:00Z`), next_due_at: null });
      const { due, nextDueAt } = moved(row);
      expect([iso(due.at), iso(nextDueAt), due.day]).toEqual([`${day}T00:00:00.000Z`, after[1], day]);
    });

    it('keeps its day if another back end wrote the midnight of the zone before', () => {
      const { due } = moved(followupFields({ due_date: stamp(before[0]), next_due_at: null }));
      expect([iso(due.at), due.day]).toEqual([after[0], day]);
    });

    it('is never reminded of on the day itself, and its mail names the day', () => {
      const followup = moved(enter(day, from));
      const settings = oneDay(to);
      const early = { ...followup, nextDueAt: startOf(day, to), scheduledBy: null };
      const lastMoment = endOf(day, to) - 1;
      expect(judgeAutomatic(early, settings, lastMoment)).toMatchObject({
        ...{ do: 'wait', reason: 'before_due_date', until: endOf(day, to) },
      });
      const due = { ...followup, nextDueAt: endOf(day, to), scheduledBy: null };
      expect(judgeAutomatic(due, settings, endOf(day, to))).toMatchObject({ do: 'send', level: 1 });
      expect(contentOf({ followup, settings, level: 1 }, 'Atelier', endOf(day, to)).subject).toContain(said);
    });
  },
);
