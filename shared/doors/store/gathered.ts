import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentReference, Firestore, UpdateData } from '@google-cloud/firestore';
import { isConflict } from './firestore.ts';

/** Updates in one commit at most, and how long the first of them waits for others. */
const TOGETHER = 20;
const WAIT_MS = 20;

interface Update {
  ref: DocumentReference;
  fields: UpdateData<Record<string, unknown>>;
  settle: (written: boolean | Promise<boolean>) => void;
}

/**
 * Updates of documents that have nothing to do with one another, several in one commit: of many small ones the requests
 * cost more than the writes. Each is there when its promise is kept, as if it had been written alone.
 */
export class GatheredUpdates {
  readonly #store: Firestore;
  #gathered: Update[] = [];

  constructor(store: Firestore) {
    this.#store = store;
  }

  /** Writes the fields; false where the document is gone. */
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
      // One of them is gone: each is tried alone.
      if (updates.length === 1) return [false];
      return (await Promise.all(updates.map((update) => this.#write([update])))).flat();
    }
  }
}
