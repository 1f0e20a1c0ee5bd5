import type { MessageStructureObject } from 'imapflow';
import { cleanName, nameOf } from './part-name.ts';

/** A part whose text is read. */
export interface TextPart {
  /** Its number (RFC 9051, 6.4.5.1). */
  part: string;
  kind: 'plain' | 'html' | 'delivery-status' | 'headers' | 'feedback';
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
  /** True for a report of a machine (RFC 6522): on a delivery, a reading, a complaint. */
  report: boolean;
  /** True for an emoji that a person sends by one click. */
  reaction: boolean;
  /** True if the server did not say the structure in full: there may be more text. */
  doubtful: boolean;
}

/** More is an attack on readers: text parts read, attachments listed, levels of nesting followed. */
const MAX_TEXTS = 8;
const MAX_ATTACHMENTS = 100;
const MAX_DEPTH = 50;
/** The longest name of a type (RFC 6838, 4.2, has 127 for each half). */
const MAX_TYPE = 255;

/** The parts that a machine reads, whatever their disposition: some servers send them as attachments. */
const MACHINE_PARTS: Readonly<Record<string, TextPart['kind']>> = {
  'text/rfc822-headers': 'headers',
  'message/rfc822-headers': 'headers',
  'message/global-headers': 'headers',
  'message/delivery-status': 'delivery-status',
  'message/global-delivery-status': 'delivery-status',
  'message/feedback-report': 'feedback',
};
/** RFC 8098; a reading says nothing about an answer. */
const RECEIPTS = ['message/disposition-notification', 'message/global-disposition-notification'];
const REACTION = 'text/vnd.google.email-reaction+json';
const ENCLOSED = ['message/rfc822', 'message/global'];

interface Leaf {
  node: MessageStructureObject;
  type: string;
  alternative: number | null;
}

/** Which parts of a message are its text, and which its attachments; nothing but the structure is looked at. */
export function shapeOf(structure: MessageStructureObject | undefined): Shape {
  const shape: Shape = {
    texts: [],
    attachments: [],
    enclosed: null,
    report: false,
    reaction: false,
    doubtful: !structure,
  };
  const leaves: Leaf[] = [];
  if (structure) walk(structure, shape, leaves, { depth: 0, alternative: null });
  // A mail that is a text file only says what that file says.
  if (shape.texts.length === 0) {
    const only = leaves.find(({ type }) => type.startsWith('text/') && type !== REACTION);
    if (only) shape.texts.push(textPart(only, only.type === 'text/html' ? 'html' : 'plain'));
  }
  return shape;
}

/**
 * The shape of a mail that was read from its octets: of a mail that only encloses another one, the text is that one's.
 */
export function shapeOfRaw(structure: MessageStructureObject): Shape {
  const shape = shapeOf(structure);
  const [inner] = shape.texts.length === 0 ? enclosedIn(structure) : [];
  return inner ? { ...shape, texts: shapeOfRaw(inner).texts } : shape;
}

const enclosedIn = ({ type, childNodes = [] }: MessageStructureObject): MessageStructureObject[] =>
  ENCLOSED.includes(type) ? childNodes : childNodes.flatMap(enclosedIn);

interface Place {
  depth: number;
  alternative: number | null;
}

function walk(
  node: MessageStructureObject,
  shape: Shape,
  leaves: Leaf[],
  { depth, alternative }: Place,
): void {
  const type = typeOf(node);
  if (type === 'multipart/report' || RECEIPTS.includes(type)) shape.report = true;
  if (type === REACTION) shape.reaction = true;
  if (type.startsWith('multipart/')) {
    // Named by the texts before it; within one, further alternatives are parts of the same choice.
    const within = alternative ?? (type === 'multipart/alternative' ? shape.texts.length : null);
    const place = { depth: depth + 1, alternative: within };
    if (isHollow(node)) shape.doubtful = true;
    if (depth < MAX_DEPTH) for (const child of node.childNodes ?? []) walk(child, shape, leaves, place);
    return;
  }
  const leaf = { node, type, alternative };
  if (!/^[^/]+\/[^/]+$/.test(node.type)) shape.doubtful = true;
  leaves.push(leaf);
  const text = shape.texts.length < MAX_TEXTS ? textOf(leaf, shape) : null;
  if (text) shape.texts.push(text);
  if (ENCLOSED.includes(type)) shape.enclosed ??= node.envelope?.messageId ?? null;
  const listed = !text || isNamedText(leaf, shape.texts.length - 1);
  if (listed && shape.attachments.length < MAX_ATTACHMENTS) shape.attachments.push(attachmentOf(node, type));
}

/** A multipart without parts, for which some servers make up an empty one: its boundary is not the one it names. */
const isHollow = ({ childNodes = [] }: MessageStructureObject) =>
  childNodes.every(({ size, childNodes: inner }) => inner === undefined && !size);

/** Other names of HTML. */
const HTML_TYPES = [
  'html/text',
  'text/xhtml',
  'text/htm',
  'text/x-html',
  'application/xhtml+xml',
  'application/html',
];

/** RFC 2045, 5.2: a type that cannot be read is text/plain. imapflow joins what the server gives by a slash. */
function typeOf({ type }: MessageStructureObject): string {
  const given = (type || 'text/plain').toLowerCase();
  if (['text', 'text/', '/', '', 'plain/text'].includes(given)) return 'text/plain';
  return HTML_TYPES.includes(given) ? 'text/html' : given;
}

function textOf(leaf: Leaf, shape: Shape): TextPart | null {
  const { node, type } = leaf;
  const machine = MACHINE_PARTS[type];
  if (machine) return textPart(leaf, machine);
  const kind = kindOf(type);
  if (kind === null || node.disposition?.toLowerCase() === 'attachment') return null;
  const named = nameOf(node) !== null && shape.texts.length > 0;
  // A named page is a file beside the text; a named text says something itself.
  if (named && (kind === 'html' || node.disposition !== undefined)) return null;
  return textPart(leaf, kind);
}

/** A text with a file name beside another text is listed as a file too. */
const isNamedText = ({ node, type }: Leaf, before: number) =>
  before > 0 && MACHINE_PARTS[type] === undefined && nameOf(node) !== null;

function textPart({ node, alternative }: Leaf, kind: TextPart['kind']): TextPart {
  const { part = '1', encoding, size = 0 } = node;
  return { part, kind, charset: node.parameters?.['charset'], encoding, size, alternative };
}

function kindOf(type: string): 'plain' | 'html' | null {
  if (type === 'text/html') return 'html';
  return type === 'text/plain' || type === 'text/enriched' ? 'plain' : null;
}

function attachmentOf(node: MessageStructureObject, type: string): Attachment {
  const { part = '1', size = 0, encoding } = node;
  const inline =
    node.disposition?.toLowerCase() === 'inline' || (node.id !== undefined && node.disposition === undefined);
  return {
    part,
    filename: nameOf(node) ?? enclosedName(node, type),
    mime_type: type.slice(0, MAX_TYPE),
    size: decodedSize(size, encoding),
    inline,
  };
}

/** Base64 takes four octets for three, in lines of 76 with two for the line end. */
const decodedSize = (size: number, encoding: string | undefined) =>
  encoding?.toLowerCase() === 'base64' ? Math.floor((size * 76 * 3) / (78 * 4)) : size;

/** An enclosed mail bears its subject as its name. */
function enclosedName({ envelope }: MessageStructureObject, type: string): string | null {
  const subject = ENCLOSED.includes(type) ? envelope?.subject : undefined;
  return subject === undefined || subject === '' ? null : cleanName(`${subject}.eml`);
}
