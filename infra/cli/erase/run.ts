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
import { findOthers, type LeftBehind } from './others.ts';
import { configurationPlaces, personalPlaces } from './places.ts';

const BATCH = 400;
/** A person who is still signed in leaves new traces. After this many passes the report says so. */
const MAX_PASSES = 4;

export interface EraseReport {
  user_id: string;
  addresses: readonly string[];
  /** Documents by collection that a run deletes, or a dry run would delete. */
  deleted: Record<string, number>;
  /** Documents by collection that lose the person's name, address and id. */
  anonymised: Record<string, number>;
  redis: boolean;
  /** Documents of the configuration that name the person, each with its remedy. */
  kept: { path: string; remedy: string }[];
  /** Documents of others that name the person; erasing leaves them. */
  left: LeftBehind[];
  /** False if new traces kept appearing. */
  complete: boolean;
  reads: number;
}

/** Finds the person of a user id, with the given addresses and that of the account. */
export async function findPerson(
  store: Firestore,
  userId: string,
  given: { emails: readonly string[]; names: readonly string[] },
): Promise<Person> {
  const account = normaliseAddress(String((await userRef(store, userId).get()).get('email') ?? ''));
  const addresses = [...new Set([...given.emails, ...(account === null ? [] : [account])])];
  return { userId, addresses, mailAddresses: given.emails, names: given.names };
}

/** Erases a person in all places, pass by pass until one finds nothing. A dry run only counts. */
export async function eraseEverywhere(
  { store, redis }: { store: Firestore; redis: Redis },
  person: Person,
  dryRun: boolean,
  places: readonly PersonalPlace[] = personalPlaces,
): Promise<EraseReport> {
  const engines = countStores({ store, redis });
  const context: EraseContext = { store: engines.store };
  const work = { context, redis: engines.redis, person, places, dryRun, gone: new Set<string>() };
  const report: EraseReport = {
    user_id: person.userId,
    addresses: person.addresses,
    deleted: {},
    anonymised: {},
    redis: false,
    kept: [],
    left: [],
    complete: false,
    reads: 0,
  };
  for (let pass = 1; pass <= MAX_PASSES && !report.complete; pass += 1) {
    const found = await erasePass(work, report);
    report.complete = dryRun || found === 0;
  }
  report.kept = await findConfiguration(context, person);
  report.left = await findOthers(context, person, work.gone);
  report.reads = engines.usage().firestore_reads;
  return report;
}

interface ErasureWork {
  context: EraseContext;
  redis: Redis;
  person: Person;
  places: readonly PersonalPlace[];
  dryRun: boolean;
  /** The paths of documents that are deleted or emptied, or that a dry run would delete or empty. */
  gone: Set<string>;
}

/** Goes through all places once and adds to the report. Returns the number of traces found. */
async function erasePass(
  { context, redis, person, places, dryRun, gone }: ErasureWork,
  report: EraseReport,
): Promise<number> {
  let found = 0;
  for (const { collection, find } of places) {
    let batch = new Map<string, Erasure>();
    const flush = async () => {
      const all = [...batch.values()];
      found += all.length;
      countErasures(report, collection, dryRun ? all : await erase(context, all));
      batch = new Map();
    };
    for await (const one of find(person, context)) {
      if (one.do === 'delete' || one.whole) gone.add(one.ref.path);
      // Deleting a document makes anonymising it unnecessary.
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

function countErasures(report: EraseReport, collection: string, erasures: readonly Erasure[]): void {
  for (const { do: action } of erasures) {
    const sums = action === 'delete' ? report.deleted : report.anonymised;
    sums[collection] = (sums[collection] ?? 0) + 1;
  }
}

async function findConfiguration({ store }: EraseContext, person: Person): Promise<EraseReport['kept']> {
  const pattern = mentionOf(person);
  const kept: EraseReport['kept'] = [];
  for (const [collection, remedy] of Object.entries(configurationPlaces))
    for await (const snapshot of streamQuery(store.collection(collection)))
      if (mentions(snapshot.data(), pattern))
        kept.push({ path: snapshot.ref.path, remedy: remedy.replace('{id}', snapshot.id) });
  return kept;
}
