import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Followup } from '../../../../shared/domains/followups/followup.ts';
import { dueDayOf, standingOf } from '../../../../shared/domains/followups/followup.ts';
import { judgeAutomatic } from '../../../../shared/domains/followups/judge.ts';
import { dayAt, daysBetween } from '../../../../shared/domains/followups/schedule/days.ts';
import { closedAt } from '../../../../shared/domains/followups/schedule/opening-hours.ts';
import { nextDue, scheduleKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import type { Settings } from '../../../../shared/domains/followups/settings.ts';
import { followup, settings, stamp } from '../../../support/followups.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = 90;
/** The days after the due day from which the three default levels may go. */
const AFTER_DAYS = [7, 15, 30];

/** Four periods with a clock change in Europe/Paris or Pacific/Auckland, and one without. */
const STARTS = ['2026-03-20', '2026-10-16', '2026-03-25', '2026-09-18', '2026-01-12'];

interface Mail {
  id: string;
  level: number;
  at: number;
}

/** Applies the task's rules in memory: a run sends one level per follow-up and counts the next one from there. */
function simulate(
  begin: number,
  runs: readonly number[],
  by: Settings,
  given: readonly Followup[],
  paidAt: ReadonlyMap<string, number>,
): Mail[] {
  const state = new Map(given.map((one) => [one.id, one]));
  const mails: Mail[] = [];
  for (const now of runs) {
    const due = [...state.values()]
      .filter(({ nextDueAt }) => nextDueAt !== null && nextDueAt <= now)
      .sort((one, other) => (one.nextDueAt ?? 0) - (other.nextDueAt ?? 0));
    for (const one of due) {
      const status = (paidAt.get(one.id) ?? Number.POSITIVE_INFINITY) <= now ? 'paid' : 'open';
      const verdict = judgeAutomatic({ ...one, status }, by, now);
      if (verdict.do === 'wait' && verdict.until !== null)
        state.set(one.id, { ...one, nextDueAt: verdict.until });
      if (verdict.do !== 'send') continue;
      mails.push({ id: one.id, level: verdict.level, at: now });
      const sent = { ...one, level: verdict.level, lastSentAt: now };
      const next = nextDue(standingOf(sent, by), by.rules).at;
      state.set(one.id, {
        ...sent,
        nextDueAt: next,
        scheduledBy: scheduleKey(standingOf(one, by), by.rules),
      });
    }
  }
  expect(runs[0]).toBeGreaterThanOrEqual(begin);
  return mails;
}

const every = (begin: number, ms: number, from = begin) =>
  Array.from({ length: Math.floor((DAYS * DAY) / ms) }, (_, index) => from + index * ms);

const zone = fc.constantFrom('Europe/Paris', 'Pacific/Auckland', 'Etc/UTC', 'America/New_York');
const quiet = fc.constantFrom(
  null,
  { from: '20:00', to: '08:00' },
  { from: '19:30', to: '07:15' },
  { from: '12:00', to: '14:00' },
);
const organisation = fc.record({
  time_zone: zone,
  business_days_only: fc.boolean(),
  quiet_hours: quiet,
  min_gap_days: fc.integer({ min: 1, max: 10 }),
  grace_days: fc.integer({ min: 0, max: 5 }),
});

describe('the cadence of runs', () => {
  it('hourly, every two hours, daily or after a week’s outage gives the same mails in the same order, none early', () => {
    const one = fc.record({
      lateDays: fc.integer({ min: -20, max: 60 }),
      minute: fc.nat(1439),
      paidAfter: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...STARTS),
        organisation,
        fc.array(one, { minLength: 1, maxLength: 5 }),
        (day, fields, invoices) => {
          const begin = Date.parse(`${day}T00:00:00Z`);
          const by = settings(fields);
          const given = invoices.map(({ lateDays, minute }, index) => {
            const bare = followup(
              { due_date: stamp(begin - lateDays * DAY + minute * MINUTE), next_due_at: null },
              `f-${index}`,
            );
            return { ...bare, nextDueAt: nextDue(standingOf(bare, by), by.rules).at };
          });
          const dueDays = new Map(given.map((one) => [one.id, dueDayOf(one, by)?.day]));
          const cadences: [string, readonly number[]][] = [
            ['hourly', every(begin, HOUR)],
            ['two-hourly', every(begin, 2 * HOUR)],
            // A daily run needs a time of day in the open hours; other times would send no mail.
            ['daily', every(begin, DAY, firstOpen(begin, by))],
            ['after an outage', every(begin + 7 * DAY, HOUR)],
          ];
          const orders = cadences.map(([name, runs]) => {
            const mails = simulate(begin, runs, by, given, new Map());
            for (const { id } of given) {
              const own = mails.filter((mail) => mail.id === id);
              // All levels go in order, once each, and never two in one run.
              expect(own.map(({ level }) => level)).toEqual(own.map((_, index) => index + 1));
              expect(new Set(own.map(({ at }) => at)).size).toBe(own.length);
              for (const [index, { at }] of own.entries()) {
                const before = own[index - 1];
                if (before) expect(at - before.at).toBeGreaterThanOrEqual(by.rules.minGapDays * DAY - HOUR);
                const days = daysBetween(dueDays.get(id) ?? '', dayAt(at, fields.time_zone));
                expect(days).toBeGreaterThanOrEqual(AFTER_DAYS[index] ?? 0);
                expect(closedAt(at, by.rules.hours)).toBeNull();
              }
            }
            return [name, given.map(({ id }) => mails.filter((mail) => mail.id === id).length)];
          });
          expect(new Set(orders.map(([, counts]) => JSON.stringify(counts))).size).toBe(1);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('once a minute gives the same mails as once an hour, and none after a payment', () => {
    const begin = Date.parse('2026-03-27T00:00:00Z');
    const by = settings({
      time_zone: 'Europe/Paris',
      business_days_only: true,
      quiet_hours: { from: '20:00', to: '08:00' },
    });
    const given = Array.from({ length: 4 }, (_, index) => {
      const bare = followup(
        { due_date: stamp(begin - (6 + index) * DAY + 2 * HOUR), next_due_at: null },
        `f-${index}`,
      );
      return { ...bare, nextDueAt: nextDue(standingOf(bare, by), by.rules).at };
    });
    // The payment comes between the first and the second reminder, far from both.
    const paidAt = new Map([['f-1', begin + 5 * DAY]]);
    const short = (ms: number) =>
      Array.from({ length: Math.floor((30 * DAY) / ms) }, (_, index) => begin + index * ms);
    const names = (mails: Mail[]) => mails.map(({ id, level }) => `${id} ${level}`);
    const perMinute = names(simulate(begin, short(MINUTE), by, given, paidAt));
    expect(perMinute.toSorted()).toEqual(names(simulate(begin, short(HOUR), by, given, paidAt)).toSorted());
    expect(perMinute.filter((name) => name.startsWith('f-1'))).toEqual(['f-1 1']);
    expect(perMinute).toContain('f-0 3');
  });
});

/** Finds the first quarter of an hour from `begin` that is open even on a day when clocks change. */
function firstOpen(begin: number, { rules }: Settings): number {
  const weekday = { ...rules.hours, businessDaysOnly: false };
  let at = begin + 9.5 * HOUR;
  while (
    closedAt(at, weekday) !== null ||
    closedAt(at + HOUR, weekday) !== null ||
    closedAt(at - HOUR, weekday) !== null
  )
    at += 15 * MINUTE;
  return at;
}
