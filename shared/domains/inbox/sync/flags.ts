import { MailboxError } from '../imap/connection.ts';
import { UidSet } from '../imap/uid-set.ts';
import { flagsOf, type ReadMessage } from '../message/message.ts';
import type { Fetched } from '../message/outline.ts';
import type { FolderSync } from './mailbox-sync.ts';

type FlagUids = Readonly<Record<string, string>>;

/** A folder with more than this many octets of flags is not compared any more: its document must stay within 1 MiB. */
const MAX_FLAG_BYTES = 300_000;

/**
 * Writes the flags that have changed. A server with a change counter (RFC 7162) names them; of another one all flags are
 * read and compared with those remembered, or with those stored if the folder is learnt again.
 */
export async function syncFlags(sync: FolderSync): Promise<void> {
  const { folder, opened, storedFlags, tally } = sync;
  const { highestModseq, uids } = folder.state;
  if (uids.size === 0) return await folder.save({ highestModseq: opened.modseq });
  if (opened.modseq !== null && highestModseq === opened.modseq) return;
  if (opened.modseq !== null && highestModseq !== null) {
    const changed = await fetchChanges(sync, BigInt(highestModseq));
    if (changed === null) return await compareStored(sync);
    tally.updated += await folder.updateFlags(changed);
    return await folder.save({ highestModseq: opened.modseq });
  }
  await compareAll(sync, storedFlags && storedFlags.size > 0 ? storedFlags : null);
}

/** Returns null if the server refuses to name changes, though it counts them. */
async function fetchChanges(sync: FolderSync, since: bigint): Promise<Map<number, string[]> | null> {
  try {
    return await fetchFlags(sync, since);
  } catch (error) {
    if (error instanceof MailboxError && error.isRefusal && error.failure.kind !== 'busy') return null;
    throw error;
  }
}

/** Compares all flags with those stored, and remembers them: from now on this folder has no change counter. */
async function compareStored(sync: FolderSync): Promise<void> {
  const { folder, connection, opened } = sync;
  const stored = await connection.during(folder.readMessages());
  const ours = stored.filter(({ uidValidity }) => uidValidity === opened.uidValidity);
  await compareAll(
    { ...sync, opened: { ...opened, modseq: null } },
    new Map(ours.map(({ uid, flags }) => [uid, flags])),
  );
  await folder.save({ changesRefused: true });
}

/** Compares all flags with those stored, if given, else with those remembered. */
async function compareAll(sync: FolderSync, stored: FolderSync['storedFlags']): Promise<void> {
  const { folder, opened, tally } = sync;
  const known = stored ? flagUidsFrom(stored) : folder.state.flagUids;
  const now = await fetchFlags(sync, null);
  if (known !== null) tally.updated += await folder.updateFlags(differences(known, now));
  const remembered = flagUidsFrom(now);
  const small = JSON.stringify(remembered).length <= MAX_FLAG_BYTES;
  await folder.save({
    highestModseq: opened.modseq,
    flagUids: opened.modseq === null && small ? remembered : null,
  });
}

/** Fetches flags of stored messages: of all, or of those that changed since. */
async function fetchFlags(
  { connection, folder, fresh }: FolderSync,
  since: bigint | null,
): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  const wanted = { items: ['FLAGS'], ...(since === null ? {} : { changedSince: since }) } as const;
  const take = ({ uid, flags }: Fetched) => {
    // Messages stored in this sync bear their flags; later changes show in the next one.
    if (uid === undefined || !flags || !folder.state.uids.has(uid)) return;
    if (since === null || !fresh.has(uid)) found.set(uid, flagsOf(flags));
  };
  await connection.run(async (client) => {
    // A server may limit its answer (RFC 9738); it is then asked for parts of them, each within the limit.
    const ask = async (uids: readonly number[]): Promise<void> => {
      const isLimited = await client.fetchEach(UidSet.of(uids).toString(), wanted, take);
      if (!isLimited || uids.length === 1) return;
      const middle = Math.ceil(uids.length / 2);
      for (const half of [uids.slice(0, middle), uids.slice(middle)]) await ask(half);
    };
    if (await client.fetchEach('1:*', wanted, take)) await ask([...folder.state.uids]);
  });
  return found;
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

/** Adds the flags of messages that are stored now to those remembered. */
export function flagUidsWith(known: FlagUids | null, messages: readonly ReadMessage[]): FlagUids {
  const added = flagUidsFrom(new Map(messages.map(({ uid, flags }) => [uid, flags])));
  const names = [...new Set([...Object.keys(known ?? {}), ...Object.keys(added)])].sort();
  const joined = (name: string) => UidSet.parse(known?.[name] ?? '').with(UidSet.parse(added[name] ?? ''));
  return Object.fromEntries(names.map((name) => [name, joined(name).toString()]));
}
