import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { forgetUser, hasUser } from '../../../shared/domains/presence/activity.ts';
import { userRef } from '../../../shared/domains/presence/user.ts';
import { countStores } from '../../../shared/doors/engines.ts';
import {
  type EraseContext,
  type Erasure,
  erase,
  mentionOf,
  mentions,
  type Person,
  type PersonalPlace,
} from '../../../shared/doors/erase/erase.ts';
import { normaliseAddress } from '../../../shared/doors/mail/address.ts';
import { streamQuery } from '../../../shared/doors/store/firestore.ts';
import { configurationPlaces, personalPlaces } from './places.ts';

const BATCH = 400;
/** Whoever is still signed in leaves new traces meanwhile; after so many passes that is said instead. */
const PASSES = 4;

export interface EraseReport {
  user_id: string;
  addresses: readonly string[];
  /** Documents by collection that were, or in a dry run would be, deleted or had the person taken out. */
  deleted: Record<string, number>;
  anonymised: Record<string, number>;
  redis: boolean;
  /** Documents of the configuration that name the person, with what changes each. */
  kept: { path: string; remedy: string }[];
  /** False where new traces kept appearing. */
  complete: boolean;
  reads: number;
}

/** Whom an id means: the addresses that were given, and that of the account. */
export async function personOf(
  store: Firestore,
  userId: string,
  given: { emails: readonly string[]; names: readonly string[] },
): Promise<Person> {
  const account = normaliseAddress(String((await userRef(store, userId).get()).get('email') ?? ''));
  const addresses = [...new Set([...given.emails, ...(account === null ? [] : [account])])];
  return { userId, addresses, mailAddresses: given.emails, names: given.names };
}

/** Forgets a person in all places, pass by pass until nothing is found; a dry run only counts. */
export async function eraseEverywhere(
  { store, redis }: { store: Firestore; redis: Redis },
  person: Person,
  dryRun: boolean,
  places: readonly PersonalPlace[] = personalPlaces,
): Promise<EraseReport> {
  const engines = countStores({ store, redis });
  const context: EraseContext = { store: engines.store };
  const report: EraseReport = {
    user_id: person.userId,
    addresses: person.addresses,
    deleted: {},
    anonymised: {},
    redis: false,
    kept: [],
    complete: false,
    reads: 0,
  };
  for (let pass = 1; pass <= PASSES && !report.complete; pass += 1) {
    const found = await onePass(context, engines.redis, person, dryRun, places, report);
    report.complete = dryRun || found === 0;
  }
  report.kept = await configured(context, person);
  report.reads = engines.usage().firestore_reads;
  return report;
}

async function onePass(
  context: EraseContext,
  redis: Redis,
  person: Person,
  dryRun: boolean,
  places: readonly PersonalPlace[],
  report: EraseReport,
): Promise<number> {
  let found = 0;
  for (const { collection, find } of places) {
    let batch = new Map<string, Erasure>();
    const flush = async () => {
      const all = [...batch.values()];
      found += all.length;
      count(report, collection, dryRun ? all : await erase(context, all));
      batch = new Map();
    };
    for await (const one of find(person, context)) {
      // A document that is deleted needs no word taken out of it.
      if (batch.get(one.ref.path)?.do !== 'delete') batch.set(one.ref.path, one);
      if (batch.size >= BATCH) await flush();
    }
    await flush();
  }
  if (!(await hasUser(redis, person.userId))) return found;
  report.redis = true;
  if (!dryRun) await forgetUser(redis, person.userId);
  return found + 1;
}

function count(report: EraseReport, collection: string, erasures: readonly Erasure[]): void {
  for (const { do: what } of erasures) {
    const sums = what === 'delete' ? report.deleted : report.anonymised;
    sums[collection] = (sums[collection] ?? 0) + 1;
  }
}

async function configured({ store }: EraseContext, person: Person): Promise<EraseReport['kept']> {
  const pattern = mentionOf(person);
  const kept: EraseReport['kept'] = [];
  for (const [collection, remedy] of Object.entries(configurationPlaces))
    for await (const snapshot of streamQuery(store.collection(collection)))
      if (mentions(snapshot.data(), pattern))
        kept.push({ path: snapshot.ref.path, remedy: remedy.replace('{id}', snapshot.id) });
  return kept;
}
