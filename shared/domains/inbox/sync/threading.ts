import { threadIdOf } from '../message/identity.ts';
import type { ReadMessage } from '../message/message.ts';
import { threadsOf } from '../message/thread.ts';
import type { Folder } from './folder/folder.ts';

/** A message with the id of its document. */
export type IdentifiedMessage = ReadMessage & { documentId: string };

/** The threads of a group of messages. */
export interface Threading {
  byMessageId: ReadonlyMap<string, string>;
  byDocument: ReadonlyMap<string, string>;
  /** Threads whose messages move to another one. */
  joins: ReadonlyMap<string, string>;
}

/**
 * Finds the threads of a group, as if all that came before were stored, and the threads that it joined had moved.
 * `before` is the threading of the group before, which may not be stored yet.
 */
export async function findThreads(
  folder: Folder,
  messages: readonly IdentifiedMessage[],
  before: Promise<Threading> | undefined,
): Promise<Threading> {
  const { orgId } = folder;
  const ancestors = new Set(
    messages.flatMap(({ references }) => [references[0], references.at(-1)]).filter(isString),
  );
  const found = ancestors.size > 0 ? await folder.readThreads(ancestors) : [];
  const beside = await before;
  const moved = [...found].map(([id, thread]) => [id, beside?.joins.get(thread) ?? thread] as const);
  const byDocument = threadsOf(messages, orgId, new Map([...moved, ...(beside?.byMessageId ?? [])]));
  const byMessageId = messages.flatMap(({ messageId, documentId }) =>
    messageId === null ? [] : [[messageId, byDocument.get(documentId) ?? ''] as const],
  );
  const joins = joinsOf(orgId, messages, byDocument);
  return { byMessageId: new Map(byMessageId), byDocument, joins };
}

const isString = (value: string | undefined): value is string => value !== undefined;

/** Threads that these messages' own answers were put into, while the messages belong to an older one. */
function joinsOf(
  orgId: string,
  messages: readonly IdentifiedMessage[],
  threads: ReadonlyMap<string, string>,
) {
  const joins = new Map<string, string>();
  for (const { messageId, documentId, references } of messages) {
    if (messageId === null || references.length === 0) continue;
    const [begun, thread] = [threadIdOf(orgId, messageId), threads.get(documentId)];
    if (thread !== undefined && thread !== begun) joins.set(begun, thread);
  }
  return joins;
}
