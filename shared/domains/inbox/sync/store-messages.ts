import { Timestamp } from '@google-cloud/firestore';
import { documentIdOf, threadIdOf } from '../message/identity.ts';
import type { ReadMessage } from '../message/message.ts';
import { type InboxSignal, type SignalSink, signalsOf } from '../message/signals.ts';
import { threadsOf } from '../message/thread.ts';
import { createDocuments, joinThreads, type NewDocument, type Place, storedThreads } from './documents.ts';
import type { Replacements } from './reset.ts';

/** What became of a group of messages. */
export interface StoredGroup {
  /** All that are stored now, whether made now or there before. */
  uids: number[];
  /** Made now, and not known under another UIDVALIDITY. */
  fresh: number;
  refused: { uid: number; reason: string }[];
}

export interface Storing {
  place: Place;
  uidValidity: string;
  now: Date;
  /** Addresses that are this mailbox's own: what they wrote is no reply. */
  own: ReadonlySet<string>;
  /** A folder of what was sent from here, or is yet to be. */
  outbound: boolean;
  replacements: Replacements | null;
  signals: SignalSink | undefined;
}

/** A group that is being stored. */
export interface BeingStored {
  /** What the next group has to know of it, which may begin before this one is stored. */
  threads: Promise<Threading>;
  /** When its messages are stored and their signals told; the cursor moves only after this. */
  stored: Promise<StoredGroup>;
}

interface Threading {
  /** The threads of a group's messages, by Message-ID. */
  byMessageId: ReadonlyMap<string, string>;
  byDocument: ReadonlyMap<string, string>;
  /** Threads whose messages go over to another one. */
  joins: ReadonlyMap<string, string>;
}

/** Begins to store messages, beside the group before; nothing comes of them that would not come of one after the other. */
export function storeMessages(
  storing: Storing,
  messages: readonly ReadMessage[],
  before: BeingStored | null = null,
): BeingStored {
  const identified = messages.map((message) => ({ ...message, documentId: identify(storing, message.uid) }));
  const threads = threading(storing.place, identified, before);
  const stored = storeGroup(storing, identified, threads, before);
  return { threads, stored };
}

/** The threads of a group, as if all that came before were stored, and those that were joined by it had moved. */
async function threading(
  place: Place,
  messages: readonly Identified[],
  before: BeingStored | null,
): Promise<Threading> {
  const ancestors = new Set(
    messages.flatMap(({ references }) => [references[0], references.at(-1)]).filter(isString),
  );
  const found = ancestors.size > 0 ? await storedThreads(place, ancestors) : [];
  const beside = await before?.threads;
  const moved = [...found].map(([id, thread]) => [id, beside?.joins.get(thread) ?? thread] as const);
  const byDocument = threadsOf(messages, place.orgId, new Map([...moved, ...(beside?.byMessageId ?? [])]));
  const byMessageId = messages.flatMap(({ messageId, documentId }) =>
    messageId === null ? [] : [[messageId, byDocument.get(documentId) ?? ''] as const],
  );
  const joins = joinsOf(place.orgId, messages, byDocument);
  return { byMessageId: new Map(byMessageId), byDocument, joins };
}

async function storeGroup(
  storing: Storing,
  identified: readonly Identified[],
  threads: Promise<Threading>,
  before: BeingStored | null,
): Promise<StoredGroup> {
  const { place } = storing;
  const { byDocument, joins } = await threads;
  const documents = identified.map((message) =>
    toDocument(storing, message, byDocument.get(message.documentId) ?? ''),
  );
  const created = await createDocuments(place, documents, storing.now);
  // Its messages may be among those that join.
  await before?.stored;
  await joinThreads(place, joins);
  const refused = created.flatMap((result, index) => {
    const uid = documents[index]?.uid;
    return result instanceof Error && uid !== undefined
      ? [{ uid, reason: `store: ${result.message.slice(0, 200)}` }]
      : [];
  });
  const stored = documents.filter((_, index) => !(created[index] instanceof Error));
  await tell(
    storing,
    identified.filter((_, index) => created[index] === 'new' || created[index] === 'there'),
  );
  const fresh = created.filter((result) => result === 'new').length;
  return { uids: stored.map(({ uid }) => uid), fresh, refused };
}

const isString = (value: string | undefined): value is string => value !== undefined;

type Identified = ReadMessage & { documentId: string };

export function identify(
  { place, uidValidity }: Pick<Storing, 'place' | 'uidValidity'>,
  uid: number,
): string {
  const { orgId, integrationId, folder } = place;
  return documentIdOf({ orgId, integrationId, folder, uidValidity, uid });
}

function toDocument(
  { place, uidValidity, replacements, now }: Storing,
  message: Identified,
  thread: string,
): NewDocument {
  const { orgId, integrationId, folder } = place;
  const replaces = replacements?.take(message) ?? null;
  const fields = {
    org_id: orgId,
    integration_id: integrationId,
    folder,
    uid_validity: uidValidity,
    uid: message.uid,
    thread_id: thread,
    ...message.fields,
    stored_at: Timestamp.fromDate(now),
    removed_at: null,
    quarantined: null,
    ...(replaces ? { replaces: replaces.id } : {}),
  };
  return { id: message.documentId, uid: message.uid, fields, flags: message.flags, replaces };
}

/** Threads that these messages' own answers were put into, while the messages belong to an older one. */
function joinsOf(orgId: string, messages: readonly Identified[], threads: ReadonlyMap<string, string>) {
  const joins = new Map<string, string>();
  for (const { messageId, documentId, references } of messages) {
    if (messageId === null || references.length === 0) continue;
    const [begun, thread] = [threadIdOf(orgId, messageId), threads.get(documentId)];
    if (thread !== undefined && thread !== begun) joins.set(begun, thread);
  }
  return joins;
}

async function tell(
  { place, own, outbound, signals }: Storing,
  messages: readonly Identified[],
): Promise<void> {
  if (!signals) return;
  const { orgId, integrationId } = place;
  const all = messages.flatMap((message): InboxSignal[] => {
    const { documentId, receivedAt, messageId, references, autoReply, deliveries, enclosed } = message;
    const from = message.from?.address || null;
    const mine = outbound || (from !== null && own.has(from));
    return signalsOf({
      ...{ orgId, integrationId, documentId, receivedAt, messageId },
      ...{ from, references, autoReply, deliveries, enclosed },
      outbound: mine,
    });
  });
  if (all.length > 0) await signals(all);
}
