import { domainToASCII } from 'node:url';
import * as z from 'zod';

/** RFC 5321 4.5.3.1: at most 64 octets before the @, and a path of 256 with its angle brackets. */
const MAX_LOCAL = 64;
const MAX_ADDRESS = 254;

const NEVER = /[\s\p{C}]|@.*[%/\\?#:[\]]/u;

const html5Email = z.email({ pattern: z.regexes.html5Email });

/**
 * A bare e-mail address in the form it is stored, compared and sent in: trimmed, lower-cased, its domain in ASCII
 * (IDNA). Returns null for what is not one address; control characters and line ends never pass, so that no header and
 * no SMTP command can be injected. Non-ASCII before the @ is refused: few servers take it (RFC 6531).
 */
export function normaliseAddress(text: string): string | null {
  const trimmed = text.trim();
  // The URL parser behind domainToASCII would drop line ends, cut at a slash and decode percent signs.
  if (NEVER.test(trimmed)) return null;
  const at = trimmed.lastIndexOf('@');
  const domain = at < 1 ? '' : domainToASCII(trimmed.slice(at + 1));
  if (domain === '' || !domain.includes('.')) return null;
  const address = `${trimmed.slice(0, at)}@${domain}`.toLowerCase();
  if (at > MAX_LOCAL || address.length > MAX_ADDRESS) return null;
  if (/^\.|\.\.|\.@/.test(address)) return null;
  return html5Email.safeParse(address).success ? address : null;
}

/** Like `normaliseAddress`; throws with the value, the rule and the remedy. */
export function requireAddress(text: string): string {
  const address = normaliseAddress(text);
  if (address !== null) return address;
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  throw new Error(`${shown} is not an e-mail address; give one such as name@example.com.`);
}

/** One person a mail goes to or comes from. */
export interface Mailbox {
  name?: string;
  address: string;
}

/**
 * Reads `name@example.com` or `Name <name@example.com>`, as DEFAULT_FROM_EMAIL holds it. Null where the address is not
 * one.
 */
export function parseMailbox(text: string): Mailbox | null {
  const [, quoted, bracketed] = /^\s*(.*?)\s*<([^<>]*)>\s*$/s.exec(text) ?? [];
  const address = normaliseAddress(bracketed ?? text);
  if (address === null) return null;
  const name = headerText((quoted ?? '').replace(/^"(.*)"$/s, '$1'));
  return name === '' ? { address } : { name, address };
}

/** C0 and C1 control characters and Unicode's own line ends: none of them belongs in a header. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text as it may stand in a header: on one line, without control characters. */
export function headerText(text: string): string {
  return text.replace(CONTROLS, ' ').trim();
}
