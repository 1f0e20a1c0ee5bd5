import type { BrowserWindow } from './clock.ts';

/**
 * Stands for election among the pages that use the same name, until `term` is aborted; at most one is elected at a time. A
 * browser without Web Locks, or without storage for them as in a sandboxed frame, elects every page.
 */
export function standForElection(
  w: BrowserWindow,
  name: string,
  term: AbortSignal,
  elected: () => void,
): void {
  const over = new Promise<void>((resolve) => term.addEventListener('abort', () => resolve()));
  const { locks } = w.navigator;
  if (!locks) {
    elected();
    return;
  }
  const serve = () => {
    elected();
    return over;
  };
  locks.request(name, { signal: term }, serve).catch((error: Error) => {
    if (error.name !== 'AbortError') elected();
  });
}
