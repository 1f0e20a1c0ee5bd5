import type { BrowserClock, BrowserWindow } from './clock.ts';

/** A turn does not count if the clock was set back since, or if it lies further ahead than this. */
const MAX_AHEAD_MS = 60 * 60_000;

/**
 * The instant of the browser's next ping, on the wall clock that its tabs share. localStorage keeps it for later pages; if
 * storage is forbidden, only this page knows it.
 */
export class Turn {
  private mine = '';
  private readonly key: string;
  private readonly clock: BrowserClock;
  private readonly w: BrowserWindow;

  constructor(key: string, clock: BrowserClock, w: BrowserWindow) {
    this.key = key;
    this.clock = clock;
    this.w = w;
  }

  /** Returns the wait until the next ping, in milliseconds. */
  wait(): number {
    const now = this.clock.wall();
    // This page's own entry counts too: a full storage keeps an old one.
    const [newest] = [this.mine, this.read()]
      .map((text) => text.split(' ').map(Number) as [number, number])
      .filter(([setAt, due]) => setAt <= now && due - setAt <= MAX_AHEAD_MS)
      .sort(([a], [b]) => b - a);
    return newest ? Math.max(newest[1] - now, 0) : 0;
  }

  /** Moves the next ping to this long from now. */
  postpone(ms: number): void {
    const now = this.clock.wall();
    this.mine = `${now} ${now + Math.min(ms, MAX_AHEAD_MS)}`;
    try {
      this.w.localStorage.setItem(this.key, this.mine);
    } catch {}
  }

  private read(): string {
    try {
      return this.w.localStorage.getItem(this.key) ?? '';
    } catch {
      return '';
    }
  }
}
