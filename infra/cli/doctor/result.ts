/** One line of the doctor's: what was looked at, what was found, and what helps. */
export interface Result {
  check: string;
  ok: boolean;
  detail: string;
  /** Null where all is well. */
  remedy: string | null;
}

/** All is well. */
export const well = (check: string, detail: string): Result => ({ check, ok: true, detail, remedy: null });

/** Something is wrong, and this helps. */
export const ill = (check: string, detail: string, remedy: string): Result => ({
  check,
  ok: false,
  detail,
  remedy,
});

/** The first line of what was thrown, without its stack. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const message = error instanceof Error ? error.message : String(error);
  return `${message.split('\n')[0] ?? ''}${cause}`;
}
