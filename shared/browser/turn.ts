import type { BrowserClock, BrowserWindow } from './clock.ts';

/** An instant that was set is worth nothing on a clock that shows an earlier one, nor further ahead than this. */
const MAX_AHEAD_MS = 60 * 60_000;

/**
 * When the next ping of the browser is due, on the wall clock that its tabs share: remembered in localStorage, so that
 * a page that takes over, or comes after this one, does not begin anew; in this page alone where storage is forbidden.
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

  /** How long to wait for it, in milliseconds. */
  wait(): number {
    const now = this.clock.wall();
    // This page's own word counts too: a full storage keeps an old one.
    const [newest] = [this.mine, this.read()]
      .map((text) => text.split(' ').map(Number) as [number, number])
      .filter(([setAt, due]) => setAt <= now && due - setAt <= MAX_AHEAD_MS)
      .sort(([a], [b]) => b - a);
    return newest ? Math.max(newest[1] - now, 0) : 0;
  }

  /** Puts it off for so many milliseconds from now. */
  putOff(ms: number): void {
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
