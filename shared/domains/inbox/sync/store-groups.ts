import type { ReadMessage } from '../message/message.ts';
import { flagUidsWith } from './flags.ts';
import type { FolderSync } from './mailbox-sync.ts';
import { type FailedMessage, recordFailures, stillThere } from './quarantine.ts';
import { nextRetry } from './retry-times.ts';
import { type BeingStored, type StoredGroup, storeMessages } from './store-messages.ts';

/** New mail moves last_uid up, old mail backfill_uid down. */
export type Way = 'new' | 'old';

/** A group of messages: those that were read, and those that could not be. */
export interface ReadGroup {
  uids: readonly number[];
  messages: ReadMessage[];
  failed: FailedMessage[];
}

/** Stores groups, two at a time. The cursor passes them in their order, each when it is stored. */
export class GroupStore {
  readonly #sync: FolderSync;
  readonly #way: Way;
  #last: BeingStored | null = null;
  #passed: Promise<void> = Promise.resolve();
  #passedBefore: Promise<void> = this.#passed;
  /** False once the time was up before a group's signals were received; the cursor stays before it. */
  allPassed = true;

  constructor(sync: FolderSync, way: Way) {
    this.#sync = sync;
    this.#way = way;
  }

  /** Resolves when there is room for another group: the cursor has passed all but the last. */
  async hasRoom(): Promise<void> {
    await this.#passedBefore;
  }

  /** Begins to store a group. `hasRoom` and `done` throw its failure. */
  take(read: ReadGroup): void {
    const last = storeMessages(this.#sync, read.messages, this.#last);
    this.#passedBefore = this.#passed;
    this.#passed = this.#passed.then(async () => await this.#pass(read, await last.stored));
    this.#last = last;
    // Their failures are thrown where they are awaited.
    for (const each of [last.threads, last.stored, this.#passed]) each.catch(() => undefined);
  }

  /** Resolves when nothing is being stored any more. */
  async done(): Promise<void> {
    await Promise.allSettled([this.#last?.stored]);
    await this.#passed;
  }

  /** Moves the cursor past messages that are stored, and counts those that failed. */
  async #pass({ uids, messages, failed }: ReadGroup, stored: StoredGroup): Promise<void> {
    const { folder, opened, tally, fresh } = this.#sync;
    tally.new += stored.fresh;
    tally.stored += stored.uids.length;
    for (const uid of stored.uids) fresh.add(uid);
    this.allPassed &&= stored.signalled;
    if (!this.allPassed) return;
    const { state } = folder;
    const failing = { ...state.failing };
    for (const uid of stored.uids) delete failing[uid];
    const textless = messages.filter((each) => each.fields['text_missing'] && stored.uids.includes(each.uid));
    const retries = textless.map(({ uid }) => [uid, nextRetry(0, this.#sync.now)] as const);
    await folder.save({
      uids: state.uids.with(stored.uids),
      failing,
      retries: state.retries && { ...state.retries, ...Object.fromEntries(retries) },
      ...(this.#way === 'new'
        ? { lastUid: Math.max(state.lastUid, ...uids) }
        : { backfillUid: Math.max(1, Math.min(state.backfillUid, ...uids)) }),
      ...(opened.modseq === null ? { flagUids: flagUidsWith(state.flagUids, messages) } : {}),
    });
    const all = [...failed, ...stored.refused];
    if (all.length > 0) await recordFailures(this.#sync, await stillThere(this.#sync, all));
  }
}
