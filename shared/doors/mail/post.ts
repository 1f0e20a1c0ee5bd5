import type { Clock } from '../clock.ts';
import type { Meter } from '../cost.ts';
import type { Log } from '../log.ts';
import type { Claims } from './claims.ts';
import { type DeliveryTimeouts, deliver, type MailTransport, TIMEOUTS, TRANSPORT } from './deliver.ts';
import { Dialogues } from './dialogues.ts';
import { compose, type Mail } from './message.ts';
import type { Delivery } from './outcome.ts';
import type { MailConfig } from './settings.ts';
import { settleClaim } from './settle.ts';

/** No delivery begins with less than this left of a run's budget. An ordinary server needs one to three seconds. */
const LEAST_SEND_MS = 3_000;
/** Parallel SMTP dialogues of one run; providers allow an account about ten. */
const DIALOGUES = 8;
/** After this many deliveries in a row without an answer the server counts as gone, not the mail as odd. */
const SILENCES_TO_STOP = 3;
export interface PostOptions {
  config: MailConfig;
  clock: Clock;
  log: Log;
  meter: Meter;
  /** The run's end, by which every delivery must have ended. Absent: no limit. */
  deadline?: Date;
  timeouts?: DeliveryTimeouts;
  transport?: MailTransport;
}

/** The end of `sendOnce`. All but a `Delivery` mean that nothing was tried and that this run holds no claim. */
export type SendResult =
  | (Delivery & { messageId: string })
  /** Another run has the claim. */
  | { outcome: 'taken' }
  | NotTried;

type NotTried =
  /** EMAIL_PAUSED. */
  | { outcome: 'paused' }
  /** The budget is used up, or an earlier mail of this run found the mail system at fault. */
  | { outcome: 'stopped'; reason: 'budget' | 'mail_system' };

/** Releases the claim of a dialogue that never began. */
const NOT_BEGUN: Delivery = { outcome: 'retry', phase: 'connect', code: null, response: null };

/**
 * The outgoing mail of one run. Once the system is at fault (authentication, quota, server) it sends nothing more, and
 * logs that once.
 */
export class Post {
  readonly #options: PostOptions;
  readonly #dialogues = new Dialogues(DIALOGUES);
  #silences = 0;
  #stopped: Delivery | null = null;

  constructor(options: PostOptions) {
    this.#options = options;
  }

  /** The delivery that stopped this run's mail, or null. */
  get fault(): Delivery | null {
    return this.#stopped;
  }

  /** True with EMAIL_PAUSED: no mail is claimed or sent. */
  get paused(): boolean {
    return this.#options.config.paused;
  }

  /** The SMTP account and its settings. */
  get config(): MailConfig {
    return this.#options.config;
  }

  /** The clock of the claims. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /**
   * Sends a mail at most once: claim, send, settle. Throws if the claim cannot be read or written; then nothing was sent.
   * A delivery whose end cannot be recorded is logged, and its claim stays `sending`.
   */
  async sendOnce(mail: Mail, claims: Claims): Promise<SendResult> {
    const refusal = this.#findRefusal();
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
    const delivery = await this.#inTurn(() => deliver(composed, config, beforeBody, this.#how()));
    if (lost) {
      // Another run has the claim, or what the mail is about has changed: then nothing may stay claimed.
      await claims.release();
      return { outcome: 'taken' };
    }
    const { messageId } = composed;
    const tried = 'phase' in delivery;
    const ended = { messageId, delivery: tried ? delivery : NOT_BEGUN, settledAt: clock() };
    const { log, transport = TRANSPORT } = this.#options;
    await settleClaim(claims, ended, log, transport.wait);
    return tried ? { ...delivery, messageId } : delivery;
  }

  /** Runs a dialogue when its turn comes. Mail may have stopped while it waited. */
  async #inTurn(dialogue: () => Promise<Delivery>): Promise<Delivery | NotTried> {
    const leave = await this.#dialogues.enter();
    try {
      const refusal = this.#findRefusal();
      if (refusal) return refusal;
      const delivery = await dialogue();
      this.#note(delivery);
      return delivery;
    } finally {
      leave();
    }
  }

  /** Sends a mail without a claim, such as a test mail. Two calls send two mails. */
  async sendUnclaimed(mail: Mail): Promise<SendResult> {
    const refusal = this.#findRefusal();
    if (refusal) return refusal;
    const composed = await compose(mail, this.#options.config, this.#options.clock());
    const delivery = await this.#inTurn(() =>
      deliver(composed, this.#options.config, async () => true, this.#how()),
    );
    return 'phase' in delivery ? { ...delivery, messageId: composed.messageId } : delivery;
  }

  #findRefusal(): NotTried | null {
    if (this.#options.config.paused) return { outcome: 'paused' };
    if (this.#stopped) return { outcome: 'stopped', reason: 'mail_system' };
    if (this.#leftMs() < LEAST_SEND_MS) return { outcome: 'stopped', reason: 'budget' };
    return null;
  }

  #leftMs(): number {
    const { deadline, clock } = this.#options;
    return deadline ? deadline.getTime() - clock().getTime() : Number.POSITIVE_INFINITY;
  }

  #how(): { timeouts: DeliveryTimeouts; transport: MailTransport } {
    const { timeouts = TIMEOUTS, transport = TRANSPORT } = this.#options;
    return { timeouts: { ...timeouts, whole: Math.min(timeouts.whole, this.#leftMs()) }, transport };
  }

  #note(delivery: Delivery): void {
    const { meter, log } = this.#options;
    if (delivery.outcome === 'sent') meter.emails += 1;
    this.#silences = delivery.code === null ? this.#silences + 1 : 0;
    // Mails in flight meet the same fault; only the first one logs it.
    if (this.#stopped || (delivery.outcome !== 'system' && this.#silences < SILENCES_TO_STOP)) return;
    this.#stopped = delivery;
    const { phase, response } = delivery;
    log.error(
      { alert: 'mail_system', phase, response },
      `Mail is stopped for this run. At ${phase}: ${response}; correct EMAIL_*, the account or the server`,
    );
  }
}

/** Opens the outgoing mail of one run or request. Returns undefined if no EMAIL_HOST is configured. */
export function openPost(
  deps: { config: { mail: MailConfig | undefined }; clock: Clock; log: Log },
  meter: Meter,
  deadline?: Date,
): Post | undefined {
  const { clock, log } = deps;
  const config = deps.config.mail;
  return config ? new Post({ config, clock, log, meter, ...(deadline ? { deadline } : {}) }) : undefined;
}
