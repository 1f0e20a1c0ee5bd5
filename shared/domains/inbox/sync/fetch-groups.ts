import type { MailClient } from '../imap/client.ts';
import { MailboxError } from '../imap/connection.ts';
import type { Failure } from '../imap/failure.ts';
import type { Outline, PartBytes } from '../message/outline.ts';
import { fetchOutlines } from './fetch.ts';
import { fetchBodies } from './fetch-bodies.ts';
import type { FolderSync } from './mailbox-sync.ts';
import { Neighbours } from './neighbours.ts';

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
  /** The server's words if it refuses the group, a single message, and gives its neighbour. */
  refusal: string | null;
  /** Another message came in this session, so that one that did not is at fault itself. */
  isProven: boolean;
}

/** Fetches messages in the order given, in groups, ahead of their use. Ends early if the time is up. */
export class GroupFetch {
  /** The messages asked for last. */
  asked: readonly number[] = [];
  /** The connection broke while these were fetched, or their outlines. */
  broke = false;
  /** Another message came just before those asked for last. */
  isProven = false;
  readonly #sync: FolderSync;
  readonly #ordered: readonly number[];
  readonly #neighbours: Neighbours;
  #over = false;

  constructor(sync: FolderSync, ordered: readonly number[]) {
    this.#sync = sync;
    this.#ordered = ordered;
    this.#neighbours = new Neighbours(sync, ordered);
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
    const { stumbles } = this.#sync.folder.state;
    let size = stumbles === 0 ? GROUP : smaller(Math.min(GROUP, this.#ordered.length), stumbles);
    for (let from = 0; from < this.#ordered.length && !this.#isOver(); ) {
      const some = this.#ordered.slice(from, from + size);
      // The connection may break now: whatever comes just before shows that the server is well.
      if (some.length === 1 && stumbles > 0) this.isProven ||= await this.#neighbours.storedComes(some);
      try {
        for await (const group of this.#fetchGroups(some)) {
          this.isProven ||= group.outlines.size > 0;
          from += group.uids.length;
          yield group;
        }
        // A connection that breaks is to break over one message.
        if (stumbles === 0) size = Math.min(GROUP, size * 2);
      } catch (error) {
        const refusal = await this.#refusalOf(error);
        size = smaller(this.asked.length, 1);
        if (refusal === null) continue;
        from += 1;
        yield { ...NOTHING, uids: this.asked, refusal, isProven: true };
      }
    }
  }

  /** Fetches messages with one command for their outlines, and one or more for their texts. */
  async *#fetchGroups(some: readonly number[]): AsyncGenerator<FetchedGroup> {
    const outlines = await this.#ask(some, (client) => fetchOutlines(client, some));
    if (outlines.size === 0) this.isProven ||= await this.#neighbours.come(some);
    for (const uids of groupsOf(some, outlines)) {
      if (this.#isOver()) return;
      const known = uids.flatMap((uid) => outlines.get(uid) ?? []);
      const bodies = await this.#ask(uids, (client) => fetchBodies(client, known));
      yield { uids, ...bodies, refusal: null, isProven: this.isProven || outlines.size > 0 };
    }
  }

  /**
   * Returns why the server refuses a single message, after its neighbour came. Returns null if a smaller group is worth a
   * try. Throws the failure if the connection is gone, or if the server refuses every message for now.
   */
  async #refusalOf(error: unknown): Promise<string | null> {
    if (!(error instanceof MailboxError) || !error.isRefusal || isAll(error.failure)) throw error;
    if (this.asked.length > 1) return null;
    if (!(await this.#neighbours.come(this.asked))) throw error;
    return `the server refuses it: ${error.failure.detail}`;
  }

  #isOver(): boolean {
    return this.#over || !this.#sync.mayGoOn();
  }

  /** Notes the messages asked for, and if the connection breaks over them. */
  async #ask<T>(uids: readonly number[], work: (client: MailClient) => Promise<T>): Promise<T> {
    const { connection } = this.#sync;
    this.asked = uids;
    try {
      return await connection.run(work);
    } catch (error) {
      this.broke = error instanceof MailboxError && !error.isRefusal;
      throw error;
    }
  }
}

/** A refusal of whatever is asked for. */
const isAll = (failure: Failure) => /throttl|too many|bandwidth/i.test(failure.detail);

const NOTHING = { outlines: new Map<number, Outline>(), texts: new Map<number, PartBytes>() };

const smaller = (size: number, times: number) => Math.max(1, Math.floor(size / SHRINK ** times));

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
