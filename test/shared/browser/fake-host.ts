import type { BrowserWindow } from '../../../shared/browser/clock.ts';

export interface Sent {
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
  body: any;
  token: string;
  keepalive: boolean;
}
type Reply = { status: number; body?: unknown; retryAfter?: string } | 'lost';

export const ours = (status: number, code: string, reason?: string): Reply => ({
  status,
  body: { error: { code, message: code, ...(reason && { details: { reason } }) } },
});

/** Returns a token that the client can read; nobody checks its signature. */
export const token = (claims: Record<string, unknown>): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

interface Timer {
  due: number;
  every: number | null;
  run: () => void;
}

/** One page of a browser: the window that the client is given, with a clock by hand and a network that the test answers. */
export class FakeHost {
  now = 1_000_000;
  visible = true;
  path = '/';
  hash = '';
  title = 'Page';
  reloaded = false;
  readonly sent: Sent[] = [];
  readonly warnings: string[] = [];
  /** Answers a request; by default the server takes everything. */
  reply: (sent: Sent) => Reply = ({ path }) => ({ status: path.endsWith('ping') ? 204 : 201 });
  readonly events = new EventTarget();
  readonly navigator: Record<string, unknown> = { onLine: true };
  readonly w: BrowserWindow;
  readonly session: Map<string, string>;
  readonly local: Map<string, string>;
  private readonly timers = new Map<number, Timer>();
  private readonly documentEvents = new EventTarget();
  private nextTimer = 1;

  constructor(session = new Map<string, string>(), local = new Map<string, string>(), more: object = {}) {
    this.session = session;
    this.local = local;
    this.w = { ...this.window(), ...more } as unknown as BrowserWindow;
  }

  /** Lets time pass, each timer at its own instant. */
  async pass(ms: number): Promise<void> {
    await settle();
    const until = this.now + ms;
    for (;;) {
      const next = [...this.timers].sort(([, a], [, b]) => a.due - b.due)[0];
      if (!next || next[1].due > until) break;
      const [id, timer] = next;
      this.now = Math.max(this.now, timer.due);
      if (timer.every === null) this.timers.delete(id);
      else timer.due += timer.every;
      timer.run();
      await settle();
    }
    this.now = until;
  }

  push(path: string): void {
    this.w.history.pushState(null, '', path);
  }

  show(visible: boolean): void {
    this.visible = visible;
    this.documentEvents.dispatchEvent(new Event('visibilitychange'));
  }

  touch(): void {
    this.events.dispatchEvent(new Event('keydown'));
  }

  /** The reports of visits as `start /path` and so on. */
  reports(): string[] {
    return this.sent.map(({ path, body }) =>
      [
        path
          .split('/')
          .at(-1)
          ?.replace(/^visits$/, 'start'),
        body?.path,
      ]
        .filter(Boolean)
        .join(' '),
    );
  }

  private storage(map: Map<string, string>) {
    return {
      getItem: (key: string) => map.get(key) ?? null,
      setItem: (key: string, value: string) => void map.set(key, value),
      removeItem: (key: string) => void map.delete(key),
    };
  }

  private fetch(url: string, init: RequestInit): Promise<Response> {
    const sent: Sent = {
      path: new URL(url).pathname,
      body: init.body ? JSON.parse(String(init.body)) : undefined,
      token: new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? '',
      keepalive: init.keepalive ?? false,
    };
    this.sent.push(sent);
    const reply = this.reply(sent);
    if (reply === 'lost') return Promise.reject(new TypeError('Failed to fetch'));
    const headers = new Headers(reply.retryAfter ? { 'Retry-After': reply.retryAfter } : {});
    const json = async () => {
      if (reply.body === undefined) throw new SyntaxError('not JSON');
      return reply.body;
    };
    const ok = reply.status < 300;
    return Promise.resolve({ status: reply.status, ok, headers, json } as unknown as Response);
  }

  private window() {
    const add = (run: () => void, ms = 0, every: number | null = null) => {
      this.timers.set(this.nextTimer, { due: this.now + ms, every, run });
      return this.nextTimer++;
    };
    return {
      addEventListener: this.events.addEventListener.bind(this.events),
      document: Object.defineProperties(this.documentEvents, {
        visibilityState: { get: () => (this.visible ? 'visible' : 'hidden') },
        hasFocus: { value: () => this.visible },
        title: { get: () => this.title },
        referrer: { value: '' },
      }),
      history: {
        pushState: (_state: unknown, _title: string, path: string) => {
          this.path = path;
        },
        replaceState: () => undefined,
      },
      location: Object.defineProperties(
        { origin: 'https://site.test', href: 'https://site.test/' },
        {
          pathname: { get: () => this.path },
          hash: { get: () => this.hash },
        },
      ),
      navigator: this.navigator,
      sessionStorage: this.storage(this.session),
      localStorage: this.storage(this.local),
      performance: {
        timeOrigin: 0,
        now: () => this.now,
        getEntriesByType: () => (this.reloaded ? [{ type: 'reload' }] : []),
      },
      Date: { now: () => this.now },
      Math: { random: () => 0.5 },
      crypto: { getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto) },
      console: { warn: (text: string) => void this.warnings.push(text) },
      fetch: (url: string, init: RequestInit) => this.fetch(url, init),
      setTimeout: (run: () => void, ms?: number) => add(run, ms),
      setInterval: (run: () => void, ms: number) => add(run, ms, ms),
      clearTimeout: (id: number) => this.timers.delete(id),
      clearInterval: (id: number) => this.timers.delete(id),
    };
  }
}

/** Waits until every promise that could go on has gone on. */
export const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
