import domain from 'node:domain';

/**
 * Lets no `node:domain` be opened in this process. The Functions Framework opens one around every request, and the first
 * one makes Node follow each promise from its making to its collection, for as long as the process lives: half of the CPU
 * time of a sweep, and more than half of a round over many mailboxes, most of it in the garbage collector.
 *
 * A domain catches what is thrown outside the handler's promise. Without it such an error ends the instance, by the
 * framework's own handler of uncaught exceptions: no request is served in a process whose state is unknown.
 */
export function withoutDomains(): void {
  // Made without its constructor, which is what begins to follow promises; listeners can be added, none is called.
  domain.create = () =>
    Object.assign(Object.create(domain.Domain.prototype) as domain.Domain, {
      run: <T>(work: (...given: unknown[]) => T, ...given: unknown[]) => work(...given),
    });
}
