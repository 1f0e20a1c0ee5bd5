import type { DocumentSnapshot } from '@google-cloud/firestore';
import { type Followup, toFollowup } from '../followup.ts';
import type { Reason } from '../reasons.ts';
import { planFollowup } from '../schedule/plan.ts';
import type { Settings } from '../settings.ts';
import { type Simulation, type SimulationTime, simulate } from './simulate.ts';

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
}

/** Collects follow-ups for the settings that are saved and for those that are asked about. */
export class WhatIfWorld {
  readonly #saved: { settings: Settings; followups: Followup[] };
  readonly #given: { settings: Settings; followups: Followup[] };

  constructor(saved: Settings, given: Settings) {
    this.#saved = { settings: saved, followups: [] };
    this.#given = { settings: given, followups: [] };
  }

  /** Plans a follow-up as saving the settings at this instant would. */
  add(snapshot: DocumentSnapshot, now: number): void {
    for (const { settings, followups } of [this.#saved, this.#given])
      followups.push(planFollowup(snapshot, settings, now)?.after ?? toFollowup(snapshot));
  }

  result(time: SimulationTime): WhatIf {
    const given = simulate(this.#given.followups, this.#given.settings, time);
    const saved = simulate(this.#saved.followups, this.#saved.settings, time);
    return {
      would_send: given.mails.map((mail) => toItem(mail.followup, mail.level, mail.at, 'due')),
      would_not: given.without.map(({ followup, reason }) =>
        toItem(followup, followup.level + 1, null, reason),
      ),
      changed: differences(saved, given),
    };
  }
}

const toIso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());

function toItem(followup: Followup, level: number, at: number | null, reason: Reason): WhatIfItem {
  const { id, label, cycle, customer } = followup;
  return { id, source_label: label, level, cycle, at: toIso(at), to: customer.email, reason };
}

function differences(saved: Simulation, given: Simulation): WhatIfChange[] {
  const keyOf = ({ followup, level }: { followup: Followup; level: number }) =>
    `${followup.id} ${followup.cycle} ${level}`;
  const before = new Map(saved.mails.map((mail) => [keyOf(mail), mail]));
  const after = new Set(given.mails.map(keyOf));
  const whyNot = new Map(given.without.map(({ followup, reason }) => [followup.id, reason]));
  const others = given.mails.flatMap((mail): WhatIfChange[] => {
    const savedAt = before.get(keyOf(mail))?.at ?? null;
    if (savedAt === mail.at) return [];
    const change = savedAt === null ? 'more' : mail.at < savedAt ? 'sooner' : 'later';
    return [{ ...toItem(mail.followup, mail.level, mail.at, 'due'), change, saved_at: toIso(savedAt) }];
  });
  const never = saved.mails
    .filter((mail) => !after.has(keyOf(mail)))
    .map((mail): WhatIfChange => {
      const reason = whyNot.get(mail.followup.id) ?? 'not_due';
      return {
        ...toItem(mail.followup, mail.level, null, reason),
        change: 'never',
        saved_at: toIso(mail.at),
      };
    });
  return [...others, ...never];
}
