/**
 * Lets so many dialogues go on at a time; who comes later waits in order. What belongs to a mail before and after its
 * dialogue (its claim, its settling) is done outside, so that it costs no dialogue's time.
 */
export class Dialogues {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atATime: number) {
    this.#free = atATime;
  }

  /** Resolves when it may begin, with what gives the place to the next one; call that once. */
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
