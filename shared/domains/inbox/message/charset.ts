import iconv from 'iconv-lite';

/** The charset if neither label nor bytes say anything better: old Western mail, in which every byte has a meaning. */
const LAST_RESORT = 'windows-1252';
/** The longest name of a charset has 45 characters (IANA). */
const MAX_LABEL = 100;
/** HTML names its charset within its first 1,024 octets; mail programs put styles before it. */
const MAX_META_OCTETS = 4_096;
/** A label is wrong if more than one in this many characters beyond ASCII is unreadable with it. */
const MAX_UNREADABLE = 5;

/** The designation that begins a text of ISO-2022-KR. */
const KOREAN_HEADER = '\x1b$)C';

/** The escapes that begin Japanese in ISO-2022-JP. */
const JAPANESE = ['\x1b$@', '\x1b$B'];

/** Labels that say nothing: mail programs put them on whatever they send. */
const EMPTY_LABELS = new Set([
  ...['', 'default', 'unknown', 'x-unknown', 'unknown-8bit', 'us-ascii', 'ascii', 'ansi_x3.4-1968', 'binary'],
  ...['utf-8', 'utf8', 'unicode-1-1-utf-8'],
]);

/**
 * Bytes as text; never throws. Valid UTF-8 with characters beyond ASCII is nothing else, whatever its label. Otherwise the
 * label decides if it is known and the bytes agree, and the last resort is Windows-1252. `cut`: the bytes may end within a
 * character.
 */
export function decodeCharset(bytes: Buffer, label: string | undefined, cut = false): string {
  const name = nameOf(label);
  const marked = byteOrder(bytes);
  if (marked !== null) return new TextDecoder(marked).decode(bytes);
  const whole = cut ? withoutPartialCharacter(bytes) : bytes;
  const isUnlabelled = EMPTY_LABELS.has(name);
  if (isUnlabelled && JAPANESE.some((begin) => bytes.includes(begin))) return labelled(bytes, 'iso-2022-jp');
  const unicode = isUnlabelled || !isAscii(whole) ? utf8(whole) : null;
  return unicode ?? (isUnlabelled ? mixed(whole) : labelled(bytes, name));
}

/** Bytes of a header or of a server's answer as text: UTF-8, with Windows-1252 for what is none. */
export const decodeLine = (bytes: Buffer): string => utf8(bytes) ?? mixed(bytes);

/** HTML as text, by the charset that it names itself if its label says nothing. */
export function decodeHtml(bytes: Buffer, label: string | undefined, cut = false): string {
  if (!EMPTY_LABELS.has(nameOf(label))) return decodeCharset(bytes, label, cut);
  const head = bytes.toString('latin1', 0, MAX_META_OCTETS);
  const tags = head.match(/<meta\b[^>]{0,200}/gi) ?? [];
  const names = tags.map((tag) => /\bcharset\s*=\s*["']?([\w.:-]{1,40})/i.exec(tag)?.[1]);
  const named = names.find((own) => own !== undefined);
  // HTML that names UTF-16 in ASCII is UTF-8 (https://html.spec.whatwg.org/#charset).
  return decodeCharset(bytes, named && /^utf-?16/i.test(named) ? 'utf-8' : (named ?? label), cut);
}

const nameOf = (label: string | undefined) =>
  (label ?? '')
    .slice(0, MAX_LABEL)
    .toLowerCase()
    .replace(/^[\s"']*(?:charset\s*=)?[\s"']*/, '')
    .replace(/[\s"';].*$/s, '');

/** Charsets of escape sequences, such as ISO-2022-JP, and UTF-16 of Western texts may have ASCII bytes only. */
const isAscii = (bytes: Buffer) => bytes.every((byte) => byte < 0x80);

/** Returns the charset that a byte order mark names. */
function byteOrder(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
}

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g;

/** The characters of the last resort for the bytes from 0x80 on. */
const SINGLE = new TextDecoder(LAST_RESORT).decode(
  Buffer.from(Array.from({ length: 128 }, (_, at) => 0x80 + at)),
);

/** Text of UTF-8 with single bytes of Windows-1252 in it, as when a footer was added in another charset. */
const mixed = (bytes: Buffer) =>
  bytes
    .toString('latin1')
    .replace(CHARACTER, (found) =>
      found.length > 1
        ? Buffer.from(found, 'latin1').toString()
        : (SINGLE[found.charCodeAt(0) - 0x80] as string),
    );

function labelled(bytes: Buffer, name: string): string {
  const text = namedText(bytes, name);
  if (text === null) return utf8(bytes) ?? mixed(bytes);
  const unreadable = text.split('\ufffd').length - 1;
  if (unreadable === 0) return text;
  const beyondAscii = text.replace(/[\0-\x7f]/g, '').length;
  return unreadable * MAX_UNREADABLE > beyondAscii ? mixed(bytes) : text;
}

/** Returns null for a charset that nobody knows. */
function namedText(bytes: Buffer, name: string): string | null {
  if (/^(utf-?16|ucs-?2|unicode)$/.test(name)) return new TextDecoder(likelyOrder(bytes)).decode(bytes);
  if (/^(hz|hz-gb-2312)$/.test(name)) return new TextDecoder('gbk').decode(withHighBits(bytes, '~{', '~}'));
  if (name === 'iso-2022-kr') return new TextDecoder('euc-kr').decode(withHighBits(bytes, '\x0e', '\x0f'));
  try {
    return new TextDecoder(name).decode(bytes);
  } catch {
    // The platform knows the web's charsets; iconv-lite the others, such as cp850.
    return iconv.encodingExists(name) ? iconv.decode(bytes, name) : null;
  }
}

/** UTF-16 without a mark: Western text has its zero bytes first in big-endian order. */
function likelyOrder(bytes: Buffer): 'utf-16le' | 'utf-16be' {
  let balance = 0;
  for (const [index, byte] of bytes.subarray(0, MAX_META_OCTETS).entries())
    if (byte === 0) balance += index % 2 === 0 ? 1 : -1;
  return balance >= 0 ? 'utf-16be' : 'utf-16le';
}

/** Sets the high bits of text between two marks (RFC 1843, RFC 1557), which makes it the 8-bit form of the charset. */
function withHighBits(bytes: Buffer, begin: string, end: string): Buffer {
  const text = bytes.toString('latin1');
  const [first = '', ...shifted] = text.replace(KOREAN_HEADER, '').split(begin);
  const raised = shifted.map((part) => {
    const [inside = '', ...after] = part.split(end);
    return inside.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) | 0x80)) + after.join('');
  });
  return Buffer.from(first + raised.join(''), 'latin1');
}

/** Without a last UTF-8 character that was cut: at most three bytes. */
function withoutPartialCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
