import { Timestamp } from '@google-cloud/firestore';
import { closeInactiveVisits } from '../../functions/close-inactive-visits/task.ts';
import {
  endVisit,
  heartbeat,
  type TrackContext,
  type TrackResult,
} from '../../shared/domains/visits/track.ts';
import type { Protocol, Trial } from './explorer.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { MINUTE_MS, START, Stage } from './stage.ts';

const VISIT = 'page_visits/V';

export interface VisitCast {
  sweeps: number;
  heartbeats: number;
  ends: number;
  mutate?: Mutate;
}

/** One visit that has been silent for 31 minutes, while sweeps and its browser act at once. */
class VisitTrial implements Trial {
  readonly #stage: Stage;
  /** The latest sign of life that the server has confirmed to the browser. */
  #confirmed = 0;
  #swept = 0;
  /** Each end that the document has had. */
  readonly #ends: number[] = [];
  #isReopened = false;
  #isEndConfirmed = false;

  constructor(scheduler: Scheduler, mutate?: Mutate) {
    this.#stage = new Stage(scheduler, mutate);
    this.#stage.model.onCommit = () => this.#look();
  }

  async open({ sweeps, heartbeats, ends }: VisitCast): Promise<void> {
    const at = (minutes: number) => Timestamp.fromMillis(START - minutes * MINUTE_MS);
    const visit = { user_id: 'U', session_id: 'S', path: '/', start_time: at(60), last_activity_at: at(31) };
    await this.#stage.seed({ [VISIT]: { ...visit, end_time: null, engaged_seconds: 0 } });
    const { scheduler } = this.#stage;
    for (let count = 1; count <= sweeps; count += 1)
      scheduler.start(`sweep ${count}`, async () => {
        const params = { inactivity_minutes: 30 };
        const { counts } = await this.#stage.runTask(closeInactiveVisits, `sweep-${count}`, params);
        this.#swept += counts.acted;
      });
    for (let count = 1; count <= heartbeats; count += 1)
      scheduler.start(`heartbeat ${count}`, () => this.#beat(60 * MINUTE_MS - count * 1000), false);
    for (let count = 1; count <= ends; count += 1)
      scheduler.start(`end ${count}`, () => this.#end(60 * MINUTE_MS), false);
  }

  async recover(): Promise<void> {
    this.#stage.now += 60 * MINUTE_MS;
    const params = { inactivity_minutes: 30 };
    const { counts } = await this.#stage.runTask(closeInactiveVisits, 'later', params);
    this.#swept += counts.acted;
  }

  findBroken(): string[] {
    const broken = this.#stage.findUnexpected();
    const closed = this.#ends.at(-1);
    const reason = this.#stage.model.read(VISIT)?.fields['close_reason']?.stringValue;
    if (closed === undefined) broken.push('the visit is never closed');
    else if (closed < this.#confirmed)
      broken.push('the visit ended before a sign of life that was confirmed');
    if (new Set(this.#ends).size > 1) broken.push(`the visit ended ${this.#ends.length} times`);
    if (this.#isReopened) broken.push('a closed visit was opened again');
    if (this.#isEndConfirmed && reason !== 'left')
      broken.push(`an end was confirmed, and the visit says ${reason}`);
    const isKilled = this.#stage.scheduler.parties.some(({ state }) => state === 'dead');
    if (!isKilled && this.#swept === 0 && reason === 'timeout')
      broken.push('no sweep counts the visit that one closed');
    if (this.#swept > 1) broken.push(`two sweeps count ${this.#swept} closed visits`);
    if (this.#swept === 1 && reason === 'left') broken.push('a sweep counts a visit that its browser ended');
    return broken;
  }

  #look(): void {
    const value = this.#stage.model.read(VISIT)?.fields['end_time']?.timestampValue;
    if (value) this.#ends.push(Number(value.seconds) * 1000 + Number(value.nanos ?? 0) / 1_000_000);
    else if (this.#ends.length > 0) this.#isReopened = true;
  }

  #context(): TrackContext {
    return { store: this.#stage.model.client, userId: 'U', now: this.#stage.clock() };
  }

  async #beat(elapsed_ms: number): Promise<void> {
    await this.#stage.scheduler.stop('arrives', ['ok']);
    const done: TrackResult = await heartbeat('V', { elapsed_ms }, this.#context());
    if (done.result === 'updated')
      this.#confirmed = Math.max(this.#confirmed, START - 60 * MINUTE_MS + elapsed_ms);
  }

  async #end(elapsed_ms: number): Promise<void> {
    await this.#stage.scheduler.stop('arrives', ['ok']);
    const done = await endVisit('V', { elapsed_ms }, this.#context());
    if (done.result === 'updated') this.#isEndConfirmed = true;
  }
}

/** A sweep against the reports of a browser. */
export function visitProtocol(cast: VisitCast): Protocol {
  return {
    name: `visit sweep (${cast.sweeps} sweeps, ${cast.heartbeats} heartbeats, ${cast.ends} end)`,
    promises: [
      'A visit closes once, and never opens again.',
      'It never ends before a sign of life that was confirmed.',
      'A sweep counts what it closed, and nothing else.',
    ],
    async open(scheduler) {
      const trial = new VisitTrial(scheduler, cast.mutate);
      await trial.open(cast);
      return trial;
    },
  };
}
