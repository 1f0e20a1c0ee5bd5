import { Timestamp } from '@google-cloud/firestore';
import { watchRuns } from '../../functions/watch-runs/task.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { handSchedule } from '../../shared/domains/watch/schedule.ts';
import type { Protocol, Trial } from './explorer.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { MINUTE_MS, START, Stage } from './stage.ts';

const OPERATORS = ['ada@example.test'];
/** watch-runs watches no other task here. */
const JOB: WatchedJob = {
  task: 'watch-runs',
  schedule: '*/15 * * * *',
  time_zone: 'UTC',
  period_seconds: 900,
  grace_seconds: 600,
  budget_seconds: 60,
  paused: false,
};

/** How many of each party take part. */
export interface NoticeCast {
  runs: number;
  minutes: number;
  mutate?: Mutate;
}

/** The world of one mail that waits for a person: an incident opens, and ends once the mail is settled. */
class NoticeTrial implements Trial {
  readonly #stage: Stage;
  /** The notices that were accepted before the end of the incident. */
  #opened = 0;

  constructor(scheduler: Scheduler, mutate?: Mutate) {
    this.#stage = new Stage(scheduler, mutate);
  }

  async open({ runs, minutes }: NoticeCast): Promise<void> {
    const settled = Timestamp.fromMillis(START - 30 * MINUTE_MS);
    await this.#stage.seed({
      'settings/watch': { operators: OPERATORS, locale: 'en' },
      'delay_alert_logs/L': {
        ...{ state: 'unknown', settled_at: settled, ticket_number: 'R-1', recipient: 'bob@example.test' },
      },
    });
    const { scheduler } = this.#stage;
    for (let run = 1; run <= runs; run += 1) scheduler.start(`run ${run}`, () => this.#run(`run-${run}`));
    for (let minute = 1; minute <= minutes; minute += 1) this.#stage.startMinute(`minute ${minute}`);
  }

  /** The next runs finish the notices; then the cause is over, and the incident ends. */
  async recover(): Promise<void> {
    for (let run = 1; run <= 2; run += 1) {
      this.#stage.now += 15 * MINUTE_MS;
      await this.#run(`later-${run}`);
    }
    this.#opened = this.#accepted();
    await this.#stage.model.client.doc('delay_alert_logs/L').update({ state: 'sent' });
    for (let run = 1; run <= 2; run += 1) {
      this.#stage.now += 15 * MINUTE_MS;
      await this.#run(`last-${run}`);
    }
  }

  findBroken(): string[] {
    const broken = this.#stage.findUnexpected();
    const incidents = this.#stage.model.list('incidents').filter(({ fields }) => {
      return fields['kind']?.stringValue === 'unknown_mail';
    });
    const notices = this.#stage.model.list('incidents', 'notices');
    const states = notices.map(({ fields }) => fields['state']?.stringValue);
    if (incidents.length !== 1) broken.push(`there are ${incidents.length} incidents of one mail`);
    if (this.#opened > 1) broken.push(`the operator got ${this.#opened} notices of one incident`);
    if (this.#opened === 0 && !states.some((state) => state === 'unknown' || state === 'failed'))
      broken.push(`the operator got no notice (${states.join(', ')})`);
    if (this.#accepted() - this.#opened !== 1)
      broken.push(`the end was reported ${this.#accepted() - this.#opened} times`);
    if (incidents.some(({ fields }) => !fields['recovered_at']?.timestampValue))
      broken.push('the incident is left open');
    if (states.some((state) => state === 'claimed' || state === 'sending'))
      broken.push(`a notice is left ${states.join(', ')}`);
    return broken;
  }

  #accepted(): number {
    return this.#stage.server.arrived.filter(({ isAccepted }) => isAccepted).length;
  }

  async #run(runId: string): Promise<void> {
    handSchedule([JOB]);
    await this.#stage.runTask(watchRuns, runId);
  }
}

/** The notices of one incident: the real watch-runs on a store, a mail server and a clock that the explorer moves. */
export function noticeProtocol(cast: NoticeCast): Protocol {
  return {
    name: `notices (${cast.runs} runs, ${cast.minutes} minute)`,
    promises: [
      'One cause opens one incident, and its operator gets one notice of it.',
      'A notice goes, or its record says that it is uncertain or refused.',
      'The incident ends with its cause, and its end is reported once.',
    ],
    async open(scheduler) {
      const trial = new NoticeTrial(scheduler, cast.mutate);
      await trial.open(cast);
      return trial;
    },
  };
}
