import { Readable } from 'node:stream';
import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { MessageStructureObject } from 'imapflow';
import { decodeTransfer } from '../message/decode.ts';
import type { Attachment } from '../message/structure.ts';
import { type MailboxConnection, MailboxError } from './connection.ts';

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
 * Opens an attachment on the mail server that the connection leads to, as a stream of its decoded content, byte for byte:
 * imapflow's own download rewrites texts that are enclosed inline (their charset, their lines) and holds some of them whole.
 * Returns null if the message is gone. The connection ends with the stream.
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
    const found = await connection.run((client) =>
      client.fetchOne(uid, { uid: true, bodyStructure: true }, { uid: true }),
    );
    const node = found ? partOf(found.bodyStructure, attachment.part) : null;
    if (!node) return await none(connection);
    const chunks = decoded(transferred(connection, uid, attachment.part), node.encoding);
    // The first chunk is fetched now: an immediate failure gets a status, instead of an answer that breaks off.
    const first = await chunks.next();
    const content = Readable.from(following(first, chunks), { objectMode: false });
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

/** The part of this number; a message of one part has the part 1. */
function partOf(node: MessageStructureObject | undefined, part: string): MessageStructureObject | null {
  if (!node) return null;
  if ((node.part ?? '1') === part && !node.type.startsWith('multipart/')) return node;
  for (const child of node.childNodes ?? []) {
    const found = partOf(child, part);
    if (found) return found;
  }
  return null;
}

/** The octets of a part as they are transferred, some at a time, each asked for when the ones before are sent on. */
async function* transferred(
  connection: MailboxConnection,
  uid: string,
  part: string,
): AsyncGenerator<Buffer, void> {
  for (let start = 0; ; start += CHUNK_BYTES) {
    const bodyParts = [{ key: part, start, maxLength: CHUNK_BYTES }];
    const found = await connection.run((client) =>
      client.fetchOne(uid, { uid: true, bodyParts }, { uid: true }),
    );
    const chunk = found ? found.bodyParts?.get(part) : undefined;
    if (!chunk) {
      const detail = `the server gave ${start} octets of the part ${part} of UID ${uid} and no more`;
      throw new MailboxError({ kind: 'protocol', detail }, null);
    }
    if (chunk.length > 0) yield chunk;
    // Less is the end; more comes from servers that give a part only as a whole.
    if (chunk.length !== CHUNK_BYTES) return;
  }
}

/** Undoes a transfer encoding piece by piece, each cut where the encoding can be cut. */
async function* decoded(
  source: AsyncGenerator<Buffer, void>,
  encoding: string | undefined,
): AsyncGenerator<Buffer, void> {
  let rest = '';
  for await (const chunk of source) {
    const text = rest + chunk.toString('latin1');
    const whole = encoding?.toLowerCase() === 'base64' ? text.replace(/[^A-Za-z0-9+/=]/g, '') : text;
    const end = cutIn(whole, encoding?.toLowerCase());
    rest = whole.slice(end);
    if (end > 0) yield decodeTransfer(Buffer.from(whole.slice(0, end), 'latin1'), encoding);
  }
  if (rest !== '') yield decodeTransfer(Buffer.from(rest, 'latin1'), encoding);
}

/** How much of a text stands for itself: whole quadruples of base64, whole lines of quoted-printable. */
function cutIn(text: string, encoding: string | undefined): number {
  if (encoding === 'base64') return text.length - (text.length % 4);
  if (encoding !== 'quoted-printable') return text.length;
  const line = text.lastIndexOf('\n') + 1;
  // A line without an end is no quoted-printable, and must not pile up.
  return line > 0 || text.length < CHUNK_BYTES ? line : text.length;
}

async function* following(
  first: IteratorResult<Buffer, void>,
  others: AsyncGenerator<Buffer, void>,
): AsyncGenerator<Buffer, void> {
  if (first.done) return;
  yield first.value;
  yield* others;
}
