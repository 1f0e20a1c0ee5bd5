/** What did not answer in time. Whatever was asked may still happen later. */
export class TooLate extends Error {
  constructor(what: string, ms: number) {
    super(`${what} has not answered within ${ms} ms`);
    this.name = 'TooLate';
  }
}

/** Waits for an answer at most this long, in milliseconds; then rejects and names what was asked. */
export async function within<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(what, ms)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
