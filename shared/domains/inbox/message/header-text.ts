import iconv from 'iconv-lite';
import { decode } from 'libqp';
import { decodeCharset, decodeLine } from './charset.ts';

/** A word of RFC 2047. Blanks within it are wrong, and programs write them. */
const WORD = /=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([BQ])\?([^?]*)\?=/giy;
const BEGIN = '=?';
/** Longer values of a header are cut; no subject, name or file name is as long. */
const MAX_LENGTH = 20_000;

/**
 * Returns a header's value as text: raw 8-bit characters are UTF-8 if they can be, else Windows-1252, and encoded words
 * (RFC 2047) are decoded. Words side by side in one charset are decoded together, for a character may be cut between them.
 */
export function headerText(value: Buffer | string): string {
  const short = value.length > MAX_LENGTH ? value.slice(0, MAX_LENGTH) : value;
  const text = typeof short === 'string' ? short : decodeLine(short);
  if (!text.includes(BEGIN)) return text;
  let result = '';
  let word: { charset: string; octets: Buffer[] } | null = null;
  const finish = () => {
    if (word) result += decodeCharset(Buffer.concat(word.octets), word.charset);
    word = null;
  };
  for (let at = 0; at < text.length; ) {
    WORD.lastIndex = at;
    const found = WORD.exec(text);
    if (found) {
      const charset = (found[1] ?? '').toLowerCase();
      if (word && (word as { charset: string }).charset !== charset) finish();
      word ??= { charset, octets: [] };
      word.octets.push(octetsOf(charset, found[2] ?? '', found[3] ?? ''));
      at = WORD.lastIndex;
      continue;
    }
    const next = text.indexOf(BEGIN, at + 1);
    const between = text.slice(at, next < 0 ? text.length : next);
    // Blanks between two words are no part of the text.
    WORD.lastIndex = next;
    const isGap = word !== null && next >= 0 && between.trim() === '' && WORD.test(text);
    if (!isGap) {
      finish();
      result += between;
    }
    at += between.length;
  }
  finish();
  return result;
}

/** The octets of an encoded word. Characters beyond ASCII, which none may have, stand for their own in its charset. */
function octetsOf(charset: string, encoding: string, text: string): Buffer {
  if (/^b$/i.test(encoding)) return Buffer.from(text, 'base64');
  const raw = text.replace(/_/g, ' ').replace(/[^\0-\x7f]/gu, (character) => {
    const bytes = iconv.encodingExists(charset) ? iconv.encode(character, charset) : Buffer.from(character);
    return bytes.toString('hex').replace(/../g, (hex) => `=${hex.toUpperCase()}`);
  });
  return decode(raw.replace(/ /g, '=20'));
}
