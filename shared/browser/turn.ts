import type { BrowserClock, BrowserWindow } from './clock.ts';

/** A turn does not count if the clock was set back since, or if it lies further ahead than this. */
const MAX_AHEAD_MS = 60 * 60_000;

/** Returns a short digest of a name (FNV-1a, 32 bits), since storage must not keep who was signed in. */
function digest(name: string): string {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193);
  return (hash >>> 0).toString(36);
}

/**
 * The instant of the browser's next ping, on the wall clock that its tabs share. localStorage keeps it for later pages; if
 * storage is forbidden, only this page knows it; likewise without an account ('').
 */
export class Turn {
  #mine = '';
  readonly #key: string;
  readonly #clock: BrowserClock;
  readonly #w: BrowserWindow;

  constructor(account: string, clock: BrowserClock, w: BrowserWindow) {
    this.#key = account && `ronde.presence ${digest(account)}`;
    this.#clock = clock;
    this.#w = w;
  }

  /** Returns the wait until the next ping, in milliseconds; negative if it is overdue. */
  wait(): number {
    const now = this.#clock.wall();
    // This page's own entry counts too: a full storage keeps an old one.
    const [newest] = [this.#mine, this.#read()]
      .map((text) => text.split(' ').map(Number) as [number, number])
      .filter(([setAt, due]) => setAt <= now && due - setAt <= MAX_AHEAD_MS)
      .sort(([a], [b]) => b - a);
    return newest ? newest[1] - now : 0;
  }

  /** Moves the next ping to this long from now. */
  postpone(ms: number): void {
    const now = this.#clock.wall();
    this.#mine = `${now} ${now + Math.min(ms, MAX_AHEAD_MS)}`;
    try {
      if (this.#key) this.#w.localStorage.setItem(this.#key, this.#mine);
    } catch {}
  }

  /** Forgets the next ping, in the storage too. */
  forget(): void {
    this.#mine = '';
    try {
      this.#w.localStorage.removeItem(this.#key);
    } catch {}
  }

  #read(): string {
    try {
      return (this.#key && this.#w.localStorage.getItem(this.#key)) || '';
    } catch {
      return '';
    }
  }
}
