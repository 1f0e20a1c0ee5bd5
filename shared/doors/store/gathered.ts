import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentReference, Firestore, UpdateData } from '@google-cloud/firestore';
import { isConflict } from './firestore.ts';

/** The most updates in one commit, and the time that the first of them waits for others. */
const TOGETHER = 20;
const WAIT_MS = 20;

interface Update {
  ref: DocumentReference;
  fields: UpdateData<Record<string, unknown>>;
  settle: (written: boolean | Promise<boolean>) => void;
}

/**
 * Gathers independent updates into common commits: for small updates the requests cost more than the writes. Each update
 * is stored when its promise resolves, as if it were written alone.
 */
export class GatheredUpdates {
  readonly #store: Firestore;
  #gathered: Update[] = [];

  constructor(store: Firestore) {
    this.#store = store;
  }

  /** Writes the fields. Returns false if the document is gone. */
  async update(ref: DocumentReference, fields: UpdateData<Record<string, unknown>>): Promise<boolean> {
    return await new Promise((settle) => {
      this.#gathered.push({ ref, fields, settle });
      if (this.#gathered.length === 1) void this.#soon(this.#gathered);
      if (this.#gathered.length >= TOGETHER) this.#commit();
    });
  }

  async #soon(gathered: Update[]): Promise<void> {
    await delay(WAIT_MS);
    if (this.#gathered === gathered) this.#commit();
  }

  #commit(): void {
    const updates = this.#gathered;
    this.#gathered = [];
    const written = this.#write(updates);
    for (const [index, { settle }] of updates.entries()) settle(written.then((all) => all[index] === true));
  }

  async #write(updates: readonly Update[]): Promise<boolean[]> {
    const batch = this.#store.batch();
    for (const { ref, fields } of updates) batch.update(ref, fields);
    try {
      await batch.commit();
      return updates.map(() => true);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // A document is gone, so each update is tried alone.
      if (updates.length === 1) return [false];
      return (await Promise.all(updates.map((update) => this.#write([update])))).flat();
    }
  }
}
