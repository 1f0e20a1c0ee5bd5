import type { MailClient } from '../imap/client.ts';
import { MailboxError } from '../imap/connection.ts';
import { type ReadMessage, readMessage } from '../message/message.ts';
import { fetchOutlines, fetchTexts, type Outline, type PartBytes } from './fetch.ts';
import { flagUidsWith } from './flags.ts';
import type { FolderRound, Opened } from './folder-round.ts';
import { type Failed, recordFailures, stillThere } from './quarantine.ts';
import type { Replacements } from './reset.ts';
import { type BeingStored, type StoredGroup, storeMessages } from './store-messages.ts';

/** Messages in one command, and in one group with as many octets of text. */
const GROUP = 100;
const GROUP_BYTES = 1_500_000;
/** With each stumble in a row the groups are so much smaller, down to a single message. */
const SHRINK = 8;
const MAX_STUMBLES = 4;
const NOT_RETURNED = 'announced but not returned';

export interface FetchContext {
  /** New mail moves last_uid up, old mail backfill_uid down. */
  way: 'new' | 'old';
  opened: Opened;
  replacements: Replacements | null;
}

/** Messages as they came: their outlines, and the octets of their texts. */
interface FetchedGroup {
  uids: readonly number[];
  outlines: ReadonlyMap<number, Outline>;
  texts: ReadonlyMap<number, PartBytes>;
}

/** Messages that were read, and those that could not be. */
interface Read {
  messages: ReadMessage[];
  failed: Failed[];
}

/** What is being fetched, for whoever has to tell where the connection broke. */
interface Asked {
  uids: readonly number[];
  /** It broke while these were fetched, or their outlines. */
  broke: boolean;
  /** Nothing more is wanted. */
  over: boolean;
}

/**
 * Fetches and stores messages in the order given, group by group: while some are being stored, the next is read and others
 * are fetched. Returns whether all were done; false where the time is up.
 */
export async function fetchMessages(
  round: FolderRound,
  context: FetchContext,
  uids: readonly number[],
): Promise<boolean> {
  const { cursor, connection } = round;
  // What has failed before comes last: it must not stand in the way.
  const failedBefore = (uid: number) => (cursor.state.failing[uid] ? 1 : 0);
  const ordered = uids.toSorted((one, other) => failedBefore(one) - failedBefore(other));
  const asked: Asked = { uids: [], broke: false, over: false };
  const storing = new Storing(round, context);
  let fetched = 0;
  try {
    for await (const group of ahead(fetchGroups(round, ordered, asked), asked)) {
      fetched += group.uids.length;
      const read = readGroup(group);
      await connection.during(storing.mayTake());
      storing.take(group.uids, read);
    }
  } catch (error) {
    await storing.done().catch(() => undefined);
    if (asked.broke) await stumble(round, asked, context.opened);
    throw error;
  } finally {
    await connection.during(storing.done());
  }
  return fetched === ordered.length;
}

/** Fetches group by group; ends early where the time is up. */
async function* fetchGroups(
  round: FolderRound,
  ordered: readonly number[],
  asked: Asked,
): AsyncGenerator<FetchedGroup> {
  const { cursor } = round;
  const size = Math.max(1, Math.floor(GROUP / SHRINK ** cursor.state.stumbles));
  for (let from = 0; from < ordered.length; from += size) {
    if (asked.over || !round.mayGoOn()) return;
    const some = ordered.slice(from, from + size);
    const outlines = await ask(round, asked, some, (client) => fetchOutlines(client, some));
    for (const uids of groupsOf(some, outlines)) {
      if (asked.over || !round.mayGoOn()) return;
      const known = uids.flatMap((uid) => outlines.get(uid) ?? []);
      yield { uids, outlines, texts: await ask(round, asked, uids, (client) => fetchTexts(client, known)) };
    }
  }
}

/** Notes what is asked for, and where the connection breaks over it. A server that has enough of us blames no message. */
async function ask<T>(
  { connection }: FolderRound,
  asked: Asked,
  uids: readonly number[],
  work: (client: MailClient) => Promise<T>,
): Promise<T> {
  asked.uids = uids;
  try {
    return await connection.run(work);
  } catch (error) {
    asked.broke = error instanceof MailboxError && error.failure.kind !== 'busy';
    throw error;
  }
}

/** Hands on what a generator gives, which makes the next two meanwhile; whoever wants no more waits for what is begun. */
async function* ahead<T>(source: AsyncGenerator<T>, asked: Asked): AsyncGenerator<T> {
  const ask = () => {
    const next = source.next();
    // Its failure is thrown where it is waited for.
    next.catch(() => undefined);
    return next;
  };
  const begun = [ask(), ask()];
  try {
    for (let next = begun.shift(); next; next = begun.shift()) {
      const { value, done } = await next;
      if (done) return;
      begun.push(ask());
      yield value;
    }
  } finally {
    asked.over = true;
    await source.return(undefined);
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

/** A connection that broke while messages were fetched: next time fewer are asked for, so that one bad one is found. */
async function stumble(round: FolderRound, { uids }: Asked, { uidValidity }: Opened): Promise<void> {
  const { cursor } = round;
  const [only] = uids;
  await cursor.save({ stumbles: Math.min(cursor.state.stumbles + 1, MAX_STUMBLES) });
  if (only !== undefined && uids.length === 1)
    await recordFailures(
      round,
      [{ uid: only, reason: 'the connection breaks when it is fetched' }],
      uidValidity,
    );
}

function readGroup({ uids, outlines, texts }: FetchedGroup): Read {
  const read: Read = { messages: [], failed: [] };
  for (const uid of uids) {
    const [outline, parts] = [outlines.get(uid), texts.get(uid)];
    if (!outline || !parts) read.failed.push({ uid, reason: NOT_RETURNED });
    else readOne(outline, parts, read);
  }
  return read;
}

function readOne(outline: Outline, parts: PartBytes, read: Read): void {
  try {
    read.messages.push(readMessage(outline, parts));
  } catch (error) {
    read.failed.push({ uid: outline.uid, reason: `unreadable: ${String(error).slice(0, 200)}` });
  }
}

/** Stores groups, two at a time; the cursor passes them in their order, each when it is stored. */
class Storing {
  #last: BeingStored | null = null;
  #passed: Promise<void> = Promise.resolve();
  #passedBefore: Promise<void> = this.#passed;
  readonly #round: FolderRound;
  readonly #context: FetchContext;

  constructor(round: FolderRound, context: FetchContext) {
    this.#round = round;
    this.#context = context;
  }

  /** When there is room for another: the cursor has passed all groups but the last. */
  async mayTake(): Promise<void> {
    await this.#passedBefore;
  }

  take(uids: readonly number[], read: Read): void {
    const [round, context] = [this.#round, this.#context];
    const { place, now, own, signals } = round;
    const { opened, replacements } = context;
    const { uidValidity, outbound } = opened;
    const storing = { place, uidValidity, now, own, outbound, replacements, signals };
    const last = storeMessages(storing, read.messages, this.#last);
    this.#passedBefore = this.#passed;
    this.#passed = this.#passed.then(
      async () => await pass(round, context, { uids, read, stored: await last.stored }),
    );
    this.#last = last;
    // Their failures are thrown where they are waited for.
    for (const each of [last.threads, last.stored, this.#passed]) each.catch(() => undefined);
  }

  /** When nothing is at work any more. */
  async done(): Promise<void> {
    await Promise.allSettled([this.#last?.stored]);
    await this.#passed;
  }
}

/** Moves the cursor past messages that are stored, and counts those that failed. */
async function pass(
  round: FolderRound,
  { way, opened }: FetchContext,
  { uids, read, stored }: { uids: readonly number[]; read: Read; stored: StoredGroup },
): Promise<void> {
  const { cursor, tally } = round;
  tally.new += stored.fresh;
  tally.stored += stored.uids.length;
  for (const uid of stored.uids) round.fresh.add(uid);
  const failing = { ...cursor.state.failing };
  for (const uid of stored.uids) delete failing[uid];
  await cursor.save({
    uids: cursor.state.uids.with(stored.uids),
    failing,
    ...(way === 'new' ? { lastUid: Math.max(cursor.state.lastUid, ...uids) } : {}),
    ...(way === 'old' ? { backfillUid: Math.max(1, Math.min(cursor.state.backfillUid, ...uids)) } : {}),
    ...(opened.modseq === null ? { flagUids: flagUidsWith(cursor.state.flagUids, read.messages) } : {}),
  });
  const failed = [...read.failed, ...stored.refused];
  if (failed.length > 0) await recordFailures(round, await stillThere(round, failed), opened.uidValidity);
}
