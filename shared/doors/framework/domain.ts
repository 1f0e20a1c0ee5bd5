import domain from 'node:domain';

/**
 * Keeps this process from opening a `node:domain`. The Functions Framework opens one around every request, and the first
 * one makes Node track each promise for the rest of the process: half of the CPU time of a sweep, and more of a sync of many
 * mailboxes, most of it in the garbage collector.
 *
 * A domain catches errors outside the handler's promise. Without it the framework's handler of uncaught exceptions ends
 * the instance: no request is served in a process of unknown state.
 */
export function withoutDomains(): void {
  // Skips the constructor, which would start to track promises. Listeners can be added and are never called.
  domain.create = () =>
    Object.assign(Object.create(domain.Domain.prototype) as domain.Domain, {
      run: <T>(work: (...given: unknown[]) => T, ...given: unknown[]) => work(...given),
    });
}
