import type { MessageStructureObject } from 'imapflow';

/** A part whose text is read. */
export interface TextPart {
  /** Its number (RFC 9051, 6.4.5.1). */
  part: string;
  kind: 'plain' | 'html' | 'delivery-status' | 'headers';
  charset: string | undefined;
  encoding: string | undefined;
  /** Octets as they are transferred. */
  size: number;
  /** The same for parts that say the same in different forms (multipart/alternative); null where it stands for itself. */
  alternative: number | null;
}

export interface Attachment {
  part: string;
  filename: string | null;
  mime_type: string;
  size: number;
  inline: boolean;
}

export interface Shape {
  texts: TextPart[];
  attachments: Attachment[];
  /** The Message-ID of a mail that is enclosed as a part, as bounces do. */
  enclosed: string | null;
  /** True for a report of deliveries (RFC 6522). */
  report: boolean;
}

/** More is an attack on readers: text parts read, attachments listed, levels of nesting followed. */
const MAX_TEXTS = 8;
const MAX_ATTACHMENTS = 100;
const MAX_DEPTH = 50;
const MAX_NAME = 255;
/** A given name is read this far, so that one of control characters costs nothing. */
const MAX_GIVEN_NAME = 4 * MAX_NAME;

/** Which parts of a message are its text, and which its attachments; nothing but the structure is looked at. */
export function shapeOf(structure: MessageStructureObject | undefined): Shape {
  const shape: Shape = { texts: [], attachments: [], enclosed: null, report: false };
  if (structure) walk(structure, shape, 0, null);
  return shape;
}

function walk(node: MessageStructureObject, shape: Shape, depth: number, alternative: number | null): void {
  const type = (node.type || 'text/plain').toLowerCase();
  if (type === 'multipart/report') shape.report = true;
  if (type.startsWith('multipart/')) {
    // Named by the texts before it; within one, further alternatives are parts of the same choice.
    const within = alternative ?? (type === 'multipart/alternative' ? shape.texts.length : null);
    if (depth < MAX_DEPTH) for (const child of node.childNodes ?? []) walk(child, shape, depth + 1, within);
    return;
  }
  const text = textOf(node, type, shape, alternative);
  if (text && shape.texts.length < MAX_TEXTS) {
    shape.texts.push(text);
    return;
  }
  if (type === 'message/rfc822') shape.enclosed ??= node.envelope?.messageId ?? null;
  if (shape.attachments.length < MAX_ATTACHMENTS) shape.attachments.push(attachmentOf(node, type));
}

function textOf(
  node: MessageStructureObject,
  type: string,
  shape: Shape,
  alternative: number | null,
): TextPart | null {
  const kind = kindOf(type, shape.report);
  if (kind === null || node.disposition?.toLowerCase() === 'attachment') return null;
  if (
    (kind === 'plain' || kind === 'html') &&
    nameOf(node) !== null &&
    node.disposition !== undefined &&
    shape.texts.length > 0
  )
    return null;
  const { part = '1', encoding, size = 0 } = node;
  return { part, kind, charset: node.parameters?.['charset'], encoding, size, alternative };
}

function kindOf(type: string, report: boolean): TextPart['kind'] | null {
  if (type === 'text/html') return 'html';
  if (type === 'text/rfc822-headers') return report ? 'headers' : null;
  if (type === 'message/delivery-status') return 'delivery-status';
  return type === 'text/plain' || type === 'text' || type === 'text/enriched' ? 'plain' : null;
}

function attachmentOf(node: MessageStructureObject, type: string): Attachment {
  const { part = '1', size = 0 } = node;
  const inline =
    node.disposition?.toLowerCase() === 'inline' || (node.id !== undefined && node.disposition === undefined);
  return { part, filename: nameOf(node), mime_type: type.slice(0, MAX_NAME), size, inline };
}

/** The name that the sender gave, without any path and without control characters. */
function nameOf(node: MessageStructureObject): string | null {
  const given = node.dispositionParameters?.['filename'] ?? node.parameters?.['name'];
  if (given === undefined) return null;
  const path = Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\'));
  const name = given
    .slice(path + 1, path + 1 + MAX_GIVEN_NAME)
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .toWellFormed();
  return name === '' || /^\.+$/.test(name) ? null : [...name].slice(0, MAX_NAME).join('');
}
