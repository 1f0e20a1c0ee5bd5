import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Meter } from '../cost.ts';
import type { Log } from '../log.ts';
import { type Claims, settlement } from './claims.ts';
import { type DeliveryTimeouts, deliver, TIMEOUTS } from './deliver.ts';
import { Dialogues } from './dialogues.ts';
import { compose, type Mail } from './message.ts';
import type { Delivery } from './outcome.ts';
import type { MailConfig } from './settings.ts';

/** With less than this left of a run's budget no delivery is begun: an ordinary server needs one to three seconds. */
const LEAST_SEND_MS = 3_000;
/** Parallel SMTP dialogues of one run; providers allow an account about ten. */
const DIALOGUES = 8;
/** So many deliveries in a row without any answer mean that the server is gone, not that a mail is odd. */
const SILENCES_TO_STOP = 3;
/** Waits before each further try to record how a delivery ended; losing that record costs an `unknown`. */
const SETTLE_WAITS_MS = [200, 1_000, 3_000];

export interface PostOptions {
  config: MailConfig;
  clock: Clock;
  log: Log;
  meter: Meter;
  /** The run's end: no delivery is begun that could not end before it. Absent: there is none. */
  deadline?: Date;
  timeouts?: DeliveryTimeouts;
}

/** How `sendOnce` ended. All but a `Delivery` mean that nothing was tried, and that no claim of ours is left. */
export type SendResult =
  | (Delivery & { messageId: string })
  /** Another run has claimed it. */
  | { outcome: 'taken' }
  | NotTried;

type NotTried =
  /** EMAIL_PAUSED. */
  | { outcome: 'paused' }
  /** The budget is used up, or an earlier mail of this run found the mail system at fault. */
  | { outcome: 'stopped'; reason: 'budget' | 'mail_system' };

/** What gives a claim back whose dialogue was never begun. */
const NOT_BEGUN: Delivery = { outcome: 'retry', phase: 'connect', code: null, response: null };

/**
 * The outgoing mail of one run. Once the system is at fault (authentication, quota, server) it sends nothing more, and
 * says so once.
 */
export class Post {
  readonly #options: PostOptions;
  readonly #dialogues = new Dialogues(DIALOGUES);
  #silences = 0;
  #stopped: Delivery | null = null;

  constructor(options: PostOptions) {
    this.#options = options;
  }

  /** What stopped this run's mail; null while it flows. */
  get fault(): Delivery | null {
    return this.#stopped;
  }

  /** EMAIL_PAUSED: nothing is claimed or sent. */
  get paused(): boolean {
    return this.#options.config.paused;
  }

  /** The account that mail goes out by, for what a mail has to know of it. */
  get config(): MailConfig {
    return this.#options.config;
  }

  /** The clock that claims are dated by. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /**
   * Sends a mail at most once: claim, send, settle. Throws where the claim cannot be read or written; then nothing was
   * sent. A delivery whose end cannot be recorded is logged with all that recording needs, and stays `sending`.
   */
  async sendOnce(mail: Mail, claims: Claims): Promise<SendResult> {
    const refusal = this.#mayNot();
    if (refusal) return refusal;
    const { config, clock } = this.#options;
    const composed = await compose(mail, config, clock());
    if (!(await claims.take(composed.messageId))) return { outcome: 'taken' };
    let lost = false;
    const beforeBody = async () => {
      const ours = await claims.sending();
      lost = !ours;
      return ours;
    };
    const delivery = await this.#inTurn(() => deliver(composed, config, beforeBody, this.#timeouts()));
    if (lost) return { outcome: 'taken' };
    if (!('phase' in delivery)) {
      await this.#settle(claims, NOT_BEGUN, composed.messageId);
      return delivery;
    }
    await this.#settle(claims, delivery, composed.messageId);
    return { ...delivery, messageId: composed.messageId };
  }

  /** One of the dialogues that may go on at a time; while this one waited for its turn, mail may have been stopped. */
  async #inTurn(dialogue: () => Promise<Delivery>): Promise<Delivery | NotTried> {
    const leave = await this.#dialogues.enter();
    try {
      const refusal = this.#mayNot();
      if (refusal) return refusal;
      const delivery = await dialogue();
      this.#note(delivery);
      return delivery;
    } finally {
      leave();
    }
  }

  /** Sends a mail that nothing remembers, such as a test mail; twice is twice. */
  async sendUnclaimed(mail: Mail): Promise<SendResult> {
    const refusal = this.#mayNot();
    if (refusal) return refusal;
    const composed = await compose(mail, this.#options.config, this.#options.clock());
    const delivery = await this.#inTurn(() =>
      deliver(composed, this.#options.config, async () => true, this.#timeouts()),
    );
    return 'phase' in delivery ? { ...delivery, messageId: composed.messageId } : delivery;
  }

  #mayNot(): NotTried | null {
    if (this.#options.config.paused) return { outcome: 'paused' };
    if (this.#stopped) return { outcome: 'stopped', reason: 'mail_system' };
    if (this.#leftMs() < LEAST_SEND_MS) return { outcome: 'stopped', reason: 'budget' };
    return null;
  }

  #leftMs(): number {
    const { deadline, clock } = this.#options;
    return deadline ? deadline.getTime() - clock().getTime() : Number.POSITIVE_INFINITY;
  }

  #timeouts(): DeliveryTimeouts {
    const timeouts = this.#options.timeouts ?? TIMEOUTS;
    return { ...timeouts, whole: Math.min(timeouts.whole, this.#leftMs()) };
  }

  #note(delivery: Delivery): void {
    const { meter, log } = this.#options;
    if (delivery.outcome === 'sent') meter.emails += 1;
    this.#silences = delivery.code === null ? this.#silences + 1 : 0;
    // Mails in flight at the same time meet the same fault; it is told once.
    if (this.#stopped || (delivery.outcome !== 'system' && this.#silences < SILENCES_TO_STOP)) return;
    this.#stopped = delivery;
    const { phase, response } = delivery;
    log.error(
      { alert: 'mail_system', phase, response },
      `Mail is stopped for this run. At ${phase}: ${response}; correct EMAIL_*, the account or the server`,
    );
  }

  async #settle(claims: Claims, delivery: Delivery, messageId: string): Promise<void> {
    const state = settlement(delivery.outcome);
    const settledAt = this.#options.clock();
    const write = () =>
      state === 'release'
        ? claims.release()
        : claims.settle({ state, response: delivery.response, settledAt });
    for (const waitMs of [...SETTLE_WAITS_MS, null]) {
      try {
        return await write();
      } catch (error) {
        if (waitMs === null) this.#unsettled(error, state, messageId, delivery, settledAt);
        else await delay(waitMs);
      }
    }
  }

  #unsettled(error: unknown, state: string, messageId: string, delivery: Delivery, settledAt: Date): void {
    const fields = {
      alert: 'mail_unsettled',
      message_id: messageId,
      state,
      settled_at: settledAt,
      error: String(error),
    };
    this.#options.log.error(
      { ...fields, response: delivery.response },
      `The mail ${messageId} ended as ${state} and this could not be recorded; record it by hand`,
    );
  }
}

/** The outgoing mail of one run or request; undefined where no EMAIL_HOST is configured. */
export function openPost(
  deps: { config: { mail: MailConfig | undefined }; clock: Clock; log: Log },
  meter: Meter,
  deadline?: Date,
): Post | undefined {
  const { clock, log } = deps;
  const config = deps.config.mail;
  return config ? new Post({ config, clock, log, meter, ...(deadline ? { deadline } : {}) }) : undefined;
}
