import { Timestamp } from '@google-cloud/firestore';
import { processFollowups } from '../../functions/process-followups/task.ts';
import { SEEN } from '../../shared/domains/followups/schedule/plan.ts';
import { settleUnknown } from '../../shared/domains/followups/settle.ts';
import { noUsage } from '../../shared/doors/cost.ts';
import { Post } from '../../shared/doors/mail/post.ts';
import type { MailConfig } from '../../shared/doors/mail/settings.ts';
import { countedStore } from '../../shared/doors/store/counted.ts';
import { Pipeline } from '../../shared/runtime/pipeline.ts';
import { emptyResult } from '../../shared/runtime/result.ts';
import type { RunContext } from '../../shared/runtime/task.ts';
import type { Protocol, Trial } from './explorer.ts';
import { ModelMailServer } from './model/smtp.ts';
import { ModelStore } from './model/store.ts';
import type { Scheduler } from './scheduler.ts';

const START = Date.parse('2026-06-10T10:00:00Z');
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const FOLLOWUP = 'followups/F';
const SEND = 'followups/F/sends/1';

const CONFIG: MailConfig = {
  host: 'mail.example.test',
  port: 25,
  tls: 'none',
  login: undefined,
  limits: { connections: 8, perMinute: null },
  from: { address: 'billing@example.test' },
  redirectTo: undefined,
  paused: false,
  key: 'a key of the model only, never used elsewhere',
};

/** How many of each party take part. */
export interface Cast {
  runs: number;
  minutes: number;
  payments: number;
  /** The store checks no preconditions. */
  isBlind?: boolean;
}

/** The world of one follow-up that is due, and its parties. */
class ReminderTrial implements Trial {
  readonly #scheduler: Scheduler;
  readonly #model: ModelStore;
  readonly #server: ModelMailServer;
  #now = START;
  #isPaid = false;
  #isBegunAfterPayment = false;
  #isStuck = false;

  constructor(scheduler: Scheduler, isBlind: boolean) {
    this.#scheduler = scheduler;
    // Queries see what is there when a run begins; later reads and every commit are steps of their own.
    this.#model = new ModelStore(
      async (call, ends) => (call === 'query' ? 'ok' : await scheduler.stop(call, ends as ['ok', 'fail'])),
      isBlind,
    );
    this.#server = new ModelMailServer(scheduler);
    this.#model.onCommit = (done) => {
      if (this.#isPaid && done.includes(`${SEND}=sending`)) this.#isBegunAfterPayment = true;
    };
  }

  async open({ runs, minutes, payments }: Cast): Promise<void> {
    this.#scheduler.isExploring = false;
    const { client } = this.#model;
    await client.doc('billing_settings/O').set({ auto_followups_enabled: true });
    // The walk over the rows of other back ends has been here today, and has seen this one.
    await client.doc('followup_state/walk').set({ day: new Date(START).toISOString().slice(0, 10) });
    await client.doc(FOLLOWUP).set({
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
    });
    this.#scheduler.isExploring = true;
    for (let run = 1; run <= runs; run += 1)
      this.#scheduler.start(`run ${run}`, () => this.#run(`run-${run}`));
    for (let minute = 1; minute <= minutes; minute += 1)
      this.#scheduler.start(`minute ${minute}`, () => this.#passMinute(), false);
    for (let payment = 1; payment <= payments; payment += 1)
      this.#scheduler.start('person', () => this.#pay(), false);
  }

  async recover(): Promise<void> {
    for (let hour = 1; hour <= 3; hour += 1) {
      this.#now += 61 * MINUTE_MS;
      await this.#run(`later-${hour}`);
    }
    if (this.#parkedReason() !== 'unknown_delivery') return;
    this.#isStuck = (await this.#settle()) !== true;
    this.#now += 61 * MINUTE_MS;
    await this.#run('after the person');
  }

  findBroken(): string[] {
    const accepted = this.#server.arrived.filter(({ isAccepted }) => isAccepted);
    const fields = this.#model.read(FOLLOWUP)?.fields ?? {};
    const state = this.#model.read(SEND)?.fields['state']?.stringValue;
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
    const parked = this.#model.read(FOLLOWUP)?.fields['parked'];
    return parked?.mapValue?.fields?.['reason']?.stringValue ?? null;
  }

  /** A person looks whether the mail arrived, and settles it. */
  async #settle(): Promise<boolean | null> {
    const { client: store } = this.#model;
    const decider = { runId: null, by: 'person' };
    const outcome = this.#server.arrived.some(({ isAccepted }) => isAccepted) ? 'sent' : 'not_sent';
    return await settleUnknown({ store, now: new Date(this.#now), decider }, 'F', outcome, 'looked');
  }

  /** One run of the real task, without lease or ledger: as if Redis were away. */
  async #run(runId: string): Promise<void> {
    await this.#scheduler.stop('begins', ['ok']);
    const clock = () => new Date(this.#now);
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const post = new Post({
      ...{ config: CONFIG, clock, log, meter: noUsage() },
      transport: {
        connect: async () => this.#server.connect(),
        wait: () => this.#scheduler.stop('waits', ['ok']),
      },
    });
    const store = countedStore(this.#model.client, noUsage());
    const context = {
      ...{ store, post, now: clock(), clock, log, dryRun: false, runId },
      ...{ occurrence: null, trigger: 'scheduler', requestedBy: null, tally: {}, config: {} },
      leftMs: () => 240_000,
    } as unknown as RunContext;
    const work = { task: processFollowups, params: {}, context, mayGoOn: () => true, result: emptyResult() };
    const pipeline = new Pipeline(work);
    await pipeline.open();
    await pipeline.runAll();
  }

  async #passMinute(): Promise<void> {
    await this.#scheduler.stop('passes', ['ok']);
    this.#now += MINUTE_MS + 1_000;
  }

  async #pay(): Promise<void> {
    await this.#scheduler.stop('records the payment', ['ok']);
    this.#scheduler.isExploring = false;
    await this.#model.client.doc(FOLLOWUP).update({ status: 'paid', next_due_at: null });
    this.#isPaid = true;
    this.#scheduler.isExploring = true;
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
      const trial = new ReminderTrial(scheduler, cast.isBlind ?? false);
      await trial.open(cast);
      return trial;
    },
  };
}
