import { Caller, NoToken } from './caller.ts';
import { type BrowserClock, type BrowserWindow, clockOf } from './clock.ts';
import { followInput } from './events.ts';
import { shield } from './host.ts';
import { IDLE_MINUTES, type PresenceOptions } from './options.ts';
import { toBackOffMs, toTokenWaitMs } from './pace.ts';
import { type TabMessage, Tabs } from './tabs.ts';
import { Turn } from './turn.ts';

/** One page among the tabs of an account: who is signed in, whether the person is there, and when the next ping is due. */
export abstract class Member {
  protected readonly options: PresenceOptions;
  protected readonly w: BrowserWindow;
  protected readonly clock: BrowserClock;
  protected readonly caller: Caller;
  protected readonly tabs: Tabs;
  protected readonly life = new AbortController();
  protected elected = false;
  protected turn: Turn;
  protected failures = 0;
  /** True if the last ping got no response. */
  protected unreachable = false;
  /** True while the page is in the back/forward cache, or while its logout is on its way. */
  protected away = false;
  protected wake: () => void = () => undefined;
  /** The account that the token names; '' as long as there is no usable token. */
  protected account = '';
  /** The wall clock at the last input in any tab. */
  #input: number;

  constructor(options: PresenceOptions, w: BrowserWindow) {
    this.options = options;
    this.w = w;
    this.clock = clockOf(w);
    this.#input = this.clock.wall();
    this.caller = new Caller(options.getToken, w);
    this.tabs = new Tabs(w, this.clock, (message) => this.#hear(message));
    this.turn = new Turn('', this.clock, w);
    followInput(w, () => this.#attend(true), this.life.signal);
  }

  abstract look(): void;
  protected abstract stepDown(): void;

  /** Reports a sign-in of the person, which may repeat the name of a session that ended. */
  async login(): Promise<boolean> {
    this.caller.begin();
    try {
      await this.enter();
      const { ok } = await this.caller.post(`${this.options.endpoint}/auth/login`);
      this.tabs.tell({ login: true });
      this.#attend(false);
      this.hasten();
      return ok;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  async logout(): Promise<boolean> {
    if (this.life.signal.aborted) return false;
    this.away = true;
    this.stepDown();
    try {
      await this.enter();
      this.tabs.tell({ logout: this.caller.signIn() ?? null });
      return (await this.caller.post(`${this.options.endpoint}/auth/logout`)).ok;
    } catch {
      return false;
    } finally {
      this.away = false;
      this.#end();
    }
  }

  /** The session has ended: the page waits for a login, or for another session. */
  #end(reason?: 'logout'): void {
    this.caller.end();
    this.turn.forget();
    this.#leaveAccount();
    this.failures = 0;
    this.wake();
    if (reason) shield(this.w, () => this.options.onEnd?.(reason));
    this.look();
  }

  #hear(message: TabMessage): void {
    if ('input' in message) this.#attend(false);
    else if ('login' in message) {
      this.caller.begin();
      this.hasten();
    } else if (this.account) {
      // Another session of the account goes on. A token that names no sign-in ends with every other.
      const own = this.caller.signIn();
      if (!message.logout || !own || message.logout === own) this.#end('logout');
    }
  }

  /** The person is there; `here`: in this tab. A person who comes back from idleness is reported at once. */
  #attend(here: boolean): void {
    const before = this.#input;
    this.#input = this.clock.wall();
    if (this.#wasIdle(before)) this.hasten();
    if (here && !this.elected) this.tabs.tell({ input: true });
  }

  #wasIdle(input: number): boolean {
    return this.clock.wall() - input >= (this.options.idleMinutes ?? IDLE_MINUTES) * 60_000;
  }

  /** True if the person has shown no input for long. */
  protected isIdle(): boolean {
    return this.#wasIdle(this.#input);
  }

  /** Pings at once, if this page is the one that pings. */
  protected hasten(): void {
    this.turn.postpone(0);
    this.wake();
  }

  /** Until the next usable token, the page asks for it at its own turn. The channel stays open for a login in another tab. */
  #leaveAccount(): void {
    this.account = '';
    this.turn = new Turn('', this.clock, this.w);
  }

  /** Joins the tabs of the token's account. */
  protected async enter(): Promise<void> {
    await this.caller.authorize();
    const account = `${this.options.endpoint} ${this.caller.claims().sub}`;
    if (this.life.signal.aborted || account === this.account) return;
    this.tabs.enter(account);
    this.account = account;
    this.failures = 0;
    this.turn = new Turn(account, this.clock, this.w);
  }

  /** Postpones the next ping. `asked`: the server's Retry-After, undefined without a response. */
  protected failed(error: unknown, asked?: number): void {
    const chance = this.w.Math.random();
    const reason = error instanceof NoToken ? error.reason : undefined;
    if (reason === 'logout') {
      this.tabs.tell({ logout: this.caller.signIn() ?? null });
      this.#end('logout');
    } else if (error instanceof NoToken) {
      if (this.account) this.#leaveAccount();
      this.turn.postpone(toTokenWaitMs(this.failures++));
      if (reason) shield(this.w, () => this.options.onEnd?.(reason));
    } else {
      this.unreachable = asked === undefined;
      this.turn.postpone(toBackOffMs(this.failures++, asked ?? 0, chance));
    }
  }
}
