/** Connections of one run to one mail server at a time: providers count them by the caller's address too. */
const CONNECTIONS_PER_HOST = 8;
/** And to all of them; most of the time each waits for its server. */
export const CONNECTIONS = 16;

/** Admits a limited number per host and in all; the others wait in the order of their arrival. */
export class HostGate {
  readonly #busy = new Map<string, number>();
  #inside = 0;
  #waiting: { key: string; enter: () => void }[] = [];
  readonly #most: number;
  readonly #mostInAll: number;

  constructor(most: number = CONNECTIONS_PER_HOST, mostInAll: number = CONNECTIONS) {
    this.#most = most;
    this.#mostInAll = mostInAll;
  }

  /** Works as soon as there is room. */
  async through<T>(host: string, work: () => Promise<T>): Promise<T> {
    const key = host.toLowerCase();
    await new Promise<void>((enter) => {
      this.#waiting.push({ key, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#busy.set(key, (this.#busy.get(key) ?? 1) - 1);
      this.#inside -= 1;
      this.#admit();
    }
  }

  #admit(): void {
    this.#waiting = this.#waiting.filter(({ key, enter }) => {
      const busy = this.#busy.get(key) ?? 0;
      if (this.#inside >= this.#mostInAll || busy >= this.#most) return true;
      this.#inside += 1;
      this.#busy.set(key, busy + 1);
      enter();
      return false;
    });
  }
}
