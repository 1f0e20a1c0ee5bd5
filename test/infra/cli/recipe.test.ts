import { describe, expect, it } from 'vitest';
import { toOnCalendar } from '../../../infra/cli/recipe/calendar.ts';
import { parsePairs } from '../../../infra/cli/run-task.ts';
import { parseSpan } from '../../../infra/cli/scheduler/span.ts';
import { programOrSkip, runProgram } from '../../support/google/gcloud.ts';

const hasAnalyze = programOrSkip('systemd-analyze', "systemd's own reading of a schedule");

describe('a schedule for systemd', () => {
  it.each([
    ['*/15 * * * *', 'Etc/UTC', '*-*-* *:0/15:00 Etc/UTC'],
    ['0 7,14 * * MON', 'Europe/Paris', 'Mon *-*-* 7,14:0:00 Europe/Paris'],
    ['7,37 8-18 * * MON-FRI', 'Etc/UTC', 'Mon,Tue,Wed,Thu,Fri *-*-* 8..18:7,37:00 Etc/UTC'],
    ['0 3 1-7/2 JAN,JUL *', 'Etc/UTC', '*-1,7-1..7/2 3:0:00 Etc/UTC'],
    ['0 0 */10 */3 *', 'Etc/UTC', '*-1/3-1/10 0:0:00 Etc/UTC'],
    ['0 0 * * 7', 'Etc/UTC', 'Sun *-*-* 0:0:00 Etc/UTC'],
    ['0 0 * * */2', 'Etc/UTC', 'Sun,Tue,Thu,Sat *-*-* 0:0:00 Etc/UTC'],
  ])('converts %s in %s', async (schedule, zone, expected) => {
    expect(toOnCalendar(schedule, zone)).toBe(expected);
    if (!hasAnalyze) return;
    const { code, stderr } = await runProgram('systemd-analyze', ['calendar', expected], {
      env: { PATH: process.env.PATH ?? '' },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('cannot have a day of the month and one of the week', () => {
    expect(() => toOnCalendar('0 0 1 * MON', 'Etc/UTC')).toThrow('one timer cannot have both');
  });
});

describe('the arguments of the command line', () => {
  it('refuse a parameter that is given twice', () => {
    expect(parsePairs(['a=1', 'b=2=3'])).toEqual({ a: '1', b: '2=3' });
    expect(() => parsePairs(['a=1', 'a=2'])).toThrow('--param a is given twice, as "1" and "2"; give one.');
  });

  it('refuse a day that does not exist', () => {
    expect(parseSpan({ from: '2028-02-29' }).from.toISOString()).toBe('2028-02-29T00:00:00.000Z');
    for (const day of ['2026-02-30', '2026-02-29T10:00', '2026-13-01', '2026-04-31'])
      expect(() => parseSpan({ from: day }), day).toThrow(`--from ${day.slice(0, 10)} is not a day`);
    expect(() => parseSpan({ from: 'tomorrow' })).toThrow('--from "tomorrow" is not an instant');
  });
});
