import { setTimeout as delay } from 'node:timers/promises';
import { tasks } from '../../../functions/registry.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { AHEAD } from './clock-ahead.ts';
import { type DeliveryAnswer, deliver, type FaultDelivery, isDone } from './delivery.ts';
import { abandonedFaults, actedIn, ledgerFaults, readLedger } from './ledger.ts';
import { type FaultRun, type Figures, type RunScale, refuse, Violation } from './plan.ts';
import type { Random } from './random.ts';
import type { FaultStage } from './stage.ts';

/** The facts about a task that the harness needs for every kind of fault. */
export interface TaskUnderFault {
  /** The task's name in the registry. */
  name: string;
  /** The number of items that one run finds. */
  items: Record<RunScale, number>;
  /**
   * Writes `items` candidates that are due at `now` and returns their ids. May write others that must stay unchanged.
   */
  seed(stage: FaultStage, world: { items: number; now: Date; random: Random }): Promise<readonly string[]>;
  /** Returns every item that has had its effect, due or not, with a mark that a second effect would change. */
  effects(stage: FaultStage): Promise<Map<string, string>>;
  /** Returns further violations after the last run, one line each. */
  violations?(stage: FaultStage, answers: readonly DeliveryAnswer[]): Promise<string[]>;
  /** Returns figures that a run adds to its case. */
  figures?(stage: FaultStage): Promise<Figures>;
  /** The time after which another process may take over a killed process's claim, by its own clock. */
  claimLeaseMs?: number;
}

/** The time after which a killed run's lease has expired. */
const LEASE_MS = 30_000;
/** The time within which a run must find a restored store and end. */
const SETTLE_MS = 120_000;
const POLL_MS = 100;
const QUARTER_HOUR_MS = 15 * 60_000;

/** One run of one case on one task: its items, marks, answers and final judgement. */
export class Trial {
  readonly stage: FaultStage;
  readonly task: TaskUnderFault;
  readonly now: Date;
  readonly answers: DeliveryAnswer[] = [];
  private due: readonly string[] = [];
  private marks = new Map<string, string>();
  private twice: string[] = [];
  private open: Awaited<ReturnType<typeof readLedger>> = [];
  private aheadMs = 0;

  private constructor(task: TaskUnderFault, stage: FaultStage, now: Date) {
    this.task = task;
    this.stage = stage;
    this.now = now;
  }

  /** Empties the stores and writes the task's items. */
  static async begin(task: TaskUnderFault, run: FaultRun, now = systemClock()): Promise<Trial> {
    const trial = new Trial(task, run.stage, now);
    await run.stage.reset();
    trial.due = await task.seed(run.stage, { items: task.items[run.scale], now, random: run.random });
    return trial;
  }

  /** Writes the task's items again after a store has lost everything. */
  async beginAgain(run: FaultRun): Promise<void> {
    this.due = await this.task.seed(run.stage, {
      items: this.task.items[run.scale],
      now: this.now,
      random: run.random,
    });
  }

  /** Past scheduled instants, a quarter of an hour apart. */
  occurrence(index: number): string {
    return new Date(this.now.getTime() - QUARTER_HOUR_MS * (40 - index)).toISOString();
  }

  async deliver(url: string, delivery: FaultDelivery): Promise<DeliveryAnswer | null> {
    const answer = await deliver(url, this.stage, delivery);
    if (answer) this.answers.push(answer);
    return answer;
  }

  /** The share of items without an effect at the last observation. */
  shareLeft(): number {
    return 1 - this.marks.size / this.due.length;
  }

  /** Records which items have had their effect, and which attempts a kill has left open. */
  async observe(): Promise<void> {
    const effects = await this.task.effects(this.stage);
    for (const [id, mark] of this.marks)
      if (effects.get(id) !== mark) this.twice.push(`twice: ${id} had its effect again, or lost it`);
    this.marks = effects;
    const ledger = await readLedger(this.stage, this.task.name);
    this.open.push(...ledger.filter(({ outcome }) => outcome === null));
  }

  /** Returns true if the task's lease is held, and checks that it will expire. */
  async leaseHeld(): Promise<boolean> {
    const left = await this.stage.redis.pttl(`lease:${this.task.name}`);
    if (left === -1 || left > LEASE_MS)
      throw new Violation([
        `lease: it would stay ${left === -1 ? 'for ever' : `${left} ms`}, not ${LEASE_MS}`,
      ]);
    return left > 0;
  }

  /** The environment of the next process: its clock is ahead by all the time that was skipped. */
  later(environment: Record<string, string>): Record<string, string> {
    if (this.aheadMs === 0) return environment;
    return { ...environment, NODE_OPTIONS: `--import=${AHEAD}`, CLOCK_AHEAD_MS: String(this.aheadMs) };
  }

  /**
   * Skips half a minute without waiting: expires a killed run's lease in Redis, and moves the clock of the next
   * process beyond its claims.
   */
  async halfAMinuteLater(): Promise<void> {
    this.aheadMs += this.task.claimLeaseMs ?? 0;
    if (await this.leaseHeld()) await this.stage.redis.pexpire(`lease:${this.task.name}`, 0);
  }

  /** Delivers until no work is left. Waits, within limits, for runs that are still in progress. */
  async settle(url: string, delivery: FaultDelivery): Promise<DeliveryAnswer> {
    const deadline = performance.now() + SETTLE_MS;
    for (;;) {
      const answer = await this.deliver(url, delivery);
      if (answer && isDone(answer)) return answer;
      if (answer === null) throw new Violation(['answer: the process that was to settle everything died']);
      if (performance.now() > deadline)
        throw new Violation([`answer: still ${answer.status} ${answer.outcome ?? ''} after ${SETTLE_MS} ms`]);
      await delay(POLL_MS);
    }
  }

  /**
   * Judges that no effect is lost or doubled and that the ledger is right.
   * - `exact`: no attempt died, so the ledger must account for all items
   * - `overtaken`: without a lease, the ledger may call an attempt abandoned although its process lives
   */
  async judge({ exact = false, overtaken = false } = {}): Promise<void> {
    await this.observe();
    const ledger = await readLedger(this.stage, this.task.name);
    const acted = actedIn(ledger);
    const expected = new Set(this.due);
    const violations = [...this.twice];
    for (const id of expected)
      if (!this.marks.has(id)) violations.push(`lost: ${id} was due and had no effect`);
    for (const id of this.marks.keys())
      if (!expected.has(id)) violations.push(`wrong: ${id} was not due and had an effect`);
    if (acted > expected.size || (exact && acted !== expected.size))
      violations.push(`ledger: its attempts say ${acted} items, and ${expected.size} were due`);
    violations.push(...ledgerFaults(ledger));
    if (!overtaken) violations.push(...abandonedFaults(this.open, ledger));
    violations.push(...((await this.task.violations?.(this.stage, this.answers)) ?? []));
    refuse(
      violations.length > 20 ? [...violations.slice(0, 20), `... ${violations.length} in all`] : violations,
    );
  }
}

/** Returns how the task answers a scheduled delivery that finds the lease held. */
export function overlapStatus(name: string): number {
  const found = tasks.find((task) => task.name === name);
  if (!found) throw new Error(`no task "${name}"; legal: ${tasks.map((task) => task.name).join(', ')}`);
  return found.onOverlap === 'retry' ? 503 : 200;
}
