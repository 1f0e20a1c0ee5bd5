import { MailboxError } from '../imap/connection.ts';
import { fetchOutlines } from './fetch.ts';
import { fetchBodies } from './fetch-bodies.ts';
import type { FolderSync } from './mailbox-sync.ts';

/** Other messages that are asked for before one is blamed. */
const MAX_ASKED = 3;

/**
 * Other messages of a folder, which show in the same session if a server is ill, or only the message that does not come: a
 * server that fails for ten minutes puts no mail into quarantine.
 */
export class Neighbours {
  readonly #sync: FolderSync;
  readonly #wanted: readonly number[];

  constructor(sync: FolderSync, wanted: readonly number[]) {
    this.#sync = sync;
    this.#wanted = wanted;
  }

  /** Returns true if another message comes whole, a stored one or one that is wanted too. */
  async come(uids: readonly number[]): Promise<boolean> {
    const wanted = this.#wanted.filter((uid) => this.#isWell(uids, uid)).slice(0, MAX_ASKED);
    return await this.#oneComes([...this.#stored(uids), ...wanted]);
  }

  /** Returns true if a stored message comes whole. One that is only wanted might break the connection itself. */
  async storedComes(uids: readonly number[]): Promise<boolean> {
    return await this.#oneComes(this.#stored(uids));
  }

  /** The nearest messages that are stored whole and that the server has. */
  #stored(uids: readonly number[]): number[] {
    const { folder, listed } = this.#sync;
    const there = listed ? folder.state.uids.and(listed) : folder.state.uids;
    return there.nearest(uids[0] ?? 0, MAX_ASKED * 2).filter((uid) => this.#isWell(uids, uid));
  }

  #isWell(uids: readonly number[], uid: number): boolean {
    const { failing, retries } = this.#sync.folder.state;
    return !uids.includes(uid) && !failing[uid] && !retries?.[uid];
  }

  async #oneComes(others: readonly number[]): Promise<boolean> {
    for (const uid of others.slice(0, MAX_ASKED)) if (await this.#comes(uid)) return true;
    return false;
  }

  async #comes(uid: number): Promise<boolean> {
    const { connection } = this.#sync;
    try {
      return await connection.run(async (client) => {
        const outlines = await fetchOutlines(client, [uid], []);
        const { texts } = await fetchBodies(client, [...outlines.values()]);
        return texts.size > 0;
      });
    } catch (error) {
      if (error instanceof MailboxError && error.isRefusal) return false;
      throw error;
    }
  }
}
