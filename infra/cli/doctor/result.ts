/** The result of one check of the doctor. */
export interface CheckResult {
  check: string;
  ok: boolean;
  detail: string;
  /** Null if nothing is wrong. */
  remedy: string | null;
}

/** Makes the result of a check that found no fault. */
export const reportSound = (check: string, detail: string): CheckResult => ({
  check,
  ok: true,
  detail,
  remedy: null,
});

/** Makes the result of a check that found a fault, with its remedy. */
export const reportFault = (check: string, detail: string, remedy: string): CheckResult => ({
  check,
  ok: false,
  detail,
  remedy,
});

/** Returns the first line of an error and its cause, without the stack. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const message = error instanceof Error ? error.message : String(error);
  return `${message.split('\n')[0] ?? ''}${cause}`;
}
