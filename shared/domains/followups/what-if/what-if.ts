import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { Followup } from '../followup.ts';
import type { Reason } from '../reasons.ts';
import { afterPlan } from '../schedule/plan.ts';
import type { Settings } from '../settings.ts';
import { type SimulatedMail, type Simulation, type SimulationTime, simulate } from './simulate.ts';

/** One mail that would go, or would not, at which instant and why. */
export interface WhatIfItem {
  id: string;
  source_label: string;
  level: number;
  cycle: number;
  at: string | null;
  to: string | null;
  reason: Reason;
}

/** A difference to the saved settings. `saved_at`: when it goes by them, or null if it does not. */
export interface WhatIfChange extends WhatIfItem {
  change: 'more' | 'never' | 'sooner' | 'later';
  saved_at: string | null;
}

/** The mails of a time under some settings, the follow-ups without any, and what differs from the saved settings. */
export interface WhatIf {
  would_send: WhatIfItem[];
  would_not: WhatIfItem[];
  changed: WhatIfChange[];
  /** The counts of all; the lists may be shorter. */
  counts: { would_send: number; would_not: number; changed: number };
  /** How many differ from the saved settings: more, never, sooner, later; and why. */
  difference: { by_change: Record<string, number>; by_reason: Record<string, number> };
}

/** Collects follow-ups for the settings that are saved and for those that are asked about. */
export class WhatIfWorld {
  readonly #saved: { settings: Settings; followups: Followup[] };
  readonly #join: (followup: Followup) => Followup;
  readonly #given: { settings: Settings; followups: Followup[] };

  /** `join` gives a follow-up what its organisation says about the customer. */
  constructor(saved: Settings, given: Settings, join: (followup: Followup) => Followup) {
    this.#join = join;
    this.#saved = { settings: saved, followups: [] };
    this.#given = { settings: given, followups: [] };
  }

  /** Plans a follow-up as saving the settings at this instant would. */
  add(snapshot: DocumentSnapshot, now: number): void {
    for (const { settings, followups } of [this.#saved, this.#given])
      followups.push(this.#join(afterPlan(snapshot, settings, now)));
  }

  /** Plays the runs. Each list has at most `most` items. */
  result(time: SimulationTime, most = Number.POSITIVE_INFINITY): WhatIf {
    const given = simulate(this.#given.followups, this.#given.settings, time);
    const saved = simulate(this.#saved.followups, this.#saved.settings, time);
    const differing = differences(saved, given);
    return {
      would_send: given.mails.slice(0, most).map((mail) => toItem(mail.followup, mail.level, mail.at, 'due')),
      would_not: given.without
        .slice(0, most)
        .map(({ followup, reason }) => toItem(followup, followup.level + 1, null, reason)),
      changed: differing.slice(0, most).map(toChange),
      counts: {
        would_send: given.mails.length,
        would_not: given.without.length,
        changed: differing.length,
      },
      difference: {
        by_change: countBy(differing, ({ change }) => change),
        by_reason: countBy(differing, ({ reason }) => reason),
      },
    };
  }
}

function countBy<One>(all: readonly One[], keyOf: (one: One) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1;
  return counts;
}

const toIso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());

function toItem(followup: Followup, level: number, at: number | null, reason: Reason): WhatIfItem {
  const { id, label, cycle, customer } = followup;
  return { id, source_label: label, level, cycle, at: toIso(at), to: customer.email, reason };
}

/** A mail that goes at another instant, or by one of the two settings only. */
interface Difference {
  mail: SimulatedMail;
  change: WhatIfChange['change'];
  at: number | null;
  savedAt: number | null;
  reason: Reason;
}

function differences(saved: Simulation, given: Simulation): Difference[] {
  const keyOf = ({ followup, level }: SimulatedMail) => `${followup.id} ${followup.cycle} ${level}`;
  const before = new Map(saved.mails.map((mail) => [keyOf(mail), mail.at]));
  const whyNot = new Map(given.without.map(({ followup, reason }) => [followup.id, reason]));
  const after = new Set<string>();
  const others = given.mails.flatMap((mail): Difference[] => {
    const key = keyOf(mail);
    after.add(key);
    const savedAt = before.get(key) ?? null;
    if (savedAt === mail.at) return [];
    const change = savedAt === null ? 'more' : mail.at < savedAt ? 'sooner' : 'later';
    return [{ mail, change, at: mail.at, savedAt, reason: 'due' }];
  });
  const never = saved.mails
    .filter((mail) => !after.has(keyOf(mail)))
    .map((mail): Difference => {
      const reason = whyNot.get(mail.followup.id) ?? 'not_due';
      return { mail, change: 'never', at: null, savedAt: mail.at, reason };
    });
  return [...others, ...never];
}

const toChange = ({ mail, change, at, savedAt, reason }: Difference): WhatIfChange => ({
  ...toItem(mail.followup, mail.level, at, reason),
  change,
  saved_at: toIso(savedAt),
});
