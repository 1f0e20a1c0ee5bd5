import { expect, test } from 'vitest';
import { checkCron, findPeriodSeconds } from '../../../infra/scheduler/cron.ts';
import { findRetriesEnd, listBackoffs } from '../../../infra/scheduler/retries.ts';
import { nextOccurrence } from '../../../shared/doors/time/occurrences.ts';

const PARIS = 'Europe/Paris';

test.each([
  '*/15 * * * *',
  '0 7 * * *',
  '0 0 29 2 *',
  '0 0 31 * MON',
  '1,2-5/2 * 1-31 JAN-MAR sun,7',
  '0 0 30 2 1',
])('accepts %s', (expr) => expect(checkCron(expr)).toBeNull());

test.each([
  ['61 * * * *', /minute "61" is out of range; legal: 0-59/],
  ['* 24 * * *', /hour "24"/],
  ['* * 0 * *', /day of month "0"/],
  ['* * * 13 *', /month "13"/],
  ['* * * * 8', /day of week "8"/],
  ['* * * FOO *', /JAN-DEC/],
  ['*/0 * * * *', /step "0"/],
  ['*/90 * * * *', /step 90 never comes round/],
  ['5/10 * * * *', /did you|5-59\/10/],
  ['30-10 * * * *', /backwards/],
  ['1,,2 * * * *', /minute ""/],
  ['0 0 L * *', /day of month "L"/],
  ['0 0 15W * *', /day of month "15W"/],
  ['0 0 * * FRI#2', /day of week "FRI#2"/],
  ['0 0 ? * *', /day of month "\?"/],
  ['0 0 0 * * *', /has 6 fields/],
  ['* * * *', /has 4 fields/],
  ['', /has 0 fields/],
  ['@daily', /nickname/],
  ['0 0 30 2 *', /never fires/],
  ['0 0 31 2,4,6,9,11 *', /never fires/],
])('refuses %s', (expr, message) => expect(checkCron(expr)).toMatch(message));

test('runs a time that spring skips once, an hour later', () => {
  const first = nextOccurrence('30 2 * * *', PARIS, new Date('2027-03-27T12:00:00Z'));
  expect(first.toISOString()).toBe('2027-03-28T01:00:00.000Z');
  expect(nextOccurrence('30 2 * * *', PARIS, first).toISOString()).toBe('2027-03-29T00:30:00.000Z');
});

test('runs a time that autumn repeats once, and an hourly job in both hours', () => {
  const first = nextOccurrence('30 2 * * *', PARIS, new Date('2027-10-30T12:00:00Z'));
  expect(first.toISOString()).toBe('2027-10-31T00:30:00.000Z');
  expect(nextOccurrence('30 2 * * *', PARIS, first).toISOString()).toBe('2027-11-01T01:30:00.000Z');
  const hour = nextOccurrence('0 * * * *', PARIS, new Date('2027-10-31T00:00:00Z'));
  expect(hour.toISOString()).toBe('2027-10-31T01:00:00.000Z');
});

test('the period is the smallest gap of the year', () => {
  expect(findPeriodSeconds('*/15 * * * *', 'Etc/UTC')).toBe(900);
  expect(findPeriodSeconds('0,20 7 * * *', 'Etc/UTC')).toBe(1200);
  expect(findPeriodSeconds('0 7 * * *', 'Etc/UTC')).toBe(86_400);
  expect(findPeriodSeconds('0 7 * * *', PARIS)).toBe(82_800);
  expect(findPeriodSeconds('0 0 29 2 *', 'Etc/UTC')).toBe(1461 * 86_400);
});

test('backoffs double, then rise linearly, then stay at the maximum', () => {
  const retry = { count: 8, min_backoff: 10, max_backoff: 300, max_doublings: 3, max_duration: 0 };
  expect(listBackoffs(retry)).toEqual([10, 20, 40, 80, 160, 240, 300, 300]);
  expect(findRetriesEnd({ ...retry, count: 3 }, 60)).toBe(310);
});
