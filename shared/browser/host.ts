import type { BrowserWindow } from './clock.ts';

/** Marks of this page that all modules of the client share, also those that were loaded on their own. */
const WARNED = Symbol.for('ronde.warned');

/** Writes one warning to the console: the first fault of the configuration that a page meets. */
export function warn(w: BrowserWindow, text: string): void {
  const page = w as { [WARNED]?: boolean };
  if (!page[WARNED]) w.console?.warn(`ronde: ${text}`);
  page[WARNED] = true;
}

/** Returns a random UUID. `crypto.randomUUID` is missing on plain http; getRandomValues is not. */
export function newId({ crypto }: BrowserWindow): string {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    (byte + 256).toString(16).slice(1),
  );
  return hex.join('').replace(/(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-4$3-a$4-');
}

/** Cuts a text to the length that the server accepts, and replaces halves of surrogate pairs by U+FFFD. */
export const toText = (text: unknown, max: number): string =>
  new TextDecoder().decode(new TextEncoder().encode(`${text ?? ''}`.slice(0, max)));

/** Runs an action of the client for the page. The page never sees its error, only a warning in the console. */
export function shield<T>(w: BrowserWindow, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    warn(w, `${error}`);
    return undefined;
  }
}

/** Throws if the options cannot work. */
export function checkOptions(
  { endpoint, getToken }: { endpoint: string; getToken: unknown },
  w: BrowserWindow,
): void {
  new URL(endpoint, w.location.href);
  if (typeof getToken !== 'function') throw new Error('getToken must be a function');
}
