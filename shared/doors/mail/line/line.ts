import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { REMEDIES } from '../faults/remedies.ts';
import type { Delivery } from '../outcome.ts';
import type { MailLimits } from '../settings.ts';
import { Evidence } from './evidence.ts';
import { Pace } from './pace.ts';
import { type Turn, Width } from './width.ts';

export interface LineOptions {
  limits: MailLimits;
  clock: Clock;
  log: Log;
  wait: (ms: number) => Promise<unknown>;
}

/** The parties of a mail that a refusal may be about. */
export interface Parties {
  from: string;
  /** The domain of the recipient. */
  domain: string;
}

/** One SMTP account during one run: its parallel dialogues, its pace, and what its server refuses. */
export class Line {
  readonly #log: Log;
  readonly #width: Width;
  readonly #pace: Pace | null;
  readonly #evidence = new Evidence();
  readonly #refusedSenders = new Set<string>();
  #stopped: Delivery | null = null;

  constructor({ limits, clock, log, wait }: LineOptions) {
    this.#log = log;
    this.#width = new Width(limits.connections);
    this.#pace = limits.perMinute === null ? null : new Pace(limits.perMinute, clock, wait);
  }

  /** The delivery that stopped this account's mail, or null. */
  get stopped(): Delivery | null {
    return this.#stopped;
  }

  /** True if the server accepted a mail in this run. */
  get hasAccepted(): boolean {
    return this.#evidence.hasAccepted;
  }

  /** Returns true if the server refused this From in this run: its other mails would be refused too. */
  isRefusedSender(from: string): boolean {
    return this.#refusedSenders.has(from);
  }

  /** Waits for the turn of a dialogue. Returns null if the pace allows none within this time. */
  async enter(untilMs: number): Promise<Turn | null> {
    const turn = await this.#width.enter();
    if (!this.#pace || this.#stopped || (await this.#pace.enter(untilMs))) return turn;
    turn.leave();
    return null;
  }

  /** Notes the end of a dialogue. Returns true if the same mail shall be tried again, with fewer dialogues. */
  note(delivery: Delivery, turn: Turn, { from, domain }: Parties): boolean {
    const { fault } = delivery;
    if (fault?.isBusy && !this.#stopped && this.#width.narrow(turn)) return true;
    if (fault?.whose === 'sender') this.#refusedSenders.add(from);
    const stop = this.#evidence.add(delivery, domain);
    // A certain fault of the connection needs no second try; one of a busy server was tried alone.
    if (stop || fault?.isBusy) this.#stop({ ...delivery, fault: stop ?? fault });
    if (this.#evidence.isDoubtful) this.#width.single();
    else if (isHealthy(delivery)) this.#width.widen();
    return false;
  }

  /** Stops this account's mail. Mails in flight meet the same fault; only the first one logs it. */
  #stop(delivery: Delivery): void {
    if (this.#stopped) return;
    this.#stopped = delivery;
    const { phase, response, fault } = delivery;
    const remedy = REMEDIES[fault?.kind ?? 'no_answer'].en;
    this.#log.error(
      { alert: 'mail_system', phase, response, fault: fault?.kind ?? null },
      `Mail is stopped for this run. At ${phase}: ${response}; ${remedy}`,
    );
  }
}

/** Returns true if the server works: it accepted the mail, or refused no more than this mail. */
const isHealthy = ({ outcome, fault }: Delivery): boolean =>
  outcome === 'sent' || (fault !== null && fault.whose !== 'account' && fault.whose !== 'server');
