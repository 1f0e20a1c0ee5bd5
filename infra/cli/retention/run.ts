import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { streamQuery } from '../../../shared/doors/store/firestore.ts';
import { CHOICES } from './rules.ts';

/** Runs and reports still read documents of the last three months. */
export const LEAST_MONTHS = 3;
export const MOST_MONTHS = 120;
const BATCH = 400;

export const months = z.int().min(LEAST_MONTHS).max(MOST_MONTHS);
export type Choices = Record<string, number | null>;

const settingsRef = (store: Firestore) => store.doc('settings/retention');

/** Reads the months that each collection is kept. Null means for ever, the default. */
export async function readChoices(store: Firestore): Promise<Choices> {
  const stored = await settingsRef(store).get();
  return Object.fromEntries(
    CHOICES.map(({ name }) => {
      const value: unknown = stored.get(name) ?? null;
      if (value === null) return [name, null];
      const { success, data } = months.safeParse(value);
      if (success) return [name, data];
      throw new Error(
        `settings/retention: ${name} is ${JSON.stringify(value)}, not ${LEAST_MONTHS} to ${MOST_MONTHS} months; set it with ronde retention set ${name} MONTHS.`,
      );
    }),
  );
}

/** Stores the months that a collection is kept; null keeps it for ever. */
export async function chooseMonths(store: Firestore, name: string, value: number | null): Promise<void> {
  await settingsRef(store).set({ [name]: value }, { merge: true });
}

/** Returns the instant that is `count` calendar months ago, in UTC. */
export function cutoffOf(now: Date, count: number): Date {
  const cutoff = new Date(now);
  cutoff.setUTCDate(1);
  cutoff.setUTCMonth(cutoff.getUTCMonth() - count);
  const lastDay = new Date(Date.UTC(cutoff.getUTCFullYear(), cutoff.getUTCMonth() + 1, 0)).getUTCDate();
  cutoff.setUTCDate(Math.min(now.getUTCDate(), lastDay));
  return cutoff;
}

export interface Outdated {
  name: string;
  months: number;
  before: string;
  /** Documents that a run deletes, or a dry run would delete, subcollections included. */
  deleted: number;
}

/** Deletes the documents that are older than chosen, oldest first; safe to interrupt and repeat. A dry run counts. */
export async function applyRetention(store: Firestore, now: Date, dryRun: boolean): Promise<Outdated[]> {
  const choices = await readChoices(store);
  const done: Outdated[] = [];
  for (const { name, field, isOver, below = [] } of CHOICES) {
    const count = choices[name] ?? null;
    if (count === null) continue;
    const before = cutoffOf(now, count);
    const old = store.collection(name).where(field, '<', Timestamp.fromDate(before)).orderBy(field);
    const removal = new Removal(store, dryRun);
    for await (const snapshot of streamQuery(old)) {
      if (!isOver(snapshot)) continue;
      for (const part of below) await removal.addAll(snapshot.ref.collection(part).select());
      await removal.add(snapshot.ref);
    }
    await removal.flush();
    done.push({ name, months: count, before: before.toISOString(), deleted: removal.count });
  }
  return done;
}

/** Deletes documents in batches; a dry run only counts them. */
class Removal {
  count = 0;
  #refs: FirebaseFirestore.DocumentReference[] = [];
  readonly #store: Firestore;
  readonly #dryRun: boolean;

  constructor(store: Firestore, dryRun: boolean) {
    this.#store = store;
    this.#dryRun = dryRun;
  }

  async addAll(query: Query): Promise<void> {
    for await (const { ref } of streamQuery(query)) await this.add(ref);
  }

  async add(ref: FirebaseFirestore.DocumentReference): Promise<void> {
    this.count += 1;
    if (this.#dryRun) return;
    this.#refs.push(ref);
    if (this.#refs.length === BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#refs.length === 0) return;
    const batch = this.#store.batch();
    for (const ref of this.#refs) batch.delete(ref);
    await batch.commit();
    this.#refs = [];
  }
}
