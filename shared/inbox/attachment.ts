import type { Readable } from 'node:stream';
import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { MailboxConnection } from './connection.ts';
import type { Attachment } from './structure.ts';

/** Octets asked for at a time: what is sent on is all that is held. */
const CHUNK_BYTES = 256 * 1024;

export interface OpenAttachment {
  attachment: Attachment;
  content: Readable;
}

/** An attachment of a stored message; null where the message names none of this number. */
export function attachmentOf(message: DocumentSnapshot, part: string): Attachment | null {
  const all = (message.get('attachments') as Attachment[] | undefined) ?? [];
  return all.find((each) => each.part === part) ?? null;
}

/**
 * Opens an attachment on the mail server that the connection leads to, as a stream of its decoded content. Null where the message is no longer there.
 * The connection ends with the stream.
 */
export async function openAttachment(
  connection: MailboxConnection,
  message: DocumentSnapshot,
  attachment: Attachment,
): Promise<OpenAttachment | null> {
  try {
    const mailbox = await connection.run((client) =>
      client.mailboxOpen(String(message.get('folder')), { readOnly: true }),
    );
    if (String(mailbox.uidValidity) !== message.get('uid_validity')) return await none(connection);
    const uid = String(message.get('uid'));
    const { content } = await connection.run((client) =>
      client.download(uid, attachment.part, { uid: true, chunkSize: CHUNK_BYTES }),
    );
    if (!content) return await none(connection);
    content.once('close', () => void connection.close());
    return { attachment, content };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function none(connection: MailboxConnection): Promise<null> {
  await connection.close();
  return null;
}
