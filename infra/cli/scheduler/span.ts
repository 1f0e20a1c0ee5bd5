import { UsageError } from '../usage-error.ts';

const DAY_MS = 86_400_000;

/** Parses the span of a simulation. An instant without a time is midnight, one without an offset is UTC. */
export function parseSpan(flags: { from?: string; to?: string }, now = new Date()): { from: Date; to: Date } {
  const from = flags.from === undefined ? now : parseInstant('--from', flags.from);
  const to = flags.to === undefined ? new Date(from.getTime() + DAY_MS) : parseInstant('--to', flags.to);
  if (to <= from)
    throw new UsageError(
      `--to ${to.toISOString()} is not after --from ${from.toISOString()}; give a later one.`,
    );
  return { from, to };
}

function parseInstant(flag: string, text: string): Date {
  const [, date, time, offset] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const instant = new Date(`${date}T${time ?? '00:00'}${offset ?? 'Z'}`);
  // Date takes 30 February for 2 March.
  const exists = date !== undefined && new Date(`${date}T00:00Z`).toJSON()?.startsWith(date);
  if (exists && !Number.isNaN(instant.getTime())) return instant;
  if (date !== undefined && !exists)
    throw new UsageError(`${flag} ${date} is not a day; give one that exists.`);
  throw new UsageError(
    `${flag} ${JSON.stringify(text)} is not an instant; give 2026-03-29, 2026-03-29T01:00 or 2026-03-29T01:00:00+02:00.`,
  );
}
