import { UsageError } from '../run-task.ts';

const DAY_MS = 86_400_000;

/** The span that a simulation is to cover. An instant without a time is midnight, one without an offset is UTC. */
export function spanOf(options: { from?: string; to?: string }, now = new Date()): { from: Date; to: Date } {
  const from = options.from === undefined ? now : instant('--from', options.from);
  const to = options.to === undefined ? new Date(from.getTime() + DAY_MS) : instant('--to', options.to);
  if (to <= from)
    throw new UsageError(
      `--to ${to.toISOString()} is not after --from ${from.toISOString()}; give a later one.`,
    );
  return { from, to };
}

function instant(flag: string, text: string): Date {
  const [, date, time, offset] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const found = new Date(`${date}T${time ?? '00:00'}${offset ?? 'Z'}`);
  if (date !== undefined && !Number.isNaN(found.getTime())) return found;
  throw new UsageError(
    `${flag} ${JSON.stringify(text)} is not an instant; give 2026-03-29, 2026-03-29T01:00 or 2026-03-29T01:00:00+02:00.`,
  );
}
