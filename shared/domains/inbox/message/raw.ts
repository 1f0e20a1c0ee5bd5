import type { MessageStructureObject } from 'imapflow';
import { getStructuredParams } from 'imapflow/lib/tools.js';
import { decodeTransfer, isReadable } from './decode.ts';
import { headerText } from './header-text.ts';
import { type Headers, messageIdsIn, parseHeaders } from './headers.ts';

/** A mail as it was read from its octets: the same tree as a server describes, and the octets of each part. */
export interface RawMail {
  structure: MessageStructureObject;
  parts: ReadonlyMap<string, Buffer>;
}

const MAX_DEPTH = 20;
const MAX_CHILDREN = 100;
const MAX_VALUE = 4_000;
/** Characters of a line that show if it is a field of a header. */
const MAX_NAME = 100;
/** The longest line that may be a guessed boundary; RFC 2046, 5.1.1, has 70 characters. */
const MAX_BOUNDARY = 200;
/** Letters of a text that programs put before a multipart for readers without MIME. */
const MAX_BOILERPLATE = 400;

/**
 * Reads a mail whose structure the server did not name, as forgivingly as mail programs do: a type without a subtype is
 * text (RFC 2045, 5.2), a boundary that is absent or wrong is guessed, and text before the first boundary is kept if the
 * mail has no other text.
 */
export function readRaw(raw: Buffer): RawMail {
  const parts = new Map<string, Buffer>();
  const text = raw.toString('latin1');
  // Old programs end lines by CR alone.
  const lines = text.includes('\n') ? text : text.replaceAll('\r', '\n');
  return { structure: readEntity(lines, [], { parts, depth: 0 }), parts };
}

/** Types of no kind that a mail program knows: their content may be a text. */
const UNKNOWN =
  /^application\/(octet-stream|unknown|x-unknown|text)$|^(?!(application|audio|font|image|message|model|multipart|text|video)\/)/;

type Parameters = Record<string, string>;

interface Reading {
  parts: Map<string, Buffer>;
  depth: number;
}

function readEntity(text: string, path: readonly number[], reading: Reading): MessageStructureObject {
  const { head, body } = splitHead(text);
  const headers = parseHeaders(head);
  const { type, parameters } = readType(first(headers, 'content-type'));
  const encoding = first(headers, 'content-transfer-encoding').toLowerCase();
  const multipart = type.startsWith('multipart/') && reading.depth < MAX_DEPTH;
  const children = multipart ? readChildren(body, { parameters, encoding }, path, reading) : null;
  if (children) return { type, parameters, childNodes: children };
  const own = path.length === 0 ? [1] : [...path];
  const part = own.join('.');
  const disposition = readDisposition(first(headers, 'content-disposition'));
  const isFile = disposition.disposition === 'attachment' || parameters['name'] !== undefined;
  const isText = multipart || (!isFile && UNKNOWN.test(type) && isReadable(Buffer.from(body, 'latin1')));
  const leaf = { part, type: isText ? 'text/plain' : type, parameters, encoding, size: body.length };
  reading.parts.set(part, Buffer.from(body, 'latin1'));
  const id = first(headers, 'content-id');
  const whole = { ...leaf, ...disposition, ...(id === '' ? {} : { id }) } as MessageStructureObject;
  if (type !== 'message/rfc822' || reading.depth >= MAX_DEPTH) return whole;
  return { ...whole, ...readEnclosed(body, encoding, own, reading) };
}

/** An enclosed mail: its subject, its Message-ID, and its own tree. */
function readEnclosed(body: string, encoding: string, path: readonly number[], reading: Reading) {
  const text = decodeTransfer(Buffer.from(body, 'latin1'), encoding).toString('latin1');
  const headers = parseHeaders(splitHead(text).head);
  const [messageId] = messageIdsIn(headers.get('message-id')?.[0]);
  const child = readEntity(text, [...path, 1], { ...reading, depth: reading.depth + 1 });
  const subject = headerText(Buffer.from(first(headers, 'subject'), 'latin1'));
  return { envelope: { subject, ...(messageId ? { messageId } : {}) }, childNodes: [child] };
}

/** Returns the parts of a multipart, with the text before them if they have none. Returns null if there are no parts. */
function readChildren(
  given: string,
  { parameters, encoding }: { parameters: Parameters; encoding: string },
  path: readonly number[],
  reading: Reading,
): MessageStructureObject[] | null {
  const body = encoding.startsWith('base64') ? decoded(given, encoding) : given;
  const [preamble = '', ...pieces] =
    cut(body, parameters['boundary']) ?? cut(body, guessBoundary(body)) ?? [];
  if (pieces.length === 0) return null;
  const deeper = { ...reading, depth: reading.depth + 1 };
  const children = pieces
    .slice(0, MAX_CHILDREN)
    .map((piece, index) => readEntity(piece, [...path, index + 1], deeper));
  if (children.some(hasText) || isBoilerplate(preamble)) return children;
  const part = [...path, 0].join('.');
  reading.parts.set(part, Buffer.from(preamble, 'latin1'));
  return [{ part, type: 'text/plain', size: preamble.length }, ...children];
}

/** A multipart that a program encoded as a whole, against RFC 2045, 6.4. */
const decoded = (body: string, encoding: string) =>
  body.includes('\n--') || body.startsWith('--')
    ? body
    : decodeTransfer(Buffer.from(body, 'latin1'), encoding).toString('latin1');

const hasText = ({ type, disposition, childNodes = [] }: MessageStructureObject): boolean =>
  (/^text\/(plain|html)$/.test(type) && disposition !== 'attachment') || childNodes.some(hasText);

const isBoilerplate = (text: string) =>
  text.trim() === '' || (text.length < MAX_BOILERPLATE && /\bMIME\b|multi-?part/i.test(text));

/** Cuts a body at the lines that are a boundary. Returns null if there is none. */
function cut(body: string, boundary: string | undefined): string[] | null {
  if (boundary === undefined || boundary === '') return null;
  const [line, end] = [`--${boundary}`, `--${boundary}--`];
  const pieces: string[][] = [[]];
  let isEnded = false;
  for (const each of body.split('\n')) {
    const said = each.trimEnd();
    isEnded = said === end;
    if (isEnded) break;
    if (said === line) pieces.push([]);
    else pieces.at(-1)?.push(each);
  }
  const parts = pieces.map((lines) => lines.join('\n'));
  if (parts.length > 1) return parts;
  // The line before the first part may be absent.
  return isEnded && /^content-[\w-]{1,60}:/i.test(parts[0] ?? '') ? ['', ...parts] : null;
}

/** Returns the first line that looks like a boundary: two hyphens, and a header field or an empty line below. */
function guessBoundary(body: string): string | undefined {
  const lines = body.split('\n');
  const isBelow = (line: string, isLast: boolean) =>
    /^[\w-]{1,60}:/.test(line) || (line.trim() === '' && !isLast);
  const found = lines.find(
    (line, index) =>
      line.length <= MAX_BOUNDARY &&
      /^--+[\w=]/.test(line) &&
      isBelow(lines[index + 1] ?? '', index + 2 >= lines.length),
  );
  return found?.trimEnd().slice(2);
}

/** Cuts an entity at its first empty line, or at the first line that is no field. */
function splitHead(text: string): { head: string; body: string } {
  let at = 0;
  for (let end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const line = text.slice(at, Math.min(end, at + MAX_NAME)).trimEnd();
    if (line === '') return { head: text.slice(0, at), body: text.slice(end + 1) };
    // A mailbox file puts a line "From " above the header.
    if (!/^([\w-]{1,60}[ \t]?:|[ \t])/.test(line) && !(at === 0 && /^>?From /.test(line))) break;
  }
  return { head: text.slice(0, at), body: text.slice(at) };
}

const first = (headers: Headers, name: string): string => (headers.get(name)?.[0] ?? '').slice(0, MAX_VALUE);

function readType(value: string): { type: string; parameters: Parameters } {
  const [given = '', major = '', minor = ''] =
    /^[\s"]*([\w!#$&.+^-]+)(?:\s*\/\s*([\w!#$&.+^-]+))?/.exec(value) ?? [];
  const parameters = readParameters(value.slice(given.length));
  if (major !== '' && minor !== '') return { type: `${major}/${minor}`.toLowerCase(), parameters };
  return { type: /^multipart$/i.test(major) ? 'multipart/mixed' : 'text/plain', parameters };
}

function readDisposition(value: string): { disposition?: string; dispositionParameters?: Parameters } {
  const [disposition] = /^[\w-]+/.exec(value.trim()) ?? [];
  if (disposition === undefined) return {};
  return { disposition: disposition.toLowerCase(), dispositionParameters: readParameters(value) };
}

/** Reads `name=value` pairs, whatever stands between them; a name in pieces is joined (RFC 2231). */
function readParameters(value: string): Parameters {
  const pairs = value.matchAll(/(?<![\w*-])([\w*-]+)\s*=\s*(?:"([^"]*)"?|([^\s;"]+))/g);
  return getStructuredParams(
    [...pairs].flatMap(([, name = '', quoted, bare]) => [
      { type: 'ATOM', value: name.toLowerCase() },
      { type: 'STRING', value: headerText(Buffer.from(quoted ?? bare ?? '', 'latin1')) },
    ]),
  );
}
