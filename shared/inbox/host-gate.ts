/** Connections of one run to one mail server at a time: providers count them by the caller's address too. */
const CONNECTIONS_PER_HOST = 8;

/** Lets so many in per host; the others wait in the order they came. */
export class HostGate {
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #most: number;

  constructor(most: number = CONNECTIONS_PER_HOST) {
    this.#most = most;
  }

  /** Works as soon as the host has room. */
  async through<T>(host: string, work: () => Promise<T>): Promise<T> {
    const key = host.toLowerCase();
    const busy = this.#busy.get(key) ?? 0;
    if (busy < this.#most) this.#busy.set(key, busy + 1);
    else
      await new Promise<void>((resolve) =>
        this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]),
      );
    try {
      return await work();
    } finally {
      const next = this.#waiting.get(key)?.shift();
      // The place is handed on, so that nobody slips in between.
      if (next) next();
      else this.#busy.set(key, (this.#busy.get(key) ?? 1) - 1);
    }
  }
}
