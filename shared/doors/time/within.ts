/** Thrown if an answer did not come in time. The work may still be done later. */
export class TooLate extends Error {
  constructor(what: string, ms: number) {
    super(`${what} has not answered within ${ms} ms`);
    this.name = 'TooLate';
  }
}

/** Waits for an answer at most this many milliseconds. Throws TooLate, which names `what`, after that. */
export function within<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TooLate(what, ms)), ms);
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V) => {
        clearTimeout(timer);
        settle(value);
      };
    };
    answer.then(settled(resolve), settled(reject));
  });
}
