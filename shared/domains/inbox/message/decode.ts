import { decode } from 'libqp';

const MAX_LABEL = 100;
/** Octets that decide if a text is what its label says: its first line, which has 76 of base64. */
const MAX_FIRST_LINE = 1_000;
/** Base64 without its label is recognised from this many characters; shorter ones may be words. */
const MIN_UNLABELLED = 24;
/** Characters that no text has. UTF-16 has zeros, and ISO-2022-JP has escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
const CONTROLS = /[\x01-\x08\x0e-\x1a\x1c-\x1f]/;

/** Undoes a Content-Transfer-Encoding (RFC 2045, 6). An unknown one is taken for the bytes themselves. */
export function decodeTransfer(bytes: Buffer, encoding: string | undefined): Buffer {
  switch (nameOf(encoding)) {
    case 'base64':
      return decodeBase64(bytes.toString('latin1'));
    case 'quotedprintable':
      return decode(bytes.toString('latin1'));
    case 'uuencode':
      return decodeUu(bytes.toString('latin1'));
    default:
      return bytes;
  }
}

/** Undoes the Content-Transfer-Encoding of a text, if the text has it: the label may be wrong both ways. */
export function decodeTextTransfer(bytes: Buffer, encoding: string | undefined): Buffer {
  const name = nameOf(encoding);
  if (name === 'quotedprintable' || name === 'uuencode') return decodeTransfer(bytes, name);
  const text = bytes.toString('latin1');
  if (name === 'base64' && isUrlSafe(text)) return decodeBase64(text);
  if (name === 'base64') return isPlain(text) ? bytes : decodeBase64(withoutFooter(text));
  if (isUnlabelledBase64(text)) return decodeBase64(text);
  return isUnlabelledQuoted(text) ? decode(text) : bytes;
}

/** Programs misspell encodings, as in `quoted-printable;` or `Base 64`. */
function nameOf(encoding: string | undefined): string {
  const letters = (encoding ?? '')
    .slice(0, MAX_LABEL)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  if (/^x?uu(e|encode|encoded)?$/.test(letters)) return 'uuencode';
  return ['base64', 'quotedprintable'].find((name) => letters.startsWith(name)) ?? letters;
}

/** Base64 of several blocks, each padded, is read to its end; text after the padding, such as a footer, stays out. */
function decodeBase64(text: string): Buffer {
  const [first = '', ...others] = text.split(/=+/);
  const blocks = others.filter((block) => /^[\w+/\s-]*$/.test(block) && !/\S[ \t]+\S|_/.test(block));
  return Buffer.concat([first, ...blocks].map((block) => Buffer.from(block, 'base64')));
}

/** Returns true for base64 in the alphabet of URLs (RFC 4648, 5), which says something in UTF-8. */
const isUrlSafe = (text: string) =>
  /^[\w\s=-]+$/.test(text) && /[-_]/.test(text) && isText(Buffer.from(text, 'base64'));

/** Decodes the lines of uuencode: a length, then three octets in four characters from a blank on. */
function decodeUu(text: string): Buffer {
  const [, ...lines] = text.slice(Math.max(0, text.search(/^begin /m))).split(/\r?\n/);
  const octets = lines.slice(0, Math.max(0, lines.indexOf('end'))).map((line) => {
    const six = (at: number) => ((line.charCodeAt(at) || 0x20) - 0x20) & 0x3f;
    const length = line === '' ? 0 : six(0);
    const read = Buffer.alloc(Math.ceil(length / 3) * 3);
    for (let at = 0; at < read.length; at += 3) {
      const from = 1 + (at / 3) * 4;
      read.writeUIntBE(
        (six(from) << 18) | (six(from + 1) << 12) | (six(from + 2) << 6) | six(from + 3),
        at,
        3,
      );
    }
    return read.subarray(0, length);
  });
  return Buffer.concat(octets);
}

/** A text of base64 without the lines that a mailing list put below it. */
function withoutFooter(text: string): string {
  const other = text.search(/[^A-Za-z0-9+/=\s]/);
  return other < 0 ? text : text.slice(0, Math.max(0, text.lastIndexOf('\n', other)));
}

/** Returns true for plain text that is labelled base64: its first line has blanks, punctuation or an odd length. */
function isPlain(text: string): boolean {
  const line = text.trimStart().slice(0, MAX_FIRST_LINE).split(/\r?\n/, 1)[0] ?? '';
  if (/[^A-Za-z0-9+/=\s]|\S[ \t]+\S/.test(line)) return true;
  if (text.length >= MAX_FIRST_LINE) return false;
  const hasFooter = /[^A-Za-z0-9+/=\s]/.test(text);
  const isUneven = text.replace(/\s/g, '').length % 4 !== 0;
  if (!hasFooter && isUneven) return !isText(decodeBase64(text));
  return CONTROLS.test(decodeBase64(text).toString('latin1'));
}

/** Returns true for whole lines of base64, unlabelled, that say something in UTF-8. */
function isUnlabelledBase64(text: string): boolean {
  const first = text.slice(0, MAX_FIRST_LINE);
  if (!/^\s*[A-Za-z0-9+/]{24,}/.test(first) || /[^A-Za-z0-9+/=\s]|\S[ \t]+\S/.test(text)) return false;
  const letters = text.replace(/\s/g, '');
  if (letters.length < MIN_UNLABELLED || letters.length % 4 !== 0) return false;
  const decoded = decodeBase64(text);
  return isText(decoded) && /\s/.test(decoded.toString('latin1'));
}

/** Returns true for quoted-printable without its label: each `=` is one, and some name UTF-8 beyond ASCII. */
const isUnlabelledQuoted = (text: string) =>
  (/=C[23]=[89AB][0-9A-F]|=E2=8[0-9A-F]=[89AB][0-9A-F]/.test(text) || isQuotedLatin(text)) &&
  !/=(?![0-9A-F]{2}|\r?\n|$)/.test(text);

/** Returns true for some letters of Latin-1, quoted within words. */
const isQuotedLatin = (text: string) =>
  (text.match(/[a-z]=[EF][0-9A-F](?=[a-z\s.,;:!?'=]|$)/g) ?? []).length > 1;

/** Returns true for bytes that are no file: a text in any charset of single bytes, or UTF-8. */
export const isReadable = (bytes: Buffer): boolean => {
  const beginning = bytes.toString('latin1', 0, MAX_FIRST_LINE);
  return !beginning.includes('\0') && !CONTROLS.test(beginning) && !/^(%PDF|PK)/.test(beginning);
};

/** Returns true for UTF-8 without control characters. */
function isText(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return !text.includes('\0') && !CONTROLS.test(text);
  } catch {
    return false;
  }
}
