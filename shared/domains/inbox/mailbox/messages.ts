import type { DocumentSnapshot, Firestore, Query } from '@google-cloud/firestore';
import { toJson } from '../../../doors/store/json.ts';
import { type InstantOrder, listPageByInstant } from '../../../doors/store/list-page.ts';
import type { Position } from '../../../doors/store/position.ts';
import { versionOf } from '../../../doors/store/version.ts';
import type { AnswerState } from './answers.ts';
import type { MessageLine, MessageView } from './views.ts';

const messages = (store: Firestore) => store.collection('inbox_messages');

/** The fields of a message in a list: all but text, HTML and references, which have up to 650 kB together. */
const LINE = [
  ...['org_id', 'integration_id', 'thread_id', 'folder', 'uid_validity', 'uid', 'message_id', 'in_reply_to'],
  ...[
    'from',
    'to',
    'cc',
    'subject',
    'date',
    'received_at',
    'stored_at',
    'snippet',
    'truncated',
    'attachments',
  ],
  ...[
    'flags',
    'seen',
    'size',
    'auto_reply',
    'removed_at',
    'replaces',
    'quarantined',
    'in_quarantine',
    'text_missing',
    'answer',
  ],
];
export interface MessageFilter {
  integrationId?: string | undefined;
  threadId?: string | undefined;
  quarantined?: boolean | undefined;
  /** Only mail that had an effect on follow-ups, by a person's word on it. */
  answers?: AnswerState | undefined;
}

const NEWEST_FIRST: InstantOrder = { field: 'received_at', direction: 'desc' };

/** Messages, newest first; each filter needs its index, which Firestore joins for several. */
export function messagesBy(
  store: Firestore,
  { integrationId, threadId, quarantined, answers }: MessageFilter,
): Query {
  let query: Query = messages(store);
  if (integrationId !== undefined) query = query.where('integration_id', '==', integrationId);
  if (threadId !== undefined) query = query.where('thread_id', '==', threadId);
  if (quarantined === true) query = query.where('in_quarantine', '==', true);
  if (quarantined === false) query = query.where('quarantined', '==', null);
  if (answers !== undefined) query = query.where('answer.state', '==', answers);
  return query.orderBy('received_at', 'desc');
}

/** Lists messages, newest first, without their bodies: these fields, or those of MessageLine. */
export async function listMessages<Item = MessageLine>(
  store: Firestore,
  filter: MessageFilter,
  { limit, page }: { limit: number; page: Position | null },
  fields: readonly string[] = LINE,
): Promise<{ items: Item[]; next: Position | null }> {
  const query = messagesBy(store, filter).select(...fields);
  const { docs, next } = await listPageByInstant(query, NEWEST_FIRST, limit, page);
  return { items: docs.map((doc) => shownMessage(doc) as unknown as Item), next };
}

/** Returns a message as it is shown. */
export function shownMessage(doc: DocumentSnapshot): MessageView {
  const fields = toJson(doc.data()) as Omit<MessageView, 'id' | 'updated_at'>;
  return { ...fields, id: doc.id, updated_at: versionOf(doc) };
}

/** Reads one message with all that is stored of it. Returns null if there is none. */
export async function readStoredMessage(store: Firestore, id: string): Promise<MessageView | null> {
  const doc = await messages(store).doc(id).get();
  return doc.exists ? shownMessage(doc) : null;
}
