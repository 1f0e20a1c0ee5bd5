import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ConsoleWorld, startConsoleWorld } from '../../../support/console.ts';
import { clear, NOW, seed } from '../../../support/world.ts';

let console_: ConsoleWorld;
beforeAll(async () => {
  console_ = await startConsoleWorld();
});
afterAll(() => console_?.stop());
beforeEach(async () => {
  console_.world.clock.set(NOW);
  await clear(console_.world.store, 'page_visits');
});

const PATH = '/v1/admin/visits/stats';
const call = (query = '', token?: string) => console_.call('GET', PATH + query, undefined, token);
const at = (iso: string) => Timestamp.fromDate(new Date(iso));
const closed = (start: string, seconds: number, more: object = {}) => ({
  user_id: 'usertest1',
  path: '/repairs',
  start_time: at(start),
  last_activity_at: Timestamp.fromMillis(Date.parse(start) + seconds * 1000),
  end_time: Timestamp.fromMillis(Date.parse(start) + seconds * 1000),
  duration_seconds: seconds,
  duration_source: 'measured',
  engaged_seconds: seconds / 2,
  ...more,
});
const put = (visits: Record<string, object>) =>
  seed(console_.world.store, 'page_visits', new Map(Object.entries(visits)));

it('sums visits and time by UTC day and by page, with the number of inferred ones', async () => {
  await put({
    first: closed('2026-03-03T00:00:00Z', 60),
    last: closed('2026-03-03T23:59:59.999Z', 30, { path: '/' }),
    inferred: closed('2026-03-04T08:00:00Z', 10, { duration_source: 'inferred', engaged_seconds: 0 }),
    // A row of another back end: open, with missing fields.
    open: { user_id: 'a', path: '/repairs', start_time: at('2026-03-04T09:00:00Z') },
    before: closed('2026-03-02T23:59:59.999Z', 999),
    after: closed('2026-03-05T00:00:00Z', 999),
  });
  const { status, body } = await call('?from=2026-03-03&to=2026-03-04');
  expect(status).toBe(200);
  const sums = (visits: number, open: number, inferred: number, duration: number, engaged: number) => ({
    ...{ visits, open, inferred, duration_seconds: duration, engaged_seconds: engaged },
  });
  expect(body).toEqual({
    ...{ from: '2026-03-03', to: '2026-03-04', time_zone: 'UTC', as_of: NOW.toISOString() },
    ...{ total_visits: 4, counted: 4, complete: true, more_pages: 0 },
    totals: sums(4, 1, 1, 100, 45),
    days: [
      { day: '2026-03-03', ...sums(2, 0, 0, 90, 45) },
      { day: '2026-03-04', ...sums(2, 1, 1, 10, 0) },
    ],
    pages: [
      { path: '/repairs', ...sums(3, 1, 1, 70, 30) },
      { path: '/', ...sums(1, 0, 0, 30, 15) },
    ],
  });
});

it('sums by the days of a time zone, including the short and the long day of daylight saving', async () => {
  console_.world.clock.set(new Date('2026-03-30T21:59:00Z'));
  await put({
    before: closed('2026-03-28T22:59:59.999Z', 1),
    // The 29th begins at 23:00 UTC and has 23 hours in Paris.
    first: closed('2026-03-28T23:00:00Z', 1),
    last: closed('2026-03-29T21:59:59.999Z', 1),
    next: closed('2026-03-29T22:00:00Z', 1),
  });
  const { body } = await call('?from=2026-03-29&time_zone=Europe/Paris');
  const visits = ({ body }: { body: { days: { day: string; visits: number }[] } }) =>
    body.days.map(({ day, visits }) => [day, visits]);
  expect([body.from, body.to, body.time_zone, body.total_visits]).toEqual([
    ...['2026-03-29', '2026-03-30', 'Europe/Paris', 3],
  ]);
  expect(visits({ body })).toEqual([
    ['2026-03-29', 2],
    ['2026-03-30', 1],
  ]);
  console_.world.clock.set(new Date('2026-03-30T22:00:00Z'));
  expect(visits(await call('?from=2026-03-30&time_zone=Europe/Paris')).at(-1)).toEqual(['2026-03-31', 0]);
  await put({ early: closed('2026-10-24T22:00:00Z', 1), late: closed('2026-10-25T22:59:59Z', 1) });
  expect(visits(await call('?from=2026-10-25&to=2026-10-25&time_zone=Europe/Paris'))).toEqual([
    ['2026-10-25', 2],
  ]);
});

it('covers the last week by default, for a read per visit and one to count', async () => {
  await put({ old: closed('2026-02-25T23:00:00Z', 1), in: closed('2026-02-26T00:00:00Z', 1) });
  const before = console_.world.logs.length;
  const { body } = await call();
  expect([body.from, body.to, body.totals.visits]).toEqual(['2026-02-26', '2026-03-04', 1]);
  expect(body.days).toHaveLength(7);
  const lines = console_.world.logs.slice(before).map((line) => JSON.parse(line));
  expect(lines.find(({ cost }) => cost)?.cost.firestore_reads).toBe(2);
});

it('sums the newest 20,000 of more visits, and answers complete false', async () => {
  const many = Array.from({ length: 20_001 }, (_, index): [string, object] => [
    `v${index}`,
    {
      path: index === 0 ? '/oldest' : '/',
      start_time: Timestamp.fromMillis(NOW.getTime() - 1_000_000 + index),
    },
  ]);
  await seed(console_.world.store, 'page_visits', new Map(many));
  const { body } = await call('?from=2026-03-04');
  expect([body.total_visits, body.counted, body.complete]).toEqual([20_001, 20_000, false]);
  expect(body.pages.map(({ path }: { path: string }) => path)).toEqual(['/']);
});

it.each([
  ['?from=2026-03-05&to=2026-03-04', 'to'],
  ['?from=2026-01-01&to=2026-03-04', '31'],
  ['?from=yesterday', 'from'],
  ['?from=2026-02-30', 'from'],
  ['?days=3', 'days'],
  ['?time_zone=Mars/Olympus', 'time_zone'],
])('%s is 400, which names it', async (query, named) => {
  const { status, body } = await call(query);
  expect(status).toBe(400);
  expect(body.error.message).toContain(named);
});

it('is for administrators only', async () => {
  const token = await console_.world.issuer.userToken('usertest1');
  expect((await call('', token)).status).toBe(403);
});
