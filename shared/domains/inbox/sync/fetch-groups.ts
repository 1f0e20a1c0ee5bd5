import type { MailClient } from '../imap/client.ts';
import { MailboxError } from '../imap/connection.ts';
import type { Outline, PartBytes } from '../message/outline.ts';
import { fetchOutlines, fetchTexts } from './fetch.ts';
import type { FolderSync } from './mailbox-sync.ts';

/** Messages in one command, and in one group with as many octets of text. */
const GROUP = 100;
const GROUP_BYTES = 1_500_000;
/** With each stumble in a row the groups are smaller by this factor, down to a single message. */
const SHRINK = 8;
/** Groups that are fetched ahead of their use. */
const AHEAD = 2;

/** Messages as they came: their outlines, and the octets of their texts. */
export interface FetchedGroup {
  uids: readonly number[];
  outlines: ReadonlyMap<number, Outline>;
  texts: ReadonlyMap<number, PartBytes>;
}

/** Fetches messages in the order given, in groups, ahead of their use. Ends early if the time is up. */
export class GroupFetch {
  /** The messages asked for last. */
  asked: readonly number[] = [];
  /** The connection broke while these were fetched, or their outlines. */
  broke = false;
  readonly #sync: FolderSync;
  readonly #ordered: readonly number[];
  #over = false;

  constructor(sync: FolderSync, ordered: readonly number[]) {
    this.#sync = sync;
    this.#ordered = ordered;
  }

  /** Yields the groups. A consumer that stops early waits for the commands that are under way. */
  async *groups(): AsyncGenerator<FetchedGroup> {
    const source = this.#inOrder();
    const ask = () => {
      const next = source.next();
      // A failure is thrown below, where it is awaited.
      next.catch(() => undefined);
      return next;
    };
    const begun = Array.from({ length: AHEAD }, ask);
    try {
      for (let next = begun.shift(); next; next = begun.shift()) {
        const { value, done } = await next;
        if (done) return;
        begun.push(ask());
        yield value;
      }
    } finally {
      this.#over = true;
      await source.return(undefined);
    }
  }

  async *#inOrder(): AsyncGenerator<FetchedGroup> {
    const size = Math.max(1, Math.floor(GROUP / SHRINK ** this.#sync.folder.state.stumbles));
    for (let from = 0; from < this.#ordered.length; from += size) {
      if (this.#isOver()) return;
      const some = this.#ordered.slice(from, from + size);
      const outlines = await this.#ask(some, (client) => fetchOutlines(client, some));
      for (const uids of groupsOf(some, outlines)) {
        if (this.#isOver()) return;
        const known = uids.flatMap((uid) => outlines.get(uid) ?? []);
        yield { uids, outlines, texts: await this.#ask(uids, (client) => fetchTexts(client, known)) };
      }
    }
  }

  #isOver(): boolean {
    return this.#over || !this.#sync.mayGoOn();
  }

  /** Notes the messages asked for, and if the connection breaks over them. A busy server blames no message. */
  async #ask<T>(uids: readonly number[], work: (client: MailClient) => Promise<T>): Promise<T> {
    this.asked = uids;
    try {
      return await this.#sync.connection.run(work);
    } catch (error) {
      this.broke = error instanceof MailboxError && error.failure.kind !== 'busy';
      throw error;
    }
  }
}

/** Messages in their order, in groups that are bounded by the octets of their texts. */
function groupsOf(uids: readonly number[], outlines: ReadonlyMap<number, Outline>): number[][] {
  const groups: number[][] = [];
  let bytes = 0;
  for (const uid of uids) {
    const more = outlines.get(uid)?.bytes ?? 0;
    const last = groups.at(-1);
    if (last && bytes + more <= GROUP_BYTES) last.push(uid);
    else {
      groups.push([uid]);
      bytes = 0;
    }
    bytes += more;
  }
  return groups;
}
