import type { BrowserWindow } from './clock.ts';

/**
 * Waits until the browser elects this page among those that use the same name, and serves until `term` is aborted.
 * A browser without Web Locks elects every page.
 */
export async function whileElected(
  w: BrowserWindow,
  name: string,
  term: AbortSignal,
  serve: () => Promise<void>,
): Promise<void> {
  const over = new Promise<void>((resolve) => term.addEventListener('abort', () => resolve()));
  const serveTerm = () => Promise.race([serve(), over]);
  const { locks } = w.navigator;
  if (!locks) return serveTerm();
  await locks.request(name, { signal: term }, serveTerm).catch((error: Error) => {
    // The browser denies locks to a page without storage, such as a sandboxed frame.
    if (error.name === 'SecurityError') return serveTerm();
    throw error;
  });
}
