import { describe, expect, it } from 'vitest';
import {
  calendarOf,
  type HolidayCalendar,
  isHoliday,
} from '../../../../shared/domains/followups/schedule/holidays.ts';
import { closedAt } from '../../../../shared/domains/followups/schedule/opening-hours.ts';
import { rulesKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import { settings } from '../../../support/followups.ts';

const day = (date: string) => Date.parse(`${date}T00:00:00Z`);

describe('a public holiday', () => {
  it.each<[date: string, calendars: HolidayCalendar[]]>([
    ['2026-07-14', ['FR', 'FR-57', 'FR-67', 'FR-68', 'FR-971', 'FR-972', 'FR-973', 'FR-974', 'FR-976']],
    // Good Friday and Saint Stephen's Day.
    ['2026-04-03', ['FR-57', 'FR-67', 'FR-68']],
    ['2026-12-26', ['FR-57', 'FR-67', 'FR-68']],
    ['2026-05-22', ['FR-972']],
    ['2026-05-27', ['FR-971']],
    ['2026-06-10', ['FR-973']],
    ['2026-12-20', ['FR-974']],
    ['2026-04-27', ['FR-976']],
    // The national day of Belgium, and that of Canada.
    ['2026-07-21', []],
    ['2026-07-01', []],
  ])('%s is one in %j only', (date, calendars) => {
    const all: HolidayCalendar[] = [
      'FR',
      'FR-57',
      'FR-67',
      'FR-68',
      'FR-971',
      'FR-972',
      'FR-973',
      'FR-974',
      'FR-976',
      'none',
    ];
    expect(all.filter((calendar) => isHoliday(day(date), calendar))).toEqual(calendars);
  });

  it.each([
    ['Europe/Paris', 'FR'],
    ['America/Martinique', 'FR-972'],
    ['Europe/Brussels', 'none'],
    ['America/Toronto', 'none'],
  ])('is taken from the time zone %s as %s', (zone, calendar) => {
    expect(calendarOf(zone)).toBe(calendar);
  });

  it.each([
    ['Europe/Brussels', null, '2026-07-14', null],
    ['Europe/Brussels', 'FR', '2026-07-14', 'public_holiday'],
    ['America/Martinique', null, '2026-05-22', 'public_holiday'],
    ['Europe/Paris', 'FR-67', '2026-04-03', 'public_holiday'],
    ['Europe/Paris', 'none', '2026-07-14', null],
  ])('closes an organisation in %s with holidays %j on %s: %j', (time_zone, holidays, date, reason) => {
    const { rules } = settings({ time_zone, holidays, business_days_only: true });
    expect(closedAt(Date.parse(`${date}T15:00:00Z`), rules.hours)).toBe(reason);
  });

  it('of the zone changes no key of the rules, and one of its own does', () => {
    const key = (more: Record<string, unknown>) => rulesKey(settings(more).rules, 'invoice');
    expect(key({ holidays: null })).toBe(key({}));
    expect(key({ holidays: 'FR-67' })).not.toBe(key({}));
  });

  it('of an unknown calendar makes the settings unusable', () => {
    expect(() => settings({ holidays: 'BE' })).toThrow('holidays "BE" is none of FR, FR-57');
  });
});
