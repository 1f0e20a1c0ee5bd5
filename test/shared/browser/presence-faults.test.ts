import { afterEach, describe, expect, it } from 'vitest';
import type { PresenceOptions } from '../../../shared/browser/options.ts';
import { keepPresence, type Presence } from '../../../shared/browser/presence.ts';
import { FakeHost, ours, settle, token } from './fake-host.ts';

const ENDPOINT = 'https://api.test/v1';
const ADA = token({ sub: 'ada', sid: 'one' });
const started: Presence[] = [];
const keep = (host: FakeHost, options: Partial<PresenceOptions> = {}) => {
  const presence = keepPresence({ endpoint: ENDPOINT, getToken: () => ADA, ...options }, host.w);
  started.push(presence);
  return presence;
};
afterEach(() => {
  for (const presence of started.splice(0)) presence.stop();
});

/** Web Locks of one browser: one page holds a lock, the others wait in order. */
function fakeLocks() {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    request: (_name: string, { signal }: { signal: AbortSignal }, serve: () => Promise<void>) => {
      const aborted = new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(Object.assign(new Error(), { name: 'AbortError' }))),
      );
      const turn = tail.then(() => (signal.aborted ? undefined : serve()));
      tail = turn;
      return Promise.race([turn, aborted]);
    },
  };
}

it('waits for a token that comes later, and says nothing', async () => {
  const host = new FakeHost();
  let current: string | null = null;
  const ends: string[] = [];
  keep(host, { getToken: () => current, onEnd: (reason) => void ends.push(reason) });
  await host.pass(30_000);
  current = ADA;
  await host.pass(61_000);
  expect([host.reports()[0], ends]).toEqual(['ping', []]);
  expect([...host.local.keys()].join('')).not.toContain('ada');
});

it('goes on after a 403 of something in between', async () => {
  const host = new FakeHost();
  const ends: string[] = [];
  host.reply = () => ({ status: host.sent.length === 1 ? 403 : 204 });
  keep(host, { onEnd: (reason) => void ends.push(reason) });
  await host.pass(600_000);
  expect(host.sent.length).toBeGreaterThan(5);
  expect(ends).toEqual([]);
});

describe('a logout', () => {
  it('forgets the due time, and the same person who signs in again is online at once', async () => {
    const host = new FakeHost();
    let current: string | null = ADA;
    const presence = keep(host, { getToken: () => current });
    await host.pass(1_000);
    expect(host.local.size).toBe(1);
    expect(await presence.logout()).toBe(true);
    expect(host.local.size).toBe(0);
    await host.pass(10_000);
    current = token({ sub: 'ada', sid: 'two' });
    host.show(true);
    await host.pass(1_000);
    expect(host.reports()).toEqual(['ping', 'logout', 'ping']);
  });

  it('with single sign-on is over by login(), though the session has its old name', async () => {
    const host = new FakeHost();
    const presence = keep(host);
    await host.pass(1_000);
    await presence.logout();
    await host.pass(120_000);
    expect(host.reports()).toEqual(['ping', 'logout']);
    expect(await presence.login()).toBe(true);
    await host.pass(1_000);
    expect(host.reports()).toEqual(['ping', 'logout', 'login', 'ping']);
  });

  it('that the server reports by 401 ends the pings without a refresh, until another session', async () => {
    const host = new FakeHost();
    const ends: string[] = [];
    let [current, refreshed] = [ADA, 0];
    host.reply = ({ token: used }) =>
      used === ADA ? ours(401, 'unauthenticated', 'logged_out') : { status: 204 };
    const getToken = (refresh: boolean) => {
      refreshed += Number(refresh);
      return current;
    };
    keep(host, { getToken, onEnd: (reason) => void ends.push(reason) });
    await host.pass(600_000);
    expect([host.sent.length, refreshed, ends, host.local.size]).toEqual([1, 0, ['logout'], 0]);
    current = token({ sub: 'ada', sid: 'two' });
    await host.pass(61_000);
    expect(host.sent.at(-1)?.token).toBe(current);
  });

  it('with an expired token renews it first', async () => {
    const host = new FakeHost();
    const presence = keep(host, { getToken: (refresh) => (refresh ? ADA : 'expired') });
    host.reply = ({ token: used }) => (used === ADA ? { status: 204 } : ours(401, 'unauthenticated'));
    expect(await presence.logout()).toBe(true);
    expect(host.sent.at(-1)?.token).toBe(ADA);
  });
});

it('a token older than the last logout is renewed, not taken for a logout', async () => {
  const host = new FakeHost();
  const ends: string[] = [];
  host.reply = ({ token: used }) =>
    used === ADA ? { status: 204 } : ours(401, 'unauthenticated', 'outdated');
  keep(host, { getToken: (refresh) => (refresh ? ADA : 'old'), onEnd: (reason) => void ends.push(reason) });
  await host.pass(1_000);
  expect([host.reports(), ends]).toEqual([['ping', 'ping'], []]);
});

it('a window pings for the elected one whose script stands still', async () => {
  const local = new Map<string, string>();
  const locks = fakeLocks();
  const [elected, other] = [new FakeHost(undefined, local), new FakeHost(undefined, local)];
  for (const host of [elected, other]) host.navigator['locks'] = locks;
  keep(elected);
  await elected.pass(1_000);
  other.now = elected.now;
  keep(other);
  await other.pass(50_000);
  expect([elected.sent.length, other.sent.length]).toEqual([1, 0]);
  // No timer of the elected window runs any more: a dialog is open in it.
  await other.pass(10 * 60_000);
  expect(other.sent.length).toBeGreaterThanOrEqual(7);
});

it('a person without input for ten minutes is idle, and back at the first input', async () => {
  const host = new FakeHost();
  keep(host);
  await host.pass(12 * 60_000);
  const idle = host.sent.map(({ body }) => body?.idle === true);
  expect([idle.indexOf(true), idle.at(-1)]).toEqual([10, true]);
  const before = host.sent.length;
  host.touch();
  await settle();
  expect(host.sent.slice(before).map(({ body }) => body)).toEqual([undefined]);
});

it('throws nothing into its page, whatever onEnd and getToken do', async () => {
  const host = new FakeHost();
  host.reply = () => ours(403, 'permission_denied');
  const onEnd = () => {
    throw new Error('of the page');
  };
  keep(host, { onEnd });
  keep(host, { endpoint: 'http://' });
  await host.pass(60_000);
  expect(host.warnings).toHaveLength(1);
});
