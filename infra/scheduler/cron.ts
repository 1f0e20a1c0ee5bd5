import { timetable } from '../../shared/doors/time/occurrences.ts';

interface Field {
  name: string;
  min: number;
  max: number;
  names: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MINUTE: Field = { name: 'minute', min: 0, max: 59, names: [] };
const HOUR: Field = { name: 'hour', min: 0, max: 23, names: [] };
const DAY_OF_MONTH: Field = { name: 'day of month', min: 1, max: 31, names: [] };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Field = { name: 'day of week', min: 0, max: 7, names: DAYS };
const FIELDS = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Periods are measured over a leap year, so that February 29 occurs. */
const YEAR_START = Date.UTC(2028, 0, 1);
const YEAR_END = Date.UTC(2029, 0, 1);

/** Returns what is wrong with a unix-cron expression of five fields and what is legal, or null. */
export function checkCron(expr: string): string | null {
  const strange = /[^ -~]/u.exec(expr)?.[0];
  if (strange !== undefined) {
    const code = (strange.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `has the character U+${code}; legal: digits, names, * , - / and plain spaces`;
  }
  const fields = expr.trim().split(/\s+/);
  if (expr.trim().startsWith('@')) {
    return 'is a nickname, which Cloud Scheduler does not know; legal: five fields; did you mean "0 0 * * *"?';
  }
  if (fields.length !== FIELDS.length) {
    return `has ${expr.trim() === '' ? 0 : fields.length} fields; legal: five, minute hour day-of-month month day-of-week`;
  }
  for (const [index, field] of FIELDS.entries()) {
    for (const item of (fields[index] ?? '').split(',')) {
      const fault = checkItem(item, field);
      if (fault) return fault;
    }
  }
  return canFire(fields) ? null : 'never fires: no month of it has such a day; legal: a day that exists';
}

/** Returns what is wrong with one item of a cron field, or null. */
function checkItem(item: string, field: Field): string | null {
  const legal = describeLegal(field);
  const match = /^(\*|[^-/]+(?:-[^-/]+)?)(?:\/([^/]*))?$/.exec(item);
  if (!match) return `${field.name} "${item}" is not a value, range or step; ${legal}`;
  const [, base = '', step] = match;
  if (step !== undefined) {
    if (!/^\d+$/.test(step) || Number(step) < 1)
      return `${field.name} step "${step}" is not a number of at least 1`;
    if (Number(step) > field.max)
      return `${field.name} step ${step} never comes round; legal: 1-${field.max}`;
    if (base !== '*' && !base.includes('-')) {
      return `${field.name} "${item}" steps from a single value; legal: ${base}-${field.max}/${step} or */${step}`;
    }
  }
  if (base === '*') return null;
  const [from, to] = base.split('-').map((value) => parseValue(value, field));
  if (from === null || from === undefined) return `${field.name} "${base}" is out of range; ${legal}`;
  if (to === null) return `${field.name} "${base}" is out of range; ${legal}`;
  if (to !== undefined && to < from) return `${field.name} range "${base}" runs backwards; ${legal}`;
  return null;
}

function describeLegal(field: Field): string {
  const names = field.names.length > 0 ? ` or ${field.names[0]}-${field.names.at(-1)}` : '';
  return `legal: ${field.min}-${field.max}${names}, lists, ranges and */steps`;
}

function parseValue(text: string, field: Field): number | null {
  const named = field.names.indexOf(text.toUpperCase());
  if (named >= 0) return named + (field.min === 1 ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return null;
  const value = Number(text);
  return value >= field.min && value <= field.max ? value : null;
}

/** Returns the values of a legal field. */
function valuesOf(text: string, field: Field): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const [base = '*', step = '1'] = item.split('/');
    const [first = field.min, last = first] =
      base === '*'
        ? [field.min, field.max]
        : base.split('-').map((value) => parseValue(value, field) ?? field.min);
    for (let value = first; value <= last; value += Number(step)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/** Returns false for a day that no month has. With a day of the week, either day field may match. */
function canFire(fields: readonly string[]): boolean {
  const [, , days = '*', months = '*', weekdays = '*'] = fields;
  if (!weekdays.startsWith('*')) return true;
  const firstDay = Math.min(...valuesOf(days, DAY_OF_MONTH));
  return valuesOf(months, MONTH).some((month) => firstDay <= (DAYS_IN_MONTH[month - 1] ?? 0));
}

/** Returns the smallest gap in seconds between two minutes of the expression. No two occurrences are closer. */
function findSmallestGap(expr: string): number {
  const minutes = valuesOf(expr.trim().split(/\s+/)[0] ?? '*', MINUTE);
  const gaps = minutes.map((minute, index) => (minutes[index + 1] ?? (minutes[0] ?? 0) + 60) - minute);
  return Math.min(...gaps) * 60;
}

/** Returns the smallest gap in seconds between two occurrences of a year, daylight saving included. */
export function findPeriodSeconds(expr: string, zone: string): number {
  const table = timetable(expr, zone);
  const floor = findSmallestGap(expr);
  let smallest = Number.POSITIVE_INFINITY;
  let last = table.nextRun(new Date(YEAR_START - 1000));
  while (last && smallest > floor && (last.getTime() < YEAR_END || smallest === Number.POSITIVE_INFINITY)) {
    const next = table.nextRun(last);
    if (!next) break;
    smallest = Math.min(smallest, (next.getTime() - last.getTime()) / 1000);
    last = next;
  }
  return smallest;
}
