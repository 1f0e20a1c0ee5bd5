import { startOfDay } from '../../../doors/time/zoned.ts';
import { type Followup, standingOf } from '../followup.ts';
import { judgeAutomatic } from '../judge.ts';
import type { Reason } from '../reasons.ts';
import { nextDue, scheduleKey } from '../schedule/schedule.ts';
import type { Settings } from '../settings.ts';
import { DueQueue } from './due-queue.ts';

const HOUR_MS = 3_600_000;

/** A mail that would go: the follow-up as it was before the first run, and the instant of its run. */
export interface SimulatedMail {
  followup: Followup;
  level: number;
  at: number;
}

/** The mails of a time, and the follow-ups without any, each with the last decision about it. */
export interface Simulation {
  mails: SimulatedMail[];
  without: { followup: Followup; reason: Reason }[];
}

export interface SimulationTime {
  /** The first run. */
  from: number;
  /** Runs follow at each full hour until here; a `from` makes it one run. */
  until: number;
  /** The number of mails that the organisation claimed on the day of the first run. */
  sentToday: number;
}

/**
 * Plays the runs of an organisation in memory, by the decisions of a run. Every mail is taken to arrive. The follow-ups are
 * already in line with the settings.
 */
export function simulate(
  followups: readonly Followup[],
  settings: Settings,
  { from, until, sentToday }: SimulationTime,
): Simulation {
  const world = new SimulatedRuns(followups, settings, { day: from, sentToday });
  world.run(from, true);
  for (let at = (Math.floor(from / HOUR_MS) + 1) * HOUR_MS; at <= until; at += HOUR_MS) world.run(at, false);
  return world.result(until);
}

/** A follow-up in the course of the runs, and the last decision about it. */
interface SimulatedFollowup {
  /** As it was before the first run; mails refer to it, so that its later states need no memory. */
  first: Followup;
  followup: Followup;
  reason: Reason | null;
  isMailed: boolean;
}

class SimulatedRuns {
  readonly #settings: Settings;
  readonly #mails: SimulatedMail[] = [];
  readonly #all: ReadonlyMap<string, SimulatedFollowup>;
  readonly #queue: DueQueue;
  #day: number;
  #sentToday: number;
  /** The limit that ended the last run. */
  #limit: Reason | null = null;

  constructor(
    followups: readonly Followup[],
    settings: Settings,
    { day, sentToday }: { day: number; sentToday: number },
  ) {
    this.#settings = settings;
    this.#day = startOfDay(day, settings.rules.hours.zone);
    this.#sentToday = sentToday;
    this.#all = new Map(
      followups.map((first) => [first.id, { first, followup: first, reason: null, isMailed: false }]),
    );
    this.#queue = new DueQueue([...this.#all.keys()]);
    for (const followup of followups) this.#plan(followup);
  }

  #plan({ id, nextDueAt, autoEnabled, status }: Followup): void {
    if (nextDueAt !== null && autoEnabled && status === 'open') this.#queue.push(id, nextDueAt);
  }

  /** Decides about what is due at an instant, up to the limits. The first run decides about everything due. */
  run(at: number, isFirst: boolean): void {
    if (!this.#settings.enabled) return;
    const left: Followup[] = [];
    let mails = this.#settings.maxPerRun;
    this.#limit = null;
    for (let id = this.#queue.take(at); id !== null; id = this.#queue.take(at)) {
      const entry = this.#all.get(id);
      if (!entry) continue;
      this.#limit = mails <= 0 ? 'max_per_run' : this.#isDayFull(at) ? 'max_per_day' : null;
      if (this.#limit !== null) left.push(entry.followup);
      // A limit leaves the others due.
      if (this.#limit !== null && !isFirst) break;
      if (this.#decide(entry, at)) mails -= 1;
    }
    for (const followup of left) if (this.#all.get(followup.id)?.followup === followup) this.#plan(followup);
  }

  #isDayFull(at: number): boolean {
    const { maxPerDay, rules } = this.#settings;
    if (maxPerDay === null) return false;
    const today = startOfDay(at, rules.hours.zone);
    if (today !== this.#day) this.#sentToday = 0;
    this.#day = today;
    return this.#sentToday >= maxPerDay;
  }

  /** Carries a decision out. Returns true if a mail goes. */
  #decide(entry: SimulatedFollowup, at: number): boolean {
    const { followup } = entry;
    const verdict = judgeAutomatic(followup, this.#settings, at);
    const isSend = verdict.do === 'send';
    entry.reason = (isSend ? this.#limit : null) ?? verdict.reason;
    if (isSend && this.#limit === null) {
      this.#mails.push({ followup: entry.first, level: verdict.level, at });
      this.#sentToday += 1;
      entry.isMailed = true;
      this.#change(entry, this.#afterMail(followup, verdict.level, at));
      return true;
    }
    // A wait without a new due time is for a person or a setting: every later run decides the same.
    const isStill = isSend || (verdict.do === 'wait' && verdict.until === null);
    if (!isStill)
      this.#change(entry, { ...followup, nextDueAt: verdict.do === 'wait' ? verdict.until : null });
    return false;
  }

  #change(entry: SimulatedFollowup, followup: Followup): void {
    entry.followup = followup;
    this.#plan(followup);
  }

  #afterMail(followup: Followup, level: number, at: number): Followup {
    const { rules } = this.#settings;
    const standing = { ...standingOf(followup, this.#settings), level, lastSentAt: at };
    return {
      ...followup,
      level,
      lastSentAt: at,
      nextDueAt: nextDue(standing, rules).at,
      scheduledBy: scheduleKey(standing, rules),
    };
  }

  result(until: number): Simulation {
    const without = [...this.#all.values()].flatMap(({ followup, reason, isMailed }) =>
      isMailed ? [] : [{ followup, reason: reason ?? this.#reasonAt(followup, until) }],
    );
    return { mails: this.#mails, without };
  }

  #reasonAt(followup: Followup, at: number): Reason {
    const verdict = judgeAutomatic(followup, this.#settings, at);
    return (verdict.do === 'send' ? this.#limit : null) ?? verdict.reason;
  }
}
