import type { BrowserWindow } from './clock.ts';
import { standForElection } from './election.ts';
import { followPage, isShown, type PageEvents } from './events.ts';
import { Member } from './member.ts';
import type { PresenceOptions } from './options.ts';
import { OVERDUE_MS, toPauseMs, toPingWaitMs, toRetryAfterMs } from './pace.ts';
import type { Turn } from './turn.ts';

/** A page that announced a navigation and is still there after this long stands for election again. */
const ARRIVAL_MS = 10_000;

/**
 * One page's part in the presence of its browser. A visible page stands for election among the tabs of its account, and the
 * elected page pings. A page that is hidden or goes away steps down at once.
 */
export class Pinger extends Member implements Omit<PageEvents, 'moved'> {
  /** Aborted when the page steps down; undefined unless the page stands for election. */
  #term: AbortController | undefined;

  constructor(options: PresenceOptions, w: BrowserWindow) {
    super(options, w);
    followPage(w, this, this.life.signal);
    this.look();
  }

  look(): void {
    if (this.away || this.life.signal.aborted) return;
    if (isShown(this.w)) {
      // Without a token, the person's return is a reason to ask again.
      if (!this.account) this.hasten();
      if (!this.#term) this.#stand();
      return;
    }
    this.stepDown();
    // A tab that was never visible listens for a logout too. An error here comes again when the tab is shown.
    if (!this.account) this.enter().catch(() => undefined);
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
    this.away = true;
    this.#leaveTabs();
  }

  back(): void {
    this.away = false;
    this.look();
  }

  stop(): void {
    this.life.abort();
    this.#leaveTabs();
  }

  #leaveTabs(): void {
    this.stepDown();
    this.tabs.leave();
    this.account = '';
  }

  protected stepDown(): void {
    this.#term?.abort();
    this.#term = undefined;
    this.wake();
  }

  async #stand(): Promise<void> {
    const term = new AbortController();
    this.#term = term;
    while (!term.signal.aborted) {
      const election = new AbortController();
      term.signal.addEventListener('abort', () => election.abort());
      try {
        await this.enter();
        const elected = () => {
          this.elected = !election.signal.aborted;
          this.wake();
        };
        if (!term.signal.aborted) standForElection(this.w, this.tabs.name, election.signal, elected);
        await this.#serve(term.signal, this.turn);
      } catch (error) {
        if (!term.signal.aborted) {
          this.failed(error);
          await this.#rest(this.turn.wait());
        }
      }
      election.abort();
      this.elected = false;
    }
  }

  /** Pings when the turn comes. A page that is not elected does so once the elected one has missed its turn. */
  async #serve(term: AbortSignal, turn: Turn): Promise<void> {
    while (!term.aborted && turn === this.turn) {
      // Several pages may wake for the same ping; the one with the shortest pause sends it.
      const alone = this.elected && this.w.navigator.locks;
      const pause = alone ? 0 : toPauseMs(this.w.Math.random());
      const due = turn.wait() + (this.elected ? 0 : OVERDUE_MS);
      if (due > 0) await this.#rest(due + pause);
      else await this.#ping(term, turn);
    }
  }

  async #ping(term: AbortSignal, turn: Turn): Promise<void> {
    let asked: number | undefined;
    try {
      await this.enter();
      if (term.aborted || turn !== this.turn) return;
      turn.postpone(toPingWaitMs(this.w.Math.random()));
      const body = this.isIdle() ? () => ({ idle: true }) : undefined;
      const response = await this.caller.post(`${this.options.endpoint}/activity/ping`, body);
      asked = toRetryAfterMs(response);
      if (!response.ok) throw new Error();
      this.failures = 0;
      this.unreachable = false;
    } catch (error) {
      this.failed(error, asked);
    }
  }

  /** Waits this long, or until `wake` is called. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.w.setTimeout(resolve, Math.max(ms, 0));
      this.wake = () => {
        this.w.clearTimeout(timer);
        resolve();
      };
    });
  }
}
