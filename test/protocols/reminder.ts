import { Timestamp } from '@google-cloud/firestore';
import { processFollowups } from '../../functions/process-followups/task.ts';
import { SEEN } from '../../shared/domains/followups/schedule/plan.ts';
import { settleUnknown } from '../../shared/domains/followups/settle.ts';
import type { Protocol, Trial } from './explorer.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { DAY_MS, MINUTE_MS, START, Stage } from './stage.ts';

const FOLLOWUP = 'followups/F';
const SEND = 'followups/F/sends/1';

/** How many of each party take part. */
export interface Cast {
  runs: number;
  minutes: number;
  payments: number;
  mutate?: Mutate;
}

/** The world of one follow-up that is due, and its parties. */
class ReminderTrial implements Trial {
  readonly #stage: Stage;
  #isPaid = false;
  #isBegunAfterPayment = false;
  #isStuck = false;

  constructor(scheduler: Scheduler, mutate?: Mutate) {
    this.#stage = new Stage(scheduler, mutate);
    this.#stage.model.onCommit = (done) => {
      if (this.#isPaid && done.includes(`${SEND}=sending`)) this.#isBegunAfterPayment = true;
    };
  }

  async open({ runs, minutes, payments }: Cast): Promise<void> {
    await this.#stage.seed({
      'billing_settings/O': { auto_followups_enabled: true },
      // The walk over the rows of other back ends has been here today, and has seen this one.
      'followup_state/walk': { day: new Date(START).toISOString().slice(0, 10) },
      [FOLLOWUP]: {
        org_id: 'O',
        type: 'invoice',
        source_label: 'INV-1',
        customer: { name: 'Ada', email: 'ada@example.test' },
        amount_due: 100,
        currency: 'EUR',
        due_date: Timestamp.fromMillis(START - 10 * DAY_MS),
        status: 'open',
        auto_enabled: true,
        paused_until: null,
        level: 0,
        next_due_at: Timestamp.fromMillis(START - 60 * MINUTE_MS),
        last_sent_at: null,
        seen: SEEN,
      },
    });
    const { scheduler } = this.#stage;
    for (let run = 1; run <= runs; run += 1) scheduler.start(`run ${run}`, () => this.#run(`run-${run}`));
    for (let minute = 1; minute <= minutes; minute += 1) this.#stage.startMinute(`minute ${minute}`);
    for (let payment = 1; payment <= payments; payment += 1)
      scheduler.start('person', () => this.#pay(), false);
  }

  async recover(): Promise<void> {
    for (let hour = 1; hour <= 3; hour += 1) {
      this.#stage.now += 61 * MINUTE_MS;
      await this.#run(`later-${hour}`);
    }
    if (this.#parkedReason() !== 'unknown_delivery') return;
    this.#isStuck = (await this.#settle()) !== true;
    this.#stage.now += 61 * MINUTE_MS;
    await this.#run('after the person');
  }

  findBroken(): string[] {
    const accepted = this.#stage.server.arrived.filter(({ isAccepted }) => isAccepted);
    const fields = this.#stage.model.read(FOLLOWUP)?.fields ?? {};
    const state = this.#stage.model.read(SEND)?.fields['state']?.stringValue;
    const parked = this.#parkedReason();
    const level = Number(fields['level']?.integerValue ?? 0);
    const broken: string[] = [];
    if (accepted.length > 1) broken.push(`the customer got ${accepted.length} mails of one level`);
    if (new Set(accepted.map(({ messageId }) => messageId)).size > 1)
      broken.push('one level has two Message-IDs');
    if (this.#isBegunAfterPayment) broken.push('a mail began after the payment was recorded');
    if (!this.#isPaid && accepted.length === 0 && parked !== 'address_refused')
      broken.push(`the mail never went (record ${state}, parked ${parked})`);
    if (!this.#isPaid && accepted.length === 1 && level !== 1)
      broken.push(`the mail went and is not counted (level ${level}, record ${state}, parked ${parked})`);
    if (!this.#isPaid && (state === 'claimed' || state === 'sending'))
      broken.push(`the record is left ${state}`);
    if (this.#isStuck) broken.push(`uncertain, and no person can settle it (record ${state})`);
    return broken;
  }

  #parkedReason(): string | null {
    const parked = this.#stage.model.read(FOLLOWUP)?.fields['parked'];
    return parked?.mapValue?.fields?.['reason']?.stringValue ?? null;
  }

  /** A person looks whether the mail arrived, and settles it. */
  async #settle(): Promise<boolean | null> {
    const { client: store } = this.#stage.model;
    const decider = { runId: null, by: 'person' };
    const outcome = this.#stage.server.arrived.some(({ isAccepted }) => isAccepted) ? 'sent' : 'not_sent';
    return await settleUnknown({ store, now: new Date(this.#stage.now), decider }, 'F', outcome, 'looked');
  }

  async #run(runId: string): Promise<void> {
    await this.#stage.runTask(processFollowups, runId);
  }

  async #pay(): Promise<void> {
    await this.#stage.scheduler.stop('records the payment', ['ok']);
    this.#stage.scheduler.isExploring = false;
    await this.#stage.model.client.doc(FOLLOWUP).update({ status: 'paid', next_due_at: null });
    this.#isPaid = true;
    this.#stage.scheduler.isExploring = true;
  }
}

/** One level of one follow-up: the real task on a store, a mail server and a clock that the explorer moves. */
export function reminderProtocol(cast: Cast): Protocol {
  return {
    name: `reminder (${cast.runs} runs, ${cast.minutes} minute, ${cast.payments} payment)`,
    promises: [
      'A customer gets a level at most once.',
      'No mail begins after the payment was recorded.',
      'A mail that is due goes, is uncertain, or is parked with its reason.',
      'A mail that went is counted, or waits for a person who can settle it.',
    ],
    async open(scheduler) {
      const trial = new ReminderTrial(scheduler, cast.mutate);
      await trial.open(cast);
      return trial;
    },
  };
}
