import type { MessageStructureObject } from 'imapflow';

const MAX_NAME = 255;
/** A given name is read this far, so that one of control characters costs nothing. */
const MAX_GIVEN_NAME = 4 * MAX_NAME;

/** Returns the name that the sender gave a part, without any path and without control characters. */
export function nameOf(node: MessageStructureObject): string | null {
  const given = node.dispositionParameters?.['filename'] ?? node.parameters?.['name'];
  if (given === undefined) return null;
  const path = Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\'));
  return cleanName(given.slice(path + 1));
}

/** Returns a name that a file may have. Returns null if nothing is left of it. */
export function cleanName(given: string): string | null {
  const name = given
    .slice(0, MAX_GIVEN_NAME)
    .replace(/[\p{Cc}\p{Cf}/\\]/gu, '')
    .trim()
    .toWellFormed();
  return name === '' || /^\.+$/.test(name) ? null : [...name].slice(0, MAX_NAME).join('');
}
