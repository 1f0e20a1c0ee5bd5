import { Timestamp } from '@google-cloud/firestore';
import { createDocuments, joinThreads, type NewDocument, type Place, storedThreads } from './documents.ts';
import { documentIdOf, threadIdOf } from './identity.ts';
import type { ReadMessage } from './message.ts';
import type { Replacements } from './reset.ts';
import { type InboxSignal, type SignalSink, signalsOf } from './signals.ts';
import { threadsOf } from './thread.ts';

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

/** Stores messages and tells of their signals; the cursor moves only after this. */
export async function storeMessages(
  storing: Storing,
  messages: readonly ReadMessage[],
): Promise<StoredGroup> {
  const { place } = storing;
  const identified = messages.map((message) => ({ ...message, documentId: identify(storing, message.uid) }));
  const ancestors = new Set(
    identified.flatMap(({ references }) => [references[0], references.at(-1)]).filter(isString),
  );
  const threads = threadsOf(
    identified,
    place.orgId,
    ancestors.size > 0 ? await storedThreads(place, ancestors) : new Map(),
  );
  const documents = identified.map((message) =>
    toDocument(storing, message, threads.get(message.documentId) ?? ''),
  );
  const created = await createDocuments(place, documents, storing.now);
  await joinThreads(place, joinsOf(place.orgId, identified, threads));
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
