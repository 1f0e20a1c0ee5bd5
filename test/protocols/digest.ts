import { Timestamp } from '@google-cloud/firestore';
import { checkDelayAlerts } from '../../functions/check-delay-alerts/task.ts';
import type { Protocol, Trial } from './explorer.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { DAY_MS, MINUTE_MS, START, Stage } from './stage.ts';

const TICKETS = ['T1', 'T2'];

/** How many of each party take part. */
export interface DigestCast {
  runs: number;
  minutes: number;
  mutate?: Mutate;
}

/** The world of one recipient with two late tickets. */
class DigestTrial implements Trial {
  readonly #stage: Stage;
  /** The mails that were accepted before a reminder was due. */
  #early = 0;

  constructor(scheduler: Scheduler, mutate?: Mutate) {
    this.#stage = new Stage(scheduler, mutate);
  }

  async open({ runs, minutes }: DigestCast): Promise<void> {
    const entered = Timestamp.fromMillis(START - 20 * DAY_MS);
    const ticket = { device: 'Phone', status: 'active', stage: 'diagnosis' };
    const times = { stage_entered_at: entered, created_at: entered };
    await this.#stage.seed({
      'alert_recipients/R': { name: 'Ada', email: 'ada@example.test', active: true, locale: 'en' },
      ...Object.fromEntries(TICKETS.map((id) => [`tickets/${id}`, { number: id, ...ticket, ...times }])),
    });
    const { scheduler } = this.#stage;
    for (let run = 1; run <= runs; run += 1) scheduler.start(`run ${run}`, () => this.#run(`run-${run}`));
    for (let minute = 1; minute <= minutes; minute += 1) this.#stage.startMinute(`minute ${minute}`);
  }

  /** Hourly runs find the rest. Two days later a reminder is due, however the first mail ended. */
  async recover(): Promise<void> {
    for (let hour = 1; hour <= 3; hour += 1) {
      this.#stage.now += 61 * MINUTE_MS;
      await this.#run(`later-${hour}`);
    }
    this.#early = this.#accepted();
    this.#stage.now += 2 * DAY_MS;
    await this.#run('reminder');
  }

  findBroken(): string[] {
    const rows = this.#rows();
    const broken = this.#stage.findUnexpected();
    if (this.#early > 1) broken.push(`the recipient got ${this.#early} digests of one occurrence`);
    if (this.#early === 0 && !rows.some(({ state }) => state === 'unknown' || state === 'failed'))
      broken.push(`the digest never went (${JSON.stringify(rows)})`);
    if (this.#accepted() - this.#early !== 1) broken.push('the reminder did not go once');
    for (const { ticket, state } of rows)
      if (state === 'claimed' || state === 'sending') broken.push(`the row of ${ticket} is left ${state}`);
    for (const id of TICKETS) {
      const sent = rows.filter(({ ticket, state }) => ticket === id && state === 'sent').length;
      const mayBe = rows.filter(({ ticket, state }) => ticket === id && state === 'unknown').length;
      if (sent > this.#accepted() || sent + mayBe < this.#accepted())
        broken.push(`${id}: ${sent} rows say sent and ${mayBe} uncertain, of ${this.#accepted()} digests`);
    }
    return broken;
  }

  #accepted(): number {
    return this.#stage.server.arrived.filter(({ isAccepted }) => isAccepted).length;
  }

  #rows(): { ticket: string | undefined; state: string | undefined }[] {
    return this.#stage.model.list('delay_alert_logs').map(({ fields }) => ({
      ticket: fields['ticket_id']?.stringValue,
      state: fields['state']?.stringValue,
    }));
  }

  async #run(runId: string): Promise<void> {
    await this.#stage.runTask(checkDelayAlerts, runId);
  }
}

/** One digest of late tickets: the real task on a store, a mail server and a clock that the explorer moves. */
export function digestProtocol(cast: DigestCast): Protocol {
  return {
    name: `digest (${cast.runs} runs, ${cast.minutes} minute)`,
    promises: [
      'A recipient gets the alerts of one occurrence at most once.',
      'A digest goes, or its rows say that it is uncertain or refused.',
      'No row stays claimed; a row says sent only for a mail that went.',
      'The reminder goes, however the first mail ended.',
    ],
    async open(scheduler) {
      const trial = new DigestTrial(scheduler, cast.mutate);
      await trial.open(cast);
      return trial;
    },
  };
}
