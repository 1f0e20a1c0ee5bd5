import type { Firestore } from '@google-cloud/firestore';
import { readHolding, withCustomer } from './customers/customer.ts';
import { dueFollowups, Quota } from './find.ts';
import { type Followup, toFollowup } from './followup.ts';
import { judgeAutomatic } from './judge.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { openFollowups, type Walk, walkFollowups } from './schedule/walk.ts';
import type { Settings } from './settings.ts';

/** The answer lists at most this many of the first mails. */
const MAX_LISTED = 20;

/** The effect of a change of settings, for a person to see before any mail goes. */
export interface Activation {
  /** The number of mails that a run at this instant may send, by the decision of a run. */
  would_send_now: number;
  /** The most of them that the first run sends. */
  first_run: number;
  /** The next open hour, if none is open now, and the number of mails that may go then. */
  opens_at: string | null;
  would_send_then: number;
  /** The number of follow-ups that wait for confirm_held: more than 30 days late when a change made them due. */
  held: number;
  /** The bound of a hold by an earlier version or an import, until the next run has parked what it holds. */
  held_due_before: string | null;
  /** The first mails to go, oldest first. */
  next: {
    id: string;
    source_label: string;
    customer: string | null;
    email: string | null;
    next_due_at: string | null;
  }[];
}

const toIso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());

/** Decides about an organisation's follow-ups as its next run does, and counts. */
class Tally {
  readonly #settings: Settings;
  readonly #now: number;
  readonly #open: number;
  #goesNow = 0;
  readonly #going: Followup[] = [];
  held = 0;

  constructor(settings: Settings, now: number) {
    this.#settings = settings;
    this.#now = now;
    this.#open = nextOpen(now, settings.rules.hours);
  }

  add(followup: Followup): void {
    const judge = (instant: number) => judgeAutomatic(followup, this.#settings, instant);
    const verdict = judge(this.#now);
    if (verdict.reason === 'held') this.held += 1;
    if (verdict.do === 'send') this.#goesNow += 1;
    const isDue = followup.nextDueAt !== null && followup.nextDueAt <= this.#open;
    if (isDue && (verdict.do === 'send' || judge(this.#open).do === 'send')) this.#going.push(followup);
  }

  async result(store: Firestore): Promise<Activation> {
    const { heldDueBefore } = this.#settings;
    const isOpen = this.#open === this.#now;
    const byDueTime = this.#going.sort((one, other) => (one.nextDueAt ?? 0) - (other.nextDueAt ?? 0));
    return {
      would_send_now: this.#goesNow,
      first_run: await this.#firstRun(store, isOpen ? this.#goesNow : byDueTime.length),
      opens_at: isOpen ? null : toIso(this.#open),
      would_send_then: isOpen ? 0 : byDueTime.length,
      held: this.held,
      held_due_before: toIso(heldDueBefore),
      next: byDueTime.slice(0, MAX_LISTED).map(({ id, label, customer, nextDueAt }) => ({
        id,
        source_label: label,
        customer: customer.name,
        email: customer.email,
        next_due_at: toIso(nextDueAt),
      })),
    };
  }

  async #firstRun(store: Firestore, due: number): Promise<number> {
    const quota = new Quota(store, new Date(this.#open));
    let count = 0;
    while (count < due && (await quota.take(this.#settings)) === null) count += 1;
    return count;
  }
}

/** The organisation's follow-ups that wait for confirm_held. */
export const heldFollowups = (store: Firestore, orgId: string) =>
  openFollowups(store, orgId).where('parked.reason', '==', 'held');

/** Counts what the next run would send, where the stored due times hold. Reads only what is due. */
export async function activationOf(store: Firestore, settings: Settings, now: Date): Promise<Activation> {
  const tally = new Tally(settings, now.getTime());
  const customers = await readHolding(store, [settings.orgId]);
  const { docs } = await dueFollowups(store, [settings.orgId], now).get();
  for (const snapshot of docs) tally.add(withCustomer(store, toFollowup(snapshot), customers));
  tally.held += (await heldFollowups(store, settings.orgId).count().get()).data().count;
  return await tally.result(store);
}

/** Brings every open follow-up in line with changed settings, and counts what the next run then sends. */
export async function applySettings(
  walk: Omit<Walk, 'settingsOf'>,
  settings: Settings,
): Promise<{ activation: Activation; rescheduled: number }> {
  const tally = new Tally(settings, walk.now.getTime());
  let rescheduled = 0;
  const customers = await readHolding(walk.store, [settings.orgId]);
  const query = openFollowups(walk.store, settings.orgId);
  for await (const { followup, plan } of walkFollowups({ ...walk, settingsOf: () => settings }, query)) {
    tally.add(withCustomer(walk.store, followup, customers));
    if (plan?.isRescheduled) rescheduled += 1;
  }
  return { activation: await tally.result(walk.store), rescheduled };
}
