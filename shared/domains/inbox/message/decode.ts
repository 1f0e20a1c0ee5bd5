import iconv from 'iconv-lite';
import { decode } from 'libqp';

/** The charset if neither label nor bytes say anything better: old Western mail, in which every byte has a meaning. */
const LAST_RESORT = 'windows-1252';

/** The longest name of a charset has 45 characters (IANA). */
const MAX_LABEL = 100;

/** Labels that say nothing: mail programs put them on whatever they send. */
const EMPTY_LABELS = new Set([
  '',
  'default',
  'unknown',
  'x-unknown',
  'unknown-8bit',
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
]);

/** A text shows within this many octets if it is base64: its lines have 76. */
const MAX_FIRST_LINE = 200;

/** Undoes a Content-Transfer-Encoding (RFC 2045, 6). An unknown one is taken for the bytes themselves. */
export function decodeTransfer(bytes: Buffer, encoding: string | undefined): Buffer {
  if (isBase64(encoding)) return Buffer.from(bytes.toString('latin1'), 'base64');
  return nameOf(encoding) === 'quotedprintable' ? decode(bytes.toString('latin1')) : bytes;
}

/** Programs misspell encodings, as in `quoted-printable;` or `Base 64`. */
const nameOf = (encoding: string | undefined) =>
  (encoding ?? '')
    .slice(0, MAX_LABEL)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
const isBase64 = (encoding: string | undefined) => nameOf(encoding) === 'base64';

/**
 * Undoes the Content-Transfer-Encoding of a text. Plain text that is labelled base64 has blanks between its words, and is
 * taken as it is; a list's footer after base64 stays out.
 */
export function decodeTextTransfer(bytes: Buffer, encoding: string | undefined): Buffer {
  const isPlain = isBase64(encoding) && /[!-~] +[!-~]/.test(bytes.toString('latin1', 0, MAX_FIRST_LINE));
  return isPlain ? bytes : decodeTransfer(bytes, encoding);
}

/**
 * Bytes as text; never throws. Valid UTF-8 with characters beyond ASCII is nothing else, whatever its label. Otherwise the
 * label decides if it is known, and the last resort is Windows-1252. `cut`: the bytes may end within a character.
 */
export function decodeCharset(bytes: Buffer, label: string | undefined, cut = false): string {
  const name = (label ?? '')
    .slice(0, MAX_LABEL)
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '');
  const whole = cut ? withoutPartialCharacter(bytes) : bytes;
  const isUnlabelled = EMPTY_LABELS.has(name) || name === 'utf-8' || name === 'utf8';
  const unicode = isUnlabelled || !isAscii(whole) ? utf8(whole) : null;
  return unicode ?? labelled(bytes, isUnlabelled ? LAST_RESORT : name);
}

/** Charsets of escape sequences, such as ISO-2022-JP, and UTF-16 of Western texts may have ASCII bytes only. */
const isAscii = (bytes: Buffer) => bytes.every((byte) => byte < 0x80);

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function labelled(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder(name).decode(bytes);
  } catch {
    // The platform knows the web's charsets; iconv-lite the others, such as cp850.
    if (iconv.encodingExists(name)) return iconv.decode(bytes, name);
    return utf8(bytes) ?? new TextDecoder(LAST_RESORT).decode(bytes);
  }
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
