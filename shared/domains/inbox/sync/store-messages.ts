import { Timestamp } from '@google-cloud/firestore';
import type { ReadMessage } from '../message/message.ts';
import { type InboxSignal, signalsOf } from '../message/signals.ts';
import type { NewMessage } from './folder/folder.ts';
import type { FolderSync } from './mailbox-sync.ts';
import type { FailedMessage } from './quarantine.ts';
import { findThreads, type IdentifiedMessage, type Threading } from './threading.ts';

/** The result of storing a group of messages. */
export interface StoredGroup {
  /** All that are stored now, created or there before. */
  uids: number[];
  /** Created now, and not known under another UIDVALIDITY. */
  fresh: number;
  refused: FailedMessage[];
  /** All signals of the group were received; else the cursor stays before it. */
  signalled: boolean;
}

/** The part of a sync that storing needs. */
type StoringSync = Pick<
  FolderSync,
  'mailbox' | 'folder' | 'opened' | 'now' | 'replacements' | 'signals' | 'mayGoOn'
>;

/** A group that is being stored. */
export interface BeingStored {
  /** The next group, which may begin before this one is stored, needs these. */
  threads: Promise<Threading>;
  /** Resolves when its messages are stored and their signals sent; the cursor moves only after this. */
  stored: Promise<StoredGroup>;
}

/** Begins to store messages, beside the group before. The result is the same as of one group after the other. */
export function storeMessages(
  sync: StoringSync,
  messages: readonly ReadMessage[],
  before: BeingStored | null = null,
): BeingStored {
  const { folder } = sync;
  const identified = messages.map((each) => ({ ...each, documentId: folder.identify(each.uid) }));
  const threads = findThreads(folder, identified, before?.threads);
  const stored = storeGroup(sync, identified, threads, before?.stored);
  return { threads, stored };
}

async function storeGroup(
  sync: StoringSync,
  identified: readonly IdentifiedMessage[],
  threads: Promise<Threading>,
  before: Promise<StoredGroup> | undefined,
): Promise<StoredGroup> {
  const { folder, now } = sync;
  const { byDocument, joins } = await threads;
  const messages = identified.map((each) => toNewMessage(sync, each, byDocument.get(each.documentId) ?? ''));
  const created = await folder.createMessages(messages, now);
  // The group before may hold messages that join.
  await before;
  await folder.joinThreads(joins);
  const refused = created.flatMap((result, index) => {
    const uid = messages[index]?.uid;
    return result instanceof Error && uid !== undefined
      ? [{ uid, reason: `store: ${result.message.slice(0, 200)}`, isProven: true }]
      : [];
  });
  const stored = messages.filter((_, index) => !(created[index] instanceof Error));
  const signalled = await sendSignals(
    sync,
    identified.filter((_, index) => created[index] === 'new' || created[index] === 'there'),
  );
  const fresh = created.filter((result) => result === 'new').length;
  return { uids: stored.map(({ uid }) => uid), fresh, refused, signalled };
}

function toNewMessage(
  { replacements, now }: StoringSync,
  message: IdentifiedMessage,
  thread: string,
): NewMessage {
  const { uid, flags } = message;
  const replaces = replacements?.take(message) ?? null;
  const fields = {
    thread_id: thread,
    ...message.fields,
    stored_at: Timestamp.fromDate(now),
    removed_at: null,
    quarantined: null,
    ...(replaces ? { replaces: replaces.id } : {}),
  };
  return { uid, fields, flags, replaces };
}

/**
 * Stores a message that was in quarantine in place of its stub, and sends its signals. Returns true if all were received;
 * else it is stored again in the next try, which changes nothing. Returns true too if the message was erased.
 */
export async function storeRecovered(sync: StoringSync, message: ReadMessage): Promise<boolean> {
  const { folder } = sync;
  const identified = { ...message, documentId: folder.identify(message.uid) };
  const { byDocument, joins } = await findThreads(folder, [identified], undefined);
  const thread = byDocument.get(identified.documentId) ?? '';
  if (!(await folder.replaceMessage(toNewMessage(sync, identified, thread)))) return true;
  await folder.joinThreads(joins);
  return await sendSignals(sync, [identified]);
}

async function sendSignals(
  { mailbox, opened, signals, mayGoOn }: StoringSync,
  messages: readonly IdentifiedMessage[],
): Promise<boolean> {
  if (!signals) return true;
  const { orgId, id: integrationId } = mailbox;
  const own = mailbox.user.toLowerCase();
  const all = messages.flatMap((message): InboxSignal[] => {
    const { authors } = message;
    // Mail from the mailbox itself is no reply.
    const outbound = opened.outbound || (authors.length > 0 && authors.every((address) => address === own));
    return signalsOf({ ...message, orgId, integrationId, outbound });
  });
  return all.length === 0 || (await signals(all, mayGoOn));
}
