import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HostGate } from '../../../../../shared/domains/inbox/imap/host-gate.ts';

/** Works of a gate that end on request, and the order in which they began. */
function works(gate: HostGate) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const send = (name: string, host: string) =>
    gate.through(host, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await setImmediate();
  };
  return { begun, send, end };
}

describe('the gate before mail servers', () => {
  it('admits a limited number per host, in any case of its name, in the order of arrival', async () => {
    const { begun, send, end } = works(new HostGate(2, 10));
    const all = ['a', 'b', 'c', 'd'].map((name) => send(name, name === 'b' ? 'Mail.Test' : 'mail.test'));
    await setImmediate();
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'c', 'd']) await end(name);
    await Promise.all(all);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not let those who wait for a full host stand before those who want another', async () => {
    const { begun, send, end } = works(new HostGate(1, 10));
    const all = [send('a', 'one.test'), send('b', 'one.test'), send('c', 'two.test')];
    await setImmediate();
    expect(begun).toEqual(['a', 'c']);
    for (const name of ['a', 'c', 'b']) await end(name);
    await Promise.all(all);
  });

  it('admits a limited number to all hosts', async () => {
    const { begun, send, end } = works(new HostGate(2, 3));
    const all = Array.from({ length: 5 }, (_, index) => send(`${index}`, `host-${index}.test`));
    await setImmediate();
    expect(begun).toHaveLength(3);
    for (const name of begun.slice()) await end(name);
    expect(begun).toHaveLength(5);
    for (const name of begun.slice(3)) await end(name);
    await Promise.all(all);
  });

  it('gives back the place of a work that fails', async () => {
    const gate = new HostGate(1, 1);
    await expect(gate.through('mail.test', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
    expect(await gate.through('mail.test', async () => 'next')).toBe('next');
  });
});
