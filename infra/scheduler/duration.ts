const SECONDS = { s: 1, m: 60, h: 3600 } as const;
const PATTERN = /^(\d{1,7})([smh])$/;

/** The legal form of a duration, for messages. */
export const DURATION_LEGAL = 'legal: whole seconds, minutes or hours, such as 180s, 3m or 1h';

/** Parses `180s`, `3m` or `1h` into seconds. Returns null for any other text. */
export function parseDuration(text: string): number | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
}
