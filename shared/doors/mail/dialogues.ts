/**
 * Limits the parallel dialogues; later ones wait in order. A mail is claimed and settled outside, so that neither takes
 * the place of a dialogue.
 */
export class Dialogues {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atATime: number) {
    this.#free = atATime;
  }

  /** Resolves once a dialogue may begin. Returns a function that frees its place; call it once. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
