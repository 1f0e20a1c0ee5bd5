import { startOfDay } from '../../../doors/time/zoned.ts';
import { type Followup, standingOf } from '../followup.ts';
import { judgeAutomatic } from '../judge.ts';
import type { Reason } from '../reasons.ts';
import { nextDue, scheduleKey } from '../schedule/schedule.ts';
import type { Settings } from '../settings.ts';

const HOUR_MS = 3_600_000;

/** A mail that would go: the follow-up as it was then, and the instant of the run. */
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
  const world = new SimulatedRuns(settings, { day: from, sentToday });
  for (const followup of followups) world.put(followup);
  world.run(from, true);
  for (let at = (Math.floor(from / HOUR_MS) + 1) * HOUR_MS; at <= until; at += HOUR_MS) world.run(at, false);
  return world.result(until);
}

class SimulatedRuns {
  readonly #settings: Settings;
  readonly #mails: SimulatedMail[] = [];
  readonly #all = new Map<string, { followup: Followup; reason: Reason | null; isMailed: boolean }>();
  /** The ids by the hour from which a run finds them. */
  readonly #byHour = new Map<number, string[]>();
  /** Due ones that a limit left, in the order of their due times. */
  #left: string[] = [];
  #day: number;
  /** The hour of the last run; what is due before is found by the next. */
  #hour = Number.NEGATIVE_INFINITY;
  #sentToday: number;

  constructor(settings: Settings, { day, sentToday }: { day: number; sentToday: number }) {
    this.#settings = settings;
    this.#day = startOfDay(day, settings.rules.hours.zone);
    this.#sentToday = sentToday;
  }

  put(followup: Followup): void {
    this.#all.set(followup.id, { followup, reason: null, isMailed: false });
    this.#plan(followup);
  }

  #plan({ id, nextDueAt, autoEnabled, status }: Followup): void {
    if (nextDueAt === null || !autoEnabled || status !== 'open') return;
    const hour = Math.max(Math.ceil(nextDueAt / HOUR_MS), this.#hour + 1);
    const same = this.#byHour.get(hour);
    if (same) same.push(id);
    else this.#byHour.set(hour, [id]);
  }

  /** Decides about everything due at an instant. The first run also finds what came due long before. */
  run(at: number, isFirst: boolean): void {
    this.#hour = Math.floor(at / HOUR_MS);
    if (!this.#settings.enabled) return;
    const due = this.#dueAt(at, isFirst);
    if (due.length === 0) return;
    const today = startOfDay(at, this.#settings.rules.hours.zone);
    if (today !== this.#day) this.#sentToday = 0;
    this.#day = today;
    let left = this.#settings.maxPerRun;
    this.#left = [];
    for (const [index, id] of due.entries()) {
      const limit = left <= 0 ? 'max_per_run' : this.#isDayFull() ? 'max_per_day' : null;
      // A limit leaves the others due; the first run still decides about each.
      if (limit !== null && !isFirst) {
        this.#left = [...this.#left, ...due.slice(index)];
        break;
      }
      if (this.#decide(id, at, limit)) left -= 1;
    }
  }

  #dueAt(at: number, isFirst: boolean): string[] {
    const hour = Math.floor(at / HOUR_MS);
    const hours = isFirst ? [...this.#byHour.keys()].filter((one) => one <= hour + 1) : [hour];
    const found = hours.flatMap((one) => this.#byHour.get(one) ?? []);
    for (const one of hours) this.#byHour.delete(one);
    const dueOf = (id: string) => this.#all.get(id)?.followup.nextDueAt ?? 0;
    const later = found.filter((id) => dueOf(id) > at);
    if (later.length > 0) this.#byHour.set(hour + 1, later);
    const now = found.filter((id) => dueOf(id) <= at);
    if (now.length === 0) return this.#left;
    const byDueTime = (one: string, other: string) =>
      dueOf(one) - dueOf(other) || Buffer.compare(Buffer.from(one), Buffer.from(other));
    return [...this.#left, ...now].sort(byDueTime);
  }

  #isDayFull(): boolean {
    const { maxPerDay } = this.#settings;
    return maxPerDay !== null && this.#sentToday >= maxPerDay;
  }

  /** Carries a decision out. Returns true if a mail goes. */
  #decide(id: string, at: number, limit: Reason | null): boolean {
    const entry = this.#all.get(id);
    if (!entry) return false;
    const { followup } = entry;
    const verdict = judgeAutomatic(followup, this.#settings, at);
    entry.reason = verdict.reason;
    if (verdict.do === 'send' && limit === null) {
      this.#mails.push({ followup, level: verdict.level, at });
      this.#sentToday += 1;
      entry.isMailed = true;
      this.#change(entry, this.#afterMail(followup, verdict.level, at));
      return true;
    }
    const isStill = verdict.do === 'send' || (verdict.do === 'wait' && verdict.until === null);
    if (verdict.do === 'send' && limit !== null) entry.reason = limit;
    if (isStill) this.#left.push(id);
    else this.#change(entry, { ...followup, nextDueAt: verdict.do === 'wait' ? verdict.until : null });
    return false;
  }

  #change(entry: { followup: Followup }, followup: Followup): void {
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
      isMailed
        ? []
        : [{ followup, reason: reason ?? judgeAutomatic(followup, this.#settings, until).reason }],
    );
    return { mails: this.#mails, without };
  }
}
