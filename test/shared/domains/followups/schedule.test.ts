import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closedAt,
  nextOpen,
  type OpeningHours,
} from '../../../../shared/domains/followups/schedule/opening-hours.ts';
import {
  nextDue,
  type Rules,
  rulesKey,
  type Standing,
} from '../../../../shared/domains/followups/schedule/schedule.ts';
import { addDays, isZone, startOfDay, toInstant, toLocal } from '../../../../shared/doors/time/zoned.ts';

const DAY_MS = 86_400_000;
const PARIS = 'Europe/Paris';
const ZONES = [
  PARIS,
  'Pacific/Auckland',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Etc/UTC',
];
const iso = (instant: number) => new Date(instant).toISOString();
const at = (text: string) => Date.parse(text);

const zone = fc.constantFrom(...ZONES);
/** Any instant from 2025 to 2028, which covers every daylight-saving change of these zones. */
const instant = fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-12-31T00:00:00Z') });

describe('local time', () => {
  it('converts back to the same instant, or to the first of two on an autumn night', () => {
    fc.assert(
      fc.property(instant, zone, (when, name) => {
        const back = toInstant(toLocal(when, name), name);
        expect(toLocal(back, name)).toBe(toLocal(when, name));
        expect([0, 1_800_000, 3_600_000]).toContain(when - back);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['2026-03-28T01:30:00Z', 1, '2026-03-29T01:30:00.000Z', 'skipped by spring: 02:30 becomes 03:30'],
    ['2026-03-28T00:30:00Z', 1, '2026-03-29T00:30:00.000Z', 'before the change'],
    ['2026-03-28T09:00:00Z', 1, '2026-03-29T08:00:00.000Z', '10:00 stays 10:00 in summer time'],
    ['2026-10-24T00:30:00Z', 1, '2026-10-25T00:30:00.000Z', 'the first of two 02:30'],
    ['2026-10-24T08:00:00Z', 1, '2026-10-25T09:00:00.000Z', '10:00 stays 10:00 in winter time'],
  ])('%s and %i day(s) in Paris is %s: %s', (from, days, expected) => {
    expect(iso(addDays(at(from), days, PARIS))).toBe(expected);
  });

  it('finds the start of a day of 23 and of 25 hours', () => {
    expect(iso(startOfDay(at('2026-03-29T12:00:00Z'), PARIS))).toBe('2026-03-28T23:00:00.000Z');
    expect(iso(startOfDay(at('2026-10-25T12:00:00Z'), PARIS))).toBe('2026-10-24T22:00:00.000Z');
    expect([isZone(PARIS), isZone('Europe/Atlantis'), isZone('')]).toEqual([true, false, false]);
  });
});

/** Public holidays as service-public.fr lists them, by year. */
const HOLIDAYS: Record<number, string[]> = {
  2024: ['01-01', '04-01', '05-01', '05-08', '05-09', '05-20', '07-14', '08-15', '11-01', '11-11', '12-25'],
  2026: ['01-01', '04-06', '05-01', '05-08', '05-14', '05-25', '07-14', '08-15', '11-01', '11-11', '12-25'],
  2027: ['01-01', '03-29', '05-01', '05-08', '05-06', '05-17', '07-14', '08-15', '11-01', '11-11', '12-25'],
};

describe('opening hours', () => {
  const hours = (more: Partial<OpeningHours> = {}): OpeningHours => ({
    zone: PARIS,
    businessDaysOnly: true,
    quiet: { from: 20 * 60, to: 8 * 60 },
    ...more,
  });

  it.each(Object.entries(HOLIDAYS))(
    'of %s exclude weekends and these eleven days, and no other day',
    (year, days) => {
      const closed: string[] = [];
      for (let day = at(`${year}-01-01T11:00:00Z`); iso(day).startsWith(year); day += DAY_MS) {
        const reason = closedAt(day, hours());
        const weekday = new Date(day).getUTCDay();
        expect(reason === 'weekend').toBe(weekday === 0 || weekday === 6);
        if (reason === 'public_holiday') closed.push(iso(day).slice(5, 10));
      }
      const onWorkdays = days.filter(
        (day) => ![0, 6].includes(new Date(`${year}-${day}T11:00:00Z`).getUTCDay()),
      );
      expect(closed).toEqual(onWorkdays.sort());
    },
  );

  it.each([
    ['2026-03-03T10:00:00Z', '2026-03-03T10:00:00.000Z', 'a Tuesday at eleven'],
    ['2026-03-03T19:00:00Z', '2026-03-04T07:00:00.000Z', 'the evening waits for the morning'],
    ['2026-03-03T05:00:00Z', '2026-03-03T07:00:00.000Z', 'so does the early morning'],
    ['2026-03-06T19:00:00Z', '2026-03-09T07:00:00.000Z', 'Friday evening waits for Monday'],
    ['2026-03-27T19:30:00Z', '2026-03-30T06:00:00.000Z', 'over the weekend on which summer time begins'],
    ['2026-10-23T19:30:00Z', '2026-10-26T07:00:00.000Z', 'over the weekend on which it ends'],
    ['2026-04-03T19:00:00Z', '2026-04-07T06:00:00.000Z', 'over Easter Monday'],
    ['2026-12-24T19:00:00Z', '2026-12-28T07:00:00.000Z', 'over Christmas on a Friday'],
  ])('%s moves to %s: %s', (from, expected) => {
    expect(iso(nextOpen(at(from), hours()))).toBe(expected);
  });

  it('move a closed instant forward to an open one, and leave an open one in place', () => {
    const quiet = fc.option(fc.record({ from: fc.nat(1439), to: fc.nat(1439) }), { nil: null });
    fc.assert(
      fc.property(instant, zone, fc.boolean(), quiet, (when, name, businessDaysOnly, range) => {
        const rules = { zone: name, businessDaysOnly, quiet: range };
        const open = nextOpen(when, rules);
        expect(open).toBeGreaterThanOrEqual(when);
        expect(closedAt(open, rules)).toBeNull();
        if (closedAt(when, rules) === null) expect(open).toBe(when);
        expect(open - when).toBeLessThan(8 * DAY_MS);
      }),
      { numRuns: 1_000 },
    );
  });
});

const rules = (more: Partial<Rules> = {}): Rules => ({
  levels: {
    invoice: [
      { after_days: 7, template: 'courteous' },
      { after_days: 15, template: 'firm' },
    ],
    quote: [{ after_days: 3, template: 'courteous' }],
  },
  hours: { zone: PARIS, businessDaysOnly: false, quiet: null },
  minGapDays: 5,
  graceDays: 0,
  ...more,
});
const standing = (more: Partial<Standing> = {}): Standing => ({
  type: 'invoice',
  start: at('2026-03-24T09:00:00Z'),
  day: '2026-03-24',
  level: 0,
  lastSentAt: null,
  pausedUntil: null,
  ...more,
});
const dueOf = (given: Standing, by: Rules) => {
  const { at: due, reason } = nextDue(given, by);
  return due === null ? reason : iso(due);
};

describe('the next due time', () => {
  it.each<[string, Partial<Standing>, Partial<Rules>, string]>([
    ['counts the days of the level, at the same local time', {}, {}, '2026-03-31T08:00:00.000Z'],
    ['counts a quote from its sending', { type: 'quote' }, {}, '2026-03-27T09:00:00.000Z'],
    ['does not exist without a due date', { start: null }, {}, 'no_start'],
    ['does not exist after the last level', { level: 2 }, {}, 'all_levels_sent'],
    ['waits for the grace days', {}, { graceDays: 10 }, '2026-04-03T08:00:00.000Z'],
    [
      'waits for the end of a pause',
      { pausedUntil: at('2026-04-20T10:00:00Z') },
      {},
      '2026-04-20T10:00:00.000Z',
    ],
    [
      'keeps the gap after the real sending of the last mail',
      { level: 1, lastSentAt: at('2026-04-09T15:00:00Z') },
      {},
      '2026-04-14T15:00:00.000Z',
    ],
    [
      'follows the level if the last mail is long ago',
      { level: 1, lastSentAt: at('2026-03-31T08:00:00Z') },
      {},
      '2026-04-08T08:00:00.000Z',
    ],
    [
      'moves forward over Easter',
      { start: at('2026-03-28T09:00:00Z') },
      { hours: { zone: PARIS, businessDaysOnly: true, quiet: { from: 1200, to: 480 } } },
      '2026-04-07T06:00:00.000Z',
    ],
  ])('%s', (_title, given, by, expected) => {
    expect(dueOf(standing(given), rules(by))).toBe(expected);
  });

  it('is never before the start, the gap or the end of a pause, and always at an open hour', () => {
    const time = fc.option(instant, { nil: null });
    fc.assert(
      fc.property(
        fc.record({
          start: instant,
          lastSentAt: time,
          pausedUntil: time,
          level: fc.nat(1),
          zone,
          closed: fc.boolean(),
        }),
        ({ zone: name, closed, ...given }) => {
          const hours = {
            zone: name,
            businessDaysOnly: closed,
            quiet: closed ? { from: 1200, to: 480 } : null,
          };
          const due = nextDue(standing(given), rules({ hours })).at ?? Number.NaN;
          const days = given.level === 0 ? 7 : 15;
          expect(due).toBeGreaterThanOrEqual(given.start + days * DAY_MS - 3_600_000);
          expect(due).toBeGreaterThanOrEqual(
            (given.lastSentAt ?? 0) + (given.lastSentAt ? 5 * DAY_MS - 3_600_000 : 0),
          );
          expect(due).toBeGreaterThanOrEqual(given.pausedUntil ?? 0);
          expect(closedAt(due, hours)).toBeNull();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('has another key of rules if and only if they differ for this type', () => {
    const key = rulesKey(rules(), 'invoice');
    expect(rulesKey(rules(), 'invoice')).toBe(key);
    const quoteOnly = rules({ levels: { ...rules().levels, quote: [] } });
    expect(rulesKey(quoteOnly, 'invoice')).toBe(key);
    expect(rulesKey(quoteOnly, 'quote')).not.toBe(rulesKey(rules(), 'quote'));
    for (const change of [
      { minGapDays: 6 },
      { graceDays: 1 },
      { hours: { ...rules().hours, zone: 'Etc/UTC' } },
    ])
      expect(rulesKey(rules(change), 'invoice')).not.toBe(key);
  });
});
