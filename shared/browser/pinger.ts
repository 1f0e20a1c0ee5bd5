import { Caller, Denied, type GetToken } from './caller.ts';
import { type BrowserClock, type BrowserWindow, clockOf } from './clock.ts';
import { followPage, isShown, type PageEvents } from './events.ts';
import { Turn } from './turn.ts';

/** A browser in front of somebody shows a sign of life this often; the server's threshold is three of them and 20 s. */
const PING_MS = 60_000;
/** The part of it that is left to chance, half of it either way: browsers that began together drift apart. */
const PING_JITTER = 0.1;
/** The longest wait after failures, of which each doubles it: well within the default threshold of 15 minutes. */
const MAX_BACK_OFF_MS = 5 * 60_000;
/** A page that announced that it goes, and is still there after so long, stands for election again. */
const ARRIVAL_MS = 10_000;
/** Up to so much is added to a wait after a failure, never taken from it: the server may have asked for it. */
const BACK_OFF_JITTER = 0.25;

export interface PresenceOptions {
  /** The address below which the presence function answers, `https://HOST/v1`. */
  endpoint: string;
  /** Gives the user's token, best from memory; called with true after one was refused. Null: nobody is signed in. */
  getToken: GetToken;
  /**
   * The presence has ended for good, other than by this page's own `stop` or `logout`: the person logged out in another
   * tab, or the token is refused.
   */
  onEnd?: ((reason: 'logout' | 'denied') => void) | undefined;
}

/**
 * The part of one page in its browser's presence. While the page is visible it stands for election among the tabs of the
 * account, and who is elected pings; a page that is hidden or goes away steps down at once.
 */
export class Pinger implements Omit<PageEvents, 'moved'> {
  private readonly options: PresenceOptions;
  private readonly w: BrowserWindow;
  private readonly clock: BrowserClock;
  private readonly caller: Caller;
  private readonly life = new AbortController();
  /** Aborted when the page steps down; absent while it does not stand. */
  private term: AbortController | undefined;
  private turn: Turn;
  /** Names the account's lock, channel and memory, so that the tabs of another account go their own way. */
  private account = '';
  private channel: BroadcastChannel | undefined;
  private failures = 0;
  /** The last ping found no server at all. */
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
    // A tab that nobody has looked at yet hears of a logout too; what fails here fails again when it is shown.
    if (!this.channel) this.join().catch(() => undefined);
  }

  online(): void {
    if (this.unreachable) this.turn.putOff(0);
    this.wake();
  }

  /**
   * The back/forward cache shows its page before this one goes, and would not keep this one if that had to wait for its
   * lock. A navigation that does not arrive leaves the page where it was.
   */
  leaving(): void {
    this.stepDown();
    this.w.setTimeout(() => this.look(), ARRIVAL_MS);
  }

  /** The page may go into the back/forward cache, which takes none that holds a lock or an open channel. */
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

  /** Takes a place among the tabs of the token's account. */
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
      // Another session of the same account goes on; where a token names none, there is but one.
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
        if (!term.signal.aborted) await this.elected(term.signal);
      } catch (error) {
        if (term.signal.aborted) return;
        this.failed(error);
        if (!term.signal.aborted) await this.rest(this.turn.wait());
      }
    }
  }

  /** Waits to be elected, and serves until the page steps down. A browser without Web Locks elects every page. */
  private async elected(term: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => term.addEventListener('abort', () => resolve()));
    const serve = () => Promise.race([this.serve(term), over]);
    const { locks } = this.w.navigator;
    if (!locks) return serve();
    await locks.request(this.account, { signal: term }, serve).catch((error: Error) => {
      // A page without storage, such as a sandboxed frame, is denied locks too.
      if (error.name === 'SecurityError') return serve();
      throw error;
    });
  }

  /** Pings whenever it is due; where every page is elected, another's ping is seen to have put it off. */
  private async serve(term: AbortSignal): Promise<void> {
    const { account } = this;
    while (!term.aborted && account === this.account) {
      const wait = this.turn.wait();
      // Where every page is elected they all wake for the same ping: one that comes first by chance puts it off for all.
      const chance = this.w.navigator.locks ? 0 : (PING_MS * PING_JITTER * this.w.Math.random()) / 2;
      if (wait > 0) await this.rest(wait + chance);
      else await this.ping(term);
    }
  }

  private async ping(term: AbortSignal): Promise<void> {
    const { account } = this;
    let asked: number | undefined;
    try {
      await this.join();
      if (term.aborted || account !== this.account) return;
      this.turn.putOff(PING_MS * (1 + PING_JITTER * (this.w.Math.random() - 0.5)));
      const response = await this.caller.post(`${this.options.endpoint}/activity/ping`);
      asked = this.retryAfter(response);
      if (!response.ok) throw new Error();
      this.failures = 0;
      this.unreachable = false;
    } catch (error) {
      this.failed(error, asked);
    }
  }

  /** How long the server asks to be left alone, in milliseconds: a number of seconds, or a date (RFC 9110, 10.2.3). */
  private retryAfter({ headers }: Response): number {
    const value = headers.get('Retry-After') ?? '';
    const seconds = Number(value);
    return (Number.isNaN(seconds) ? Date.parse(value) - this.clock.wall() : seconds * 1000) || 0;
  }

  /** Puts the next ping off, for as long as the server `asked` at least; one that did not answer asked for nothing. */
  private failed(error: unknown, asked?: number): void {
    if (error instanceof Denied) {
      this.end('denied');
      return;
    }
    this.unreachable = asked === undefined;
    const wait = Math.min(PING_MS * 2 ** this.failures++, MAX_BACK_OFF_MS);
    this.turn.putOff(Math.max(wait, asked ?? 0) * (1 + BACK_OFF_JITTER * this.w.Math.random()));
  }

  /** Waits so many milliseconds, less when something happens meanwhile. */
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
