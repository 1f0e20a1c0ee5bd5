import {
  type DocumentReference,
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
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
export function dueFollowups(store: Firestore, orgIds: readonly string[], now: Date): Query {
  return followups(store)
    .where('auto_enabled', '==', true)
    .where('org_id', 'in', orgIds)
    .where('status', '==', 'open')
    .where('next_due_at', '<=', Timestamp.fromDate(now))
    .orderBy('next_due_at');
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

/** Reads an organisation's settings. Returns null if they are unusable. */
export async function readSettingsOrNull(ref: DocumentReference): Promise<Settings | null> {
  try {
    return toSettings(await ref.get());
  } catch (error) {
    if (error instanceof SettingsFault) return null;
    throw error;
  }
}

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

/**
 * Streams the due follow-ups of these organisations, in the order of their due times within each query. `planned` are
 * follow-ups as they would be, for a dry run, which stand in for the stored ones.
 */
export async function* streamDue(
  store: Firestore,
  organisations: readonly Settings[],
  now: Date,
  planned: ReadonlyMap<string, Followup> = new Map(),
): AsyncGenerator<{ followup: Followup; settings: Settings }> {
  const byId = new Map(organisations.map((settings) => [settings.orgId, settings]));
  const orgIds = [...byId.keys()];
  for (let begin = 0; begin < orgIds.length; begin += IN_MAX) {
    const group = orgIds.slice(begin, begin + IN_MAX);
    const stored = streamQuery(dueFollowups(store, group, now));
    for await (const followup of withPlanned(stored, dueAmong(planned, group, now), planned)) {
      const settings = byId.get(followup.orgId);
      if (settings) yield { followup, settings };
    }
  }
}

/** Returns the planned follow-ups that the query for due ones would find, in its order. */
function dueAmong(planned: ReadonlyMap<string, Followup>, orgIds: readonly string[], now: Date): Followup[] {
  return [...planned.values()]
    .filter(({ orgId, autoEnabled, status }) => orgIds.includes(orgId) && autoEnabled && status === 'open')
    .filter(({ nextDueAt }) => nextDueAt !== null && nextDueAt <= now.getTime())
    .sort(byDueTime);
}

const byDueTime = (one: Followup, other: Followup) =>
  (one.nextDueAt ?? 0) - (other.nextDueAt ?? 0) || Buffer.compare(Buffer.from(one.id), Buffer.from(other.id));

/** Merges planned follow-ups into the stored ones, in whose place they stand. */
async function* withPlanned(
  stored: AsyncIterable<QueryDocumentSnapshot>,
  inOrder: readonly Followup[],
  planned: ReadonlyMap<string, Followup>,
): AsyncGenerator<Followup> {
  let next = 0;
  for await (const snapshot of stored) {
    if (planned.has(snapshot.id)) continue;
    const followup = toFollowup(snapshot);
    for (let one = inOrder[next]; one && byDueTime(one, followup) < 0; one = inOrder[next]) {
      yield one;
      next += 1;
    }
    yield followup;
  }
  yield* inOrder.slice(next);
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
