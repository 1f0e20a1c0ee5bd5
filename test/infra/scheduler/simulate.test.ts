import { describe, expect, it } from 'vitest';
import { simulate } from '../../../infra/scheduler/simulate.ts';

const job = (name: string, schedule: string, time_zone = 'Etc/UTC', paused = false) => ({
  function: name,
  schedule,
  time_zone,
  paused,
});
const fires = (jobs: ReturnType<typeof job>[], from: string, to: string) =>
  simulate(jobs, new Date(from), new Date(to));

describe('a simulation', () => {
  it('lists the occurrences from the start up to, but not including, the end, in order of time', () => {
    const jobs = [
      job('hourly', '0 * * * *'),
      job('quarterly', '*/30 * * * *'),
      job('off', '* * * * *', 'Etc/UTC', true),
    ];
    const found = fires(jobs, '2026-03-04T07:00:00Z', '2026-03-04T08:00:00Z');
    expect(found.map(({ at, job: name }) => `${at} ${name}`)).toEqual([
      '2026-03-04T07:00:00Z hourly',
      '2026-03-04T07:00:00Z quarterly',
      '2026-03-04T07:30:00Z quarterly',
    ]);
  });

  it('fires a fixed hour that spring skips once, after the change, with a note', () => {
    const found = fires(
      [job('night', '30 2 * * *', 'Europe/Paris')],
      '2026-03-28T00:00:00Z',
      '2026-03-31T00:00:00Z',
    );
    expect(found.map(({ at }) => at)).toEqual([
      '2026-03-28T01:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    expect(found.map(({ note }) => note)).toEqual([null, 'clocks changed: GMT+01:00 to GMT+02:00', null]);
    expect(found[1]?.local).toBe('2026-03-29 03:00:00 GMT+02:00');
  });

  it('fires a fixed hour that autumn repeats once', () => {
    const found = fires(
      [job('night', '30 2 * * *', 'Europe/Paris')],
      '2026-10-24T12:00:00Z',
      '2026-10-26T12:00:00Z',
    );
    expect(found).toHaveLength(2);
    expect(found.map(({ local }) => local.slice(0, 16))).toEqual(['2026-10-25 02:30', '2026-10-26 02:30']);
  });

  it('fires an hourly job in each of the 23 and 25 hours of those days', () => {
    const hourly = [job('hourly', '0 * * * *', 'Europe/Paris')];
    expect(fires(hourly, '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toHaveLength(23);
    expect(fires(hourly, '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z')).toHaveLength(25);
  });

  it('rejects a span with too many occurrences', () => {
    expect(() => fires([job('a', '* * * * *')], '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')).toThrow(
      /shorter span/,
    );
  });
});
