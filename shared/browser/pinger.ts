import { Caller, Denied } from './caller.ts';
import { type BrowserClock, type BrowserWindow, clockOf } from './clock.ts';
import { whileElected } from './election.ts';
import { followPage, isShown, type PageEvents } from './events.ts';
import type { PresenceOptions } from './options.ts';
import { toBackOffMs, toPauseMs, toPingWaitMs, toRetryAfterMs } from './pace.ts';
import { Turn } from './turn.ts';

/** A page that announced a navigation and is still there after this long stands for election again. */
const ARRIVAL_MS = 10_000;

/**
 * One page's part in the presence of its browser. A visible page stands for election among the tabs of its account, and the
 * elected page pings. A page that is hidden or goes away steps down at once.
 */
export class Pinger implements Omit<PageEvents, 'moved'> {
  private readonly options: PresenceOptions;
  private readonly w: BrowserWindow;
  private readonly clock: BrowserClock;
  private readonly caller: Caller;
  private readonly life = new AbortController();
  /** Aborted when the page steps down; undefined unless the page stands for election. */
  private term: AbortController | undefined;
  private turn: Turn;
  /** Names the account's lock, channel and memory, so that tabs of different accounts stay apart. */
  private account = '';
  private channel: BroadcastChannel | undefined;
  private failures = 0;
  /** True if the last ping got no response. */
  private unreachable = false;
  private gone = false;
  private wake: () => void = () => undefined;

  constructor(options: PresenceOptions, w: BrowserWindow) {
    this.options = options;
    this.w = w;
    this.clock = clockOf(w);
    this.caller = new Caller(options.getToken, w);
    this.turn = new Turn('', this.clock, w);
    followPage(w, this, this.life.signal);
    this.look();
  }

  look(): void {
    if (this.gone || this.life.signal.aborted) return;
    if (isShown(this.w)) {
      if (!this.term) this.stand();
      return;
    }
    this.stepDown();
    // A tab that was never visible listens for a logout too. An error here comes again when the tab is shown.
    if (!this.channel) this.join().catch(() => undefined);
  }

  online(): void {
    if (this.unreachable) this.turn.postpone(0);
    this.wake();
  }

  /**
   * The back/forward cache refuses a page whose lock another page waits for, so this page steps down early. If the
   * navigation does not arrive, the page stands again.
   */
  leaving(): void {
    this.stepDown();
    this.w.setTimeout(() => this.look(), ARRIVAL_MS);
  }

  /** The page may enter the back/forward cache, which refuses a page with a lock or an open channel. */
  leave(): void {
    this.gone = true;
    this.leaveTabs();
  }

  back(): void {
    this.gone = false;
    this.look();
  }

  stop(): void {
    this.life.abort();
    this.leaveTabs();
  }

  async logout(): Promise<boolean> {
    if (this.life.signal.aborted) return false;
    try {
      if (!this.channel) await this.join();
      this.channel?.postMessage(this.caller.claims().sid ?? null);
      this.stop();
      return (await this.caller.post(`${this.options.endpoint}/auth/logout`)).ok;
    } catch {
      return false;
    } finally {
      this.stop();
    }
  }

  private leaveTabs(): void {
    this.stepDown();
    this.channel?.close();
    this.channel = undefined;
  }

  private stepDown(): void {
    this.term?.abort();
    this.term = undefined;
    this.wake();
  }

  private end(reason: 'logout' | 'denied'): void {
    if (this.life.signal.aborted) return;
    this.stop();
    this.options.onEnd?.(reason);
  }

  /** Joins the tabs of the token's account. */
  private async join(): Promise<void> {
    await this.caller.authorize();
    const account = `ronde.presence ${this.options.endpoint} ${this.caller.claims().sub}`;
    if (this.life.signal.aborted || this.gone || (this.channel && account === this.account)) return;
    this.channel?.close();
    this.account = account;
    this.turn = new Turn(account, this.clock, this.w);
    if (!this.w.BroadcastChannel) return;
    this.channel = new this.w.BroadcastChannel(account);
    this.channel.onmessage = ({ data }) => {
      // Another session of the account goes on. Without a `sid` the account has only one session.
      const { sid } = this.caller.claims();
      if (!data || !sid || data === sid) this.end('logout');
    };
  }

  private async stand(): Promise<void> {
    const term = new AbortController();
    this.term = term;
    while (!term.signal.aborted) {
      try {
        await this.join();
        if (!term.signal.aborted)
          await whileElected(this.w, this.account, term.signal, () => this.serve(term.signal));
      } catch (error) {
        if (term.signal.aborted) return;
        this.failed(error);
        if (!term.signal.aborted) await this.rest(this.turn.wait());
      }
    }
  }

  /** Pings when the turn comes. If every page is elected, the ping of one postpones the turn of all. */
  private async serve(term: AbortSignal): Promise<void> {
    const { account } = this;
    while (!term.aborted && account === this.account) {
      const wait = this.turn.wait();
      // Without Web Locks all pages wake for the same ping; the one with the shortest pause sends it.
      const pause = this.w.navigator.locks ? 0 : toPauseMs(this.w.Math.random());
      if (wait > 0) await this.rest(wait + pause);
      else await this.ping(term);
    }
  }

  private async ping(term: AbortSignal): Promise<void> {
    const { account } = this;
    let asked: number | undefined;
    try {
      await this.join();
      if (term.aborted || account !== this.account) return;
      this.turn.postpone(toPingWaitMs(this.w.Math.random()));
      const response = await this.caller.post(`${this.options.endpoint}/activity/ping`);
      asked = toRetryAfterMs(response, this.clock.wall());
      if (!response.ok) throw new Error();
      this.failures = 0;
      this.unreachable = false;
    } catch (error) {
      this.failed(error, asked);
    }
  }

  /** Postpones the next ping. `asked`: the server's Retry-After, undefined without a response. */
  private failed(error: unknown, asked?: number): void {
    if (error instanceof Denied) {
      this.end('denied');
      return;
    }
    this.unreachable = asked === undefined;
    this.turn.postpone(toBackOffMs(this.failures++, asked ?? 0, this.w.Math.random()));
  }

  /** Waits this long, or until `wake` is called. */
  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.w.setTimeout(resolve, ms);
      this.wake = () => {
        this.w.clearTimeout(timer);
        resolve();
      };
    });
  }
}
