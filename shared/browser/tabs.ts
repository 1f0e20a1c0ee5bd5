import type { BrowserClock, BrowserWindow } from './clock.ts';

/** A tab reports input to the others this often at most. */
const INPUT_MS = 30_000;

/** A word from another tab of the account. `logout` names the sign-in that ended; null if the token names none. */
export type TabMessage = { logout: string | number | null } | { login: true } | { input: true };

/** The tabs of this browser in which one account is signed in. */
export class Tabs {
  /** The name of the account's lock and channel. */
  name = '';
  readonly #w: BrowserWindow;
  readonly #clock: BrowserClock;
  readonly #hear: (message: TabMessage) => void;
  #channel: BroadcastChannel | undefined;
  #inputAt = Number.NEGATIVE_INFINITY;

  constructor(w: BrowserWindow, clock: BrowserClock, hear: (message: TabMessage) => void) {
    this.#w = w;
    this.#clock = clock;
    this.#hear = hear;
  }

  /** Joins the tabs of an account, once. */
  enter(account: string): void {
    const name = `ronde.presence ${account}`;
    if (name === this.name && this.#channel) return;
    this.leave();
    this.name = name;
    if (!this.#w.BroadcastChannel) return;
    this.#channel = new this.#w.BroadcastChannel(name);
    // A tab with an earlier version of the client sends the name of the session alone.
    this.#channel.onmessage = ({ data }) => this.#hear(data instanceof Object ? data : { logout: data });
  }

  tell(message: TabMessage): void {
    const now = this.#clock.wall();
    if ('input' in message) {
      if (Math.abs(now - this.#inputAt) < INPUT_MS) return;
      this.#inputAt = now;
    }
    this.#channel?.postMessage(message);
  }

  leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }
}
