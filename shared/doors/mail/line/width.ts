/** The turn of one dialogue, from its connection until it is closed. */
export interface Turn {
  /** True if another dialogue was open at some time during this one. */
  readonly isCrowded: boolean;
  /** Frees its place; call it once. */
  leave(): void;
}

interface OpenTurn extends Turn {
  isCrowded: boolean;
  /** The number of narrowings before it began. */
  era: number;
}

/**
 * The number of parallel dialogues with one account's server; further ones wait in order.
 * - It begins with one, which tries the account, and opens to the account's maximum once the server takes a mail.
 * - A server that wants fewer halves it. It then grows by one, never again to a number that was refused.
 */
export class Width {
  #width = 1;
  #ceiling: number;
  #era = 0;
  #successes = 0;
  readonly #open = new Set<OpenTurn>();
  readonly #waiting: ((turn: Turn) => void)[] = [];

  constructor(max: number) {
    this.#ceiling = max;
  }

  /** Resolves once a dialogue may begin. */
  async enter(): Promise<Turn> {
    if (this.#open.size < this.#width) return this.#begin();
    return await new Promise<Turn>((resolve) => this.#waiting.push(resolve));
  }

  /** Notes that the server works. */
  widen(): void {
    if (this.#era === 0) this.#width = this.#ceiling;
    this.#successes += 1;
    if (this.#successes >= this.#width && this.#width < this.#ceiling) {
      this.#width += 1;
      this.#successes = 0;
    }
    this.#admit();
  }

  /** Notes that the server wants fewer dialogues. Returns false if it refused the only one. */
  narrow(turn: Turn): boolean {
    if (!turn.isCrowded) return false;
    // Those that began before the last narrowing say nothing about the present width.
    if ((turn as OpenTurn).era < this.#era) return true;
    this.#ceiling = Math.max(1, this.#width - 1);
    this.#width = Math.max(1, Math.floor(this.#width / 2));
    this.#successes = 0;
    this.#era += 1;
    return true;
  }

  /** Allows one dialogue at a time from now on. */
  single(): void {
    this.#ceiling = 1;
    this.#width = 1;
    this.#era += 1;
  }

  #begin(): OpenTurn {
    const turn: OpenTurn = {
      isCrowded: this.#open.size > 0,
      era: this.#era,
      leave: () => {
        this.#open.delete(turn);
        this.#admit();
      },
    };
    if (turn.isCrowded) for (const other of this.#open) other.isCrowded = true;
    this.#open.add(turn);
    return turn;
  }

  #admit(): void {
    while (this.#open.size < this.#width) {
      const next = this.#waiting.shift();
      if (!next) return;
      next(this.#begin());
    }
  }
}
