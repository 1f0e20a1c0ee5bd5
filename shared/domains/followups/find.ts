import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { streamQuery } from '../../doors/store/firestore.ts';
import { startOfDay } from '../../doors/time/zoned.ts';
import { type Followup, followups, toFollowup } from './followup.ts';
import { type Settings, SettingsFault, toSettings } from './settings.ts';

/** Firestore takes at most this many values for `in`. */
const IN_MAX = 30;

function enabledOrganisations(store: Firestore): Query {
  return store.collection('billing_settings').where('auto_followups_enabled', '==', true);
}

/**
 * The due follow-ups of these organisations, oldest first, without those switched off or parked. Needs the index
 * (auto_enabled, org_id, status, next_due_at) of followups.
 */
export function dueFollowups(
  store: Firestore,
  orgIds: readonly string[],
  now: Date,
  notBefore?: Date,
): Query {
  const due = followups(store)
    .where('auto_enabled', '==', true)
    .where('org_id', 'in', orgIds)
    .where('status', '==', 'open')
    .where('next_due_at', '<=', Timestamp.fromDate(now));
  const query = notBefore ? due.where('next_due_at', '>=', Timestamp.fromDate(notBefore)) : due;
  return query.orderBy('next_due_at');
}

/** The mails that an organisation claimed since an instant. Needs the group index (org_id, claimed_at) of sends. */
export function claimedSince(store: Firestore, orgId: string, since: Date): Query {
  return store
    .collectionGroup('sends')
    .where('org_id', '==', orgId)
    .where('claimed_at', '>=', Timestamp.fromDate(since))
    .orderBy('claimed_at');
}

/** An organisation whose automatic follow-ups are on: its settings, or the fault in them. */
export type Organisation = Settings | { orgId: string; fault: string };

/** Reads every organisation whose automatic follow-ups are on. */
export async function readOrganisations(store: Firestore): Promise<Organisation[]> {
  const found: Organisation[] = [];
  for await (const snapshot of streamQuery(enabledOrganisations(store))) {
    try {
      found.push(toSettings(snapshot));
    } catch (error) {
      if (!(error instanceof SettingsFault)) throw error;
      found.push({ orgId: snapshot.id, fault: error.message });
    }
  }
  return found;
}

/** Streams the due follow-ups. Organisations that hold some back need a query each; the others share queries. */
export async function* streamDue(
  store: Firestore,
  organisations: readonly Settings[],
  now: Date,
): AsyncGenerator<{ followup: Followup; settings: Settings }> {
  const byId = new Map(organisations.map((settings) => [settings.orgId, settings]));
  for (const query of dueQueries(store, organisations, now)) {
    for await (const snapshot of streamQuery(query)) {
      const followup = toFollowup(snapshot);
      const settings = byId.get(followup.orgId);
      if (settings) yield { followup, settings };
    }
  }
}

function dueQueries(store: Firestore, organisations: readonly Settings[], now: Date): Query[] {
  const free = organisations.filter(({ heldDueBefore }) => heldDueBefore === null).map(({ orgId }) => orgId);
  const groups = Array.from({ length: Math.ceil(free.length / IN_MAX) }, (_, index) =>
    free.slice(index * IN_MAX, (index + 1) * IN_MAX),
  );
  const holding = organisations.flatMap(({ orgId, heldDueBefore }) =>
    heldDueBefore === null ? [] : [dueFollowups(store, [orgId], now, new Date(heldDueBefore))],
  );
  return [...groups.map((orgIds) => dueFollowups(store, orgIds, now)), ...holding];
}

/** Counts the mails that each organisation may still send in this run, and today in its time zone. */
export class Quota {
  readonly #left = new Map<string, { run: number; day: number }>();
  readonly #store: Firestore;
  readonly #now: Date;

  constructor(store: Firestore, now: Date) {
    this.#store = store;
    this.#now = now;
  }

  /** Reserves one mail. Returns null, or the limit that was reached. */
  async take(settings: Settings): Promise<'max_per_run' | 'max_per_day' | null> {
    const left = this.#left.get(settings.orgId) ?? {
      run: settings.maxPerRun,
      day:
        settings.maxPerDay === null
          ? Number.POSITIVE_INFINITY
          : settings.maxPerDay - (await this.#today(settings)),
    };
    this.#left.set(settings.orgId, left);
    if (left.run <= 0) return 'max_per_run';
    if (left.day <= 0) return 'max_per_day';
    left.run -= 1;
    left.day -= 1;
    return null;
  }

  async #today({ orgId, rules }: Settings): Promise<number> {
    const since = new Date(startOfDay(this.#now.getTime(), rules.hours.zone));
    const { count } = (await claimedSince(this.#store, orgId, since).count().get()).data();

    return count;
  }
}
