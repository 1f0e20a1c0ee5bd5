import { type Clock, stopwatch } from '../clock.ts';
import type { Meter } from '../cost.ts';
import type { Log } from '../log.ts';
import { CLAIM_LEASE_MS, type Claims } from './claims.ts';
import { type DeliveryTimeouts, TIMEOUTS } from './converse.ts';
import { deliver, type MailTransport, TRANSPORT } from './deliver.ts';
import { Line } from './line/line.ts';
import { type ComposedMail, compose, domainOf, type Mail } from './message.ts';
import type { Delivery } from './outcome.ts';
import { BUDGET, type NotTried, type SendResult } from './send-result.ts';
import type { MailConfig } from './settings.ts';
import { settleClaim } from './settle.ts';

/** No delivery begins with less than this left of a run's budget. An ordinary server needs one to three seconds. */
const LEAST_SEND_MS = 3_000;
/** The rest of the budget after the last answer, for its record. */
const SETTLE_MS = 2_000;
/** RFC 5321 4.5.3.2.6: a client waits ten minutes for the answer to the body. */
const MAX_BODY_MS = 600_000;
/** A mail whose answer takes longer than this extends its lease, again and again. */
const RENEW_MS = CLAIM_LEASE_MS / 3;

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

/** Releases the claim of a dialogue that never began. */
const NOT_BEGUN: Delivery = { outcome: 'retry', phase: 'connect', code: null, response: null, fault: null };

/** One mail on its way. */
interface Sending {
  mail: Mail;
  composed: ComposedMail;
  /** Null for a mail without a claim. */
  claims: Claims | null;
  /** True once another process has the claim. */
  isLost: boolean;
}

/**
 * The outgoing mail of one run. Once the account or the server is at fault it sends nothing more, and logs that once. A
 * refused From stops that sender's mails only.
 */
export class Post {
  readonly #options: PostOptions;
  readonly #line: Line;
  readonly #elapsedMs = stopwatch();
  readonly #budgetMs: number;

  constructor(options: PostOptions) {
    const { config, clock, log, transport = TRANSPORT } = options;
    this.#options = options;
    this.#budgetMs = (options.deadline?.getTime() ?? 0) - clock().getTime();
    this.#line = new Line({ limits: config.limits, clock, log, wait: transport.wait });
  }

  /** Returns the same run's outgoing mail by another account. */
  byAccount(config: MailConfig): Post {
    return new Post({ ...this.#options, config });
  }

  /** The delivery that stopped this run's mail, or null. */
  get fault(): Delivery | null {
    return this.#line.stopped;
  }

  /** True if the server accepted a mail in this run. */
  get hasAccepted(): boolean {
    return this.#line.hasAccepted;
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
    const refusal = this.#findRefusal(mail);
    if (refusal) return refusal;
    const { config, clock, log, transport = TRANSPORT } = this.#options;
    const composed = await compose(mail, config, clock());
    const { messageId } = composed;
    const { redirectTo = null } = config;
    const isRedirected = redirectTo !== null && redirectTo !== mail.to.address;
    if (!(await claims.take(messageId, isRedirected ? redirectTo : null))) return { outcome: 'taken' };
    const sending: Sending = { mail, composed, claims, isLost: false };
    const delivery = await this.#inTurn(sending);
    if (sending.isLost) {
      // Another run has the claim, or what the mail is about has changed: then nothing may stay claimed.
      await claims.release();
      return { outcome: 'taken' };
    }
    const end = 'phase' in delivery ? delivery : NOT_BEGUN;
    await settleClaim(claims, { messageId, delivery: end, settledAt: clock() }, log, transport.wait);
    return 'phase' in delivery ? { ...delivery, messageId } : delivery;
  }

  /** Sends a mail without a claim, such as a test mail. Two calls send two mails. */
  async sendUnclaimed(mail: Mail): Promise<SendResult> {
    const refusal = this.#findRefusal(mail);
    if (refusal) return refusal;
    const composed = await compose(mail, this.#options.config, this.#options.clock());
    const delivery = await this.#inTurn({ mail, composed, claims: null, isLost: false });
    return 'phase' in delivery ? { ...delivery, messageId: composed.messageId } : delivery;
  }

  /** Runs the dialogue when its turn comes, and again if the server wants fewer of them. */
  async #inTurn(sending: Sending): Promise<Delivery | NotTried> {
    for (;;) {
      const turn = await this.#line.enter(this.#leftMs() - LEAST_SEND_MS);
      const refusal = turn ? this.#findRefusal(sending.mail) : BUDGET;
      if (!turn || refusal) {
        turn?.leave();
        return refusal ?? BUDGET;
      }
      const closed = Promise.withResolvers<void>();
      const delivery = await this.#deliver(sending, closed.resolve);
      const domain = domainOf(sending.mail.to.address);
      const from = (sending.mail.from ?? this.config.from).address;
      const isAgain = !sending.isLost && this.#line.note(delivery, turn, { from, domain });
      // The server counts a connection until it is closed.
      void closed.promise.then(turn.leave);
      if (delivery.outcome === 'sent') this.#options.meter.emails += 1;
      if (sending.isLost) return delivery;
      if (!isAgain) return this.#judgeAgain(delivery);
      if (delivery.phase === 'body') sending.isLost = (await sending.claims?.withdraw()) === false;
      if (sending.isLost) return delivery;
    }
  }

  async #deliver(sending: Sending, onClosed: () => void): Promise<Delivery> {
    const { config, timeouts = TIMEOUTS, transport = TRANSPORT, deadline } = this.#options;
    const leftMs = this.#leftMs();
    const whole = Math.min(timeouts.whole, leftMs);
    const body = deadline ? Math.min(Math.max(leftMs - SETTLE_MS, 0), MAX_BODY_MS) : timeouts.body;
    let renewal: NodeJS.Timeout | undefined;
    const beforeBody = async () => {
      if (!sending.claims) return true;
      sending.isLost = !(await sending.claims.sending());
      renewal = setInterval(() => void sending.claims?.renew(), RENEW_MS).unref();
      return !sending.isLost;
    };
    const how = { timeouts: { ...timeouts, whole, body }, transport, onClosed };
    const delivery = await deliver(sending.composed, config, beforeBody, how);
    clearInterval(renewal);
    return delivery;
  }

  /**
   * Returns a delivery as the whole run shows it: an unclear refusal is the account's if everybody was refused alike, and
   * such a claim is released.
   */
  #judgeAgain(delivery: Delivery): Delivery {
    const { fault } = delivery;
    const isDoubtful = fault?.whose === 'unclear' || (fault?.whose === 'recipient' && !fault.isExplicit);
    const everybody = this.fault?.fault?.kind === 'everybody_refused' ? this.fault.fault : null;
    return isDoubtful && everybody ? { ...delivery, outcome: 'system', fault: everybody } : delivery;
  }

  #findRefusal(mail: Mail): NotTried | null {
    const { config } = this.#options;
    if (config.paused) return { outcome: 'paused' };
    if (this.fault) return { outcome: 'stopped', reason: 'mail_system' };
    if (this.#line.isRefusedSender((mail.from ?? config.from).address))
      return { outcome: 'stopped', reason: 'sender' };
    return this.#leftMs() < LEAST_SEND_MS ? BUDGET : null;
  }

  #leftMs(): number {
    const { deadline, clock } = this.#options;
    if (!deadline) return Number.POSITIVE_INFINITY;
    // A clock that goes back makes no time.
    return Math.min(deadline.getTime() - clock().getTime(), this.#budgetMs - this.#elapsedMs());
  }
}
