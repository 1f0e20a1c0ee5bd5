import type { Clock } from '../../clock.ts';

const MINUTE_MS = 60_000;

/** Keeps the dialogues below a provider's number per minute. */
export class Pace {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #wait: (ms: number) => Promise<unknown>;
  /** The instants of the last minute's dialogues, oldest first. */
  #begun: number[] = [];

  constructor(perMinute: number, clock: Clock, wait: (ms: number) => Promise<unknown>) {
    this.#perMinute = perMinute;
    this.#clock = clock;
    this.#wait = wait;
  }

  /** Waits until another dialogue may begin. Returns false at once if that is later than `untilMs` from now. */
  async enter(untilMs: number): Promise<boolean> {
    const now = this.#clock().getTime();
    this.#begun = this.#begun.filter((at) => at > now - MINUTE_MS);
    const oldest = this.#begun[this.#begun.length - this.#perMinute];
    const startMs = oldest === undefined ? now : oldest + MINUTE_MS;
    if (startMs - now > untilMs) return false;
    this.#begun.push(startMs);
    if (startMs > now) await this.#wait(startMs - now);
    return true;
  }
}
