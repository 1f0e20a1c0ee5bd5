import { UsageError } from '../usage-error.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/**
 * Returns systemd's OnCalendar for a checked unix-cron expression in a zone: systemd.time(7). Throws UsageError for a day
 * of month with a day of week: cron takes either, systemd only days that are both.
 */
export function toOnCalendar(schedule: string, zone: string): string {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = schedule.trim().split(/\s+/);
  if (day !== '*' && weekday !== '*')
    throw new UsageError(
      `"${schedule}" names days of the month and of the week; one timer cannot have both.`,
    );
  const numbered = month.toUpperCase().replace(/[A-Z]{3}/g, (name) => String(MONTHS.indexOf(name) + 1));
  const date = `*-${toField(numbered, 1)}-${toField(day, 1)}`;
  const time = `${toField(hour, 0)}:${toField(minute, 0)}:00`;
  return `${weekday === '*' ? '' : `${toDays(weekday)} `}${date} ${time} ${zone}`;
}

/** Converts lists, ranges and steps of one field; `first` is its smallest value. */
function toField(field: string, first: number): string {
  const items = field.split(',').map((item) => item.replace('-', '..').replace(/^\*\//, `${first}/`));
  return items.join(',');
}

/** Lists the days of a cron field, since systemd has no steps there. */
function toDays(field: string): string {
  const days = field.split(',').flatMap((item) => {
    const [range = '', step = '1'] = item.split('/');
    const [from, to] = range === '*' ? [0, 6] : range.split('-').map(toDay);
    const length = (to ?? from ?? 0) - (from ?? 0) + 1;
    return Array.from({ length }, (_, index) => (from ?? 0) + index).filter(
      (_, index) => index % Number(step) === 0,
    );
  });
  return [...new Set(days.map((day) => DAYS[day]))].join(',');
}

function toDay(word: string): number {
  const named = DAYS.findIndex((name) => name.toUpperCase() === word.toUpperCase());
  return named === -1 ? Number(word) : named;
}
