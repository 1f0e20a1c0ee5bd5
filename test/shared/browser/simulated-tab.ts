import type { BrowserWindow } from '../../../shared/browser/clock.ts';
import { trackPageVisits } from '../../../shared/browser/visits.ts';
import type { SimulatedNetwork } from './simulated-network.ts';

/** The time of a simulated machine, in milliseconds. Asleep, its monotonic clock stands still. */
export interface MachineTime {
  wall: number;
  monotonic: number;
}

/** A path that stands this long counts as a visit. */
const SETTLED_MS = 301;

interface Timer {
  due: number;
  every: number | null;
  run: () => void;
}

/**
 * One document with the tracking in it: as much of a window as the tracking uses, with timers that run when they are
 * moved by the test, and events that come when the test sends them.
 */
export class SimulatedPage {
  readonly timers = new Map<number, Timer>();
  private readonly windowEvents = new EventTarget();
  private readonly documentEvents = new EventTarget();
  private readonly navigation = new EventTarget();
  private nextTimer = 1;
  visible = true;
  focused = true;
  path: string;
  private readonly time: MachineTime;

  constructor(path: string, time: MachineTime, storage: Map<string, string>, network: SimulatedNetwork) {
    this.path = path;
    this.time = time;
    trackPageVisits(
      { endpoint: network.endpoint, getToken: () => network.token },
      this.window(storage, network),
    );
  }

  look(event: 'focus' | 'blur' | 'visibilitychange'): void {
    const target = event === 'visibilitychange' ? this.documentEvents : this.windowEvents;
    target.dispatchEvent(new Event(event));
  }

  push(path: string): void {
    this.history.pushState(null, '', path);
  }

  /** The person moves the pointer. */
  touch(): void {
    this.windowEvents.dispatchEvent(new Event('pointermove'));
  }

  online(): void {
    this.windowEvents.dispatchEvent(new Event('online'));
  }

  /** The browser's event before it leaves for a page of the same site. */
  announce(): void {
    const destination = { url: 'https://site.test/next', sameDocument: false };
    this.navigation.dispatchEvent(
      Object.assign(new Event('navigate'), { destination, downloadRequest: null }),
    );
  }

  hideForGood(): void {
    this.windowEvents.dispatchEvent(new Event('pagehide'));
    this.visible = false;
    this.look('visibilitychange');
  }

  comeBack(): void {
    this.visible = true;
    this.look('visibilitychange');
    this.windowEvents.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  }

  private readonly history = {
    pushState: (_state: unknown, _title: string, path: string) => {
      this.path = path;
    },
    replaceState: () => undefined,
  };

  private window(storage: Map<string, string>, network: SimulatedNetwork): BrowserWindow {
    const page = this;
    const { time } = this;
    const add = (run: () => void, ms = 0, every: number | null = null) => {
      this.timers.set(this.nextTimer, { due: time.monotonic + ms, every, run });
      return this.nextTimer++;
    };
    return {
      addEventListener: this.windowEvents.addEventListener.bind(this.windowEvents),
      document: Object.defineProperties(this.documentEvents, {
        visibilityState: { get: () => (page.visible ? 'visible' : 'hidden') },
        hasFocus: { value: () => page.focused && page.visible },
        title: { value: 'Page' },
        referrer: { value: '' },
      }),
      navigation: this.navigation,
      history: this.history,
      location: {
        origin: 'https://site.test',
        href: 'https://site.test/',
        hash: '',
        get pathname() {
          return page.path;
        },
      },
      navigator: {
        get onLine() {
          return network.online;
        },
      },
      sessionStorage: {
        getItem: (key: string) => storage.get(key) ?? null,
        setItem: (key: string, value: string) => storage.set(key, value),
        removeItem: (key: string) => storage.delete(key),
      },
      performance: { timeOrigin: 0, now: () => time.monotonic, getEntriesByType: () => [] },
      localStorage: { getItem: () => null },
      Date: { now: () => time.wall },
      Math: { random: () => 0.5 },
      crypto: globalThis.crypto,
      fetch: (url: string, init: RequestInit) => network.fetch(url, init),
      setTimeout: (run: () => void, ms?: number) => add(run, ms),
      setInterval: (run: () => void, ms: number) => add(run, ms, ms),
      clearTimeout: (id: number) => this.timers.delete(id),
      clearInterval: (id: number) => this.timers.delete(id),
    } as unknown as BrowserWindow;
  }
}

export type TabEvent =
  | { kind: 'wait' | 'sleep'; minutes: number }
  | { kind: 'hide' | 'show' | 'focus' | 'blur' | 'offline' | 'online' | 'back' | 'reload' | 'kill' | 'sweep' }
  | { kind: 'push' | 'load' | 'type' };

/** One tab of a browser, with its pages, its memory and its back/forward cache. */
export class SimulatedTab {
  readonly time: MachineTime;
  /** Milliseconds for which the tab was visible and had the focus, awake. */
  attention = 0;
  /** Milliseconds for which each path was the tab's; no two navigations have the same. */
  readonly spent = new Map<string, number>();
  private paths = 0;
  private readonly storage = new Map<string, string>();
  private readonly network: SimulatedNetwork;
  private readonly moveServer: (ms: number) => void;
  private readonly sweep: () => Promise<void>;
  private page: SimulatedPage;
  private before: SimulatedPage | undefined;

  constructor(
    network: SimulatedNetwork,
    server: { now: number; move: (ms: number) => void; sweep: () => Promise<void> },
  ) {
    this.network = network;
    this.moveServer = server.move;
    this.sweep = server.sweep;
    this.time = { wall: server.now, monotonic: 1000 };
    network.pass = (ms) => this.pass(ms);
    this.page = this.open(this.nextPath());
  }

  async play(event: TabEvent): Promise<void> {
    await this.act(event);
    // Every page stands long enough to count.
    await this.wait(SETTLED_MS);
    await this.network.settle();
  }

  /** The person closes the tab. */
  async close(): Promise<void> {
    this.page.hideForGood();
    await this.network.settle();
  }

  private async act(event: TabEvent): Promise<void> {
    const { page } = this;
    switch (event.kind) {
      case 'wait':
        return this.wait(event.minutes * 60_000);
      case 'sleep':
        return this.pass(event.minutes * 60_000, 0);
      case 'hide':
      case 'show':
        page.visible = event.kind === 'show';
        return page.look('visibilitychange');
      case 'focus':
      case 'blur':
        page.focused = event.kind === 'focus';
        return page.look(event.kind);
      case 'offline':
        this.network.online = false;
        return;
      case 'online':
        this.network.online = true;
        return page.online();
      case 'push':
        page.push(this.nextPath());
        return this.wait(SETTLED_MS);
      case 'sweep':
        return this.sweep();
      case 'kill':
        // No event; the browser restores the tab with its memory.
        this.before = undefined;
        this.page = this.open(this.nextPath());
        return;
      default:
        return this.leave(event);
    }
  }

  private async leave(event: TabEvent): Promise<void> {
    const left = this.page;
    if (event.kind === 'load' || event.kind === 'back') left.announce();
    if (event.kind === 'back' && this.before) {
      // The cache shows its page before the other gets its last event.
      const shown = this.before;
      this.before = left;
      this.page = shown;
      shown.comeBack();
      left.hideForGood();
      return;
    }
    left.hideForGood();
    this.before = event.kind === 'reload' ? undefined : left;
    this.page = this.open(event.kind === 'reload' ? left.path : this.nextPath());
  }

  private nextPath(): string {
    this.paths += 1;
    return `/page-${this.paths}`;
  }

  private open(path: string): SimulatedPage {
    return new SimulatedPage(path, this.time, this.storage, this.network);
  }

  /** Lets time pass for the page that is shown, its timers each at its own moment. */
  private async wait(ms: number): Promise<void> {
    const until = this.time.monotonic + ms;
    for (;;) {
      const next = [...this.page.timers].sort(([, a], [, b]) => a.due - b.due)[0];
      if (!next || next[1].due > until) break;
      const [id, timer] = next;
      this.pass(Math.max(timer.due - this.time.monotonic, 0));
      if (timer.every === null) this.page.timers.delete(id);
      else timer.due += timer.every;
      if (this.page.visible && this.page.focused) this.page.touch();
      timer.run();
      await this.network.settle();
    }
    this.pass(until - this.time.monotonic);
  }

  private pass(ms: number, awakeMs = ms): void {
    this.time.wall += ms;
    this.time.monotonic += awakeMs;
    if (this.page.visible && this.page.focused) this.attention += awakeMs;
    this.spent.set(this.page.path, (this.spent.get(this.page.path) ?? 0) + ms);
    this.moveServer(ms);
  }
}
