import { domainToASCII } from 'node:url';
import * as z from 'zod';

/** RFC 5321 4.5.3.1: at most 64 octets before the @, and a path of 256 with its angle brackets. */
const MAX_LOCAL = 64;
const MAX_ADDRESS = 254;

/** Longer texts are never looked at: white space and a name in Unicode still fit. */
const MAX_GIVEN = 320;
/** RFC 5322 2.1.1: the longest line of a header. */
const MAX_MAILBOX = 998;

const NEVER = /[\s\p{C}]/u;
/** The URL parser behind domainToASCII would cut at these or decode them. */
const NEVER_IN_DOMAIN = /[%/\\?#:[\]]/;

/**
 * Normalises a bare e-mail address: trimmed, lower-cased, its domain in ASCII (IDNA). Returns null for any other text.
 *
 * Control characters and line ends never pass, so nobody can inject a header or an SMTP command. Non-ASCII before the @
 * is refused, since few servers accept it (RFC 6531).
 */
export function normaliseAddress(text: string): string | null {
  if (text.length > MAX_GIVEN) return null;
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  if (at < 1 || NEVER.test(trimmed) || NEVER_IN_DOMAIN.test(trimmed.slice(at + 1))) return null;
  const domain = domainToASCII(trimmed.slice(at + 1));
  if (domain === '' || !domain.includes('.')) return null;
  const address = `${trimmed.slice(0, at)}@${domain}`.toLowerCase();
  if (at > MAX_LOCAL || address.length > MAX_ADDRESS) return null;
  if (/^\.|\.\.|\.@/.test(address)) return null;
  return z.regexes.html5Email.test(address) ? address : null;
}

/** Normalises an address. Throws if the text is not one. */
export function requireAddress(text: string): string {
  const address = normaliseAddress(text);
  if (address !== null) return address;
  const quoted = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  throw new Error(`${quoted} is not an e-mail address; give one such as name@example.com.`);
}

/** The recipient or the sender of a mail. */
export interface Mailbox {
  name?: string;
  address: string;
}

/**
 * Reads `name@example.com` or `Name <name@example.com>`, the forms of DEFAULT_FROM_EMAIL. Returns null if the address is
 * malformed.
 */
export function parseMailbox(text: string): Mailbox | null {
  if (text.length > MAX_MAILBOX) return null;
  const trimmed = text.trim();
  const bracket = trimmed.endsWith('>') ? trimmed.lastIndexOf('<') : -1;
  if (bracket < 0) return withName('', trimmed);
  const quoted = trimmed.slice(0, bracket).trim();
  return withName(quoted.replace(/^"(.*)"$/s, '$1'), trimmed.slice(bracket + 1, -1));
}

/** Returns null for a name with angle brackets: mail programs read another address in it. */
function withName(given: string, bare: string): Mailbox | null {
  const [name, address] = [headerText(given), normaliseAddress(bare)];
  if (address === null || /[<>]/.test(name)) return null;
  return name === '' ? { address } : { name, address };
}

/** C0 and C1 control characters and Unicode's line ends; a header must not contain them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must find them
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Makes a text fit for a header: one line, no control characters. */
export function headerText(text: string): string {
  return text.replace(CONTROLS, ' ').trim();
}
