import { UidSet } from '../imap/uid-set.ts';
import { flagFields, flagsOf, type ReadMessage } from '../message/message.ts';
import { updateDocuments } from './documents.ts';
import type { FolderRound, Opened } from './folder-round.ts';
import { identify } from './store-messages.ts';

type FlagUids = Readonly<Record<string, string>>;

/** A folder with more than this many octets of flags is not compared any more: its document must stay within 1 MiB. */
const MAX_FLAG_BYTES = 300_000;

/**
 * Writes the flags that have changed. A server with a change counter (RFC 7162) names them; of another one all flags are
 * read and compared with those remembered. `stored`: flags as they are stored, where the cursor was lost.
 */
export async function syncFlags(
  round: FolderRound,
  opened: Opened,
  stored: ReadonlyMap<number, readonly string[]> | null,
): Promise<void> {
  const { cursor } = round;
  const { highestModseq, uids } = cursor.state;
  if (uids.size === 0) return await cursor.save({ highestModseq: opened.modseq });
  if (opened.modseq !== null && highestModseq === opened.modseq) return;
  if (opened.modseq !== null && highestModseq !== null) {
    const changed = await fetchFlags(round, BigInt(highestModseq));
    await write(round, opened, changed);
    return await cursor.save({ highestModseq: opened.modseq });
  }
  const known = stored && stored.size > 0 ? flagUidsFrom(stored) : cursor.state.flagUids;
  const now = await fetchFlags(round, null);
  if (known !== null || (stored?.size ?? 0) > 0) await write(round, opened, differences(known ?? {}, now));
  const remembered = flagUidsFrom(now);
  const small = JSON.stringify(remembered).length <= MAX_FLAG_BYTES;
  await cursor.save({
    highestModseq: opened.modseq,
    flagUids: opened.modseq === null && small ? remembered : null,
  });
}

/** Flags of stored messages: of all, or of those that changed since. */
async function fetchFlags(
  { connection, cursor, fresh }: FolderRound,
  since: bigint | null,
): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  const wanted = { items: ['FLAGS'], ...(since === null ? {} : { changedSince: since }) } as const;
  await connection.run((client) =>
    client.fetchEach('1:*', wanted, ({ uid, flags }) => {
      // What was stored in this round bears its flags; what has changed since shows in the next one.
      if (uid === undefined || !flags || !cursor.state.uids.has(uid)) return;
      if (since === null || !fresh.has(uid)) found.set(uid, flagsOf(flags));
    }),
  );
  return found;
}

async function write(
  { place, tally }: FolderRound,
  opened: Opened,
  changed: ReadonlyMap<number, readonly string[]>,
) {
  const { uidValidity } = opened;
  const updates = [...changed].map(([uid, flags]) => ({
    id: identify({ place, uidValidity }, uid),
    fields: flagFields(flags),
  }));
  tally.updated += await updateDocuments(place, updates);
}

function differences(
  known: FlagUids,
  now: ReadonlyMap<number, readonly string[]>,
): Map<number, readonly string[]> {
  const before = Object.entries(known).map(([flag, uids]) => [flag, UidSet.parse(uids)] as const);
  const changed = [...now].filter(([uid, flags]) => {
    const had = before.filter(([, uids]) => uids.has(uid)).map(([flag]) => flag);
    return had.sort().join(' ') !== flags.join(' ');
  });
  return new Map(changed);
}

function flagUidsFrom(flags: ReadonlyMap<number, readonly string[]>): FlagUids {
  const byFlag = new Map<string, number[]>();
  for (const [uid, each] of flags)
    for (const flag of each) {
      const uids = byFlag.get(flag);
      if (uids) uids.push(uid);
      else byFlag.set(flag, [uid]);
    }
  return Object.fromEntries([...byFlag].sort().map(([flag, uids]) => [flag, UidSet.of(uids).toString()]));
}

/** What is remembered of flags, with those of messages that are stored now. */
export function flagUidsWith(known: FlagUids | null, messages: readonly ReadMessage[]): FlagUids {
  const added = flagUidsFrom(new Map(messages.map(({ uid, flags }) => [uid, flags])));
  const names = [...new Set([...Object.keys(known ?? {}), ...Object.keys(added)])].sort();
  const joined = (name: string) => UidSet.parse(known?.[name] ?? '').with(UidSet.parse(added[name] ?? ''));
  return Object.fromEntries(names.map((name) => [name, joined(name).toString()]));
}
