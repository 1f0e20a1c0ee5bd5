import { describe, expect, it } from 'vitest';
import { maskIds } from '../../../shared/browser/mask.ts';
import type { TrackOptions } from '../../../shared/browser/options.ts';
import { trackPageVisits } from '../../../shared/browser/visits.ts';
import { FakeHost, ours, settle, token } from './fake-host.ts';

const ENDPOINT = 'https://api.test/api/v1/visits';
const ADA = token({ sub: 'ada', sid: 'one' });
const track = (host: FakeHost, options: Partial<TrackOptions> = {}) =>
  trackPageVisits({ endpoint: ENDPOINT, getToken: () => ADA, ...options }, host.w);

describe('a token that comes later', () => {
  it('is awaited: the visit of the page begins with it', async () => {
    const host = new FakeHost();
    let current: string | null = null;
    track(host, { getToken: () => current });
    await host.pass(1_000);
    expect(host.sent).toEqual([]);
    current = ADA;
    await host.pass(5_000);
    expect(host.reports()).toEqual(['start /']);
  });

  it('after a navigation is used at once, and pages before the sign-in are nobody’s', async () => {
    const host = new FakeHost();
    let current: string | null = null;
    host.path = '/sign-in';
    track(host, { getToken: () => current });
    await host.pass(7_200_000);
    current = ADA;
    host.push('/home');
    await host.pass(400);
    expect(host.reports().at(-1)).toBe('start /home');
    expect(host.sent.every(({ body }) => (body.elapsed_ms ?? 0) < 61_000)).toBe(true);
  });

  it('after a logout is one of another session; the same token is not used again', async () => {
    const host = new FakeHost();
    let current: string | null = ADA;
    const visits = track(host, { getToken: () => current });
    await host.pass(400);
    await visits.logout();
    host.push('/goodbye');
    await host.pass(600_000);
    expect(host.reports()).toEqual(['start /', 'end']);
    expect([...host.session.values()].join('')).not.toContain('ada');
    current = token({ sub: 'bob', sid: 'two' });
    host.push('/home');
    await host.pass(400);
    expect(host.reports().at(-1)).toBe('start /home');
  });

  it('after login() is sent at once, also with the name of the session before', async () => {
    const host = new FakeHost();
    const visits = track(host);
    await host.pass(400);
    await visits.logout();
    await host.pass(120_000);
    visits.login();
    await host.pass(400);
    expect(host.reports()).toEqual(['start /', 'end', 'start /']);
    expect(host.sent.at(-1)?.body.elapsed_ms).toBeLessThan(1_000);
  });

  it('whose source throws is asked for again', async () => {
    const host = new FakeHost();
    let ready = false;
    const getToken = () => {
      if (!ready) throw new Error('login_required');
      return ADA;
    };
    track(host, { getToken });
    await host.pass(1_000);
    ready = true;
    await host.pass(10_000);
    expect(host.reports()).toEqual(['start /']);
  });
});

describe('a refusal', () => {
  it.each([401, 403, 404])('%i of something in between is tried again', async (status) => {
    const host = new FakeHost();
    let refused = 0;
    host.reply = () => (refused++ === 0 ? { status } : { status: 201 });
    track(host);
    await host.pass(10_000);
    expect(host.reports()).toEqual(['start /', 'start /']);
  });

  it('of our server ends the requests until there is another token', async () => {
    const host = new FakeHost();
    const getToken = (refresh: boolean) => {
      refreshed += Number(refresh);
      return current;
    };
    let [current, refreshed] = [ADA, 0];
    host.reply = ({ token: used }) => (used === ADA ? ours(401, 'unauthenticated') : { status: 201 });
    track(host, { getToken });
    await host.pass(600_000);
    expect([host.sent.length, refreshed]).toEqual([2, 1]);
    expect(host.warnings).toEqual([`ronde: ${ENDPOINT}: unauthenticated`]);
    current = token({ sub: 'ada', sid: 'one', iat: 2 });
    await host.pass(61_000);
    expect(host.sent.at(-1)?.token).toBe(current);
  });

  it('renews one token at a time for both copies of the client', async () => {
    const host = new FakeHost();
    let [current, refreshing, worst, times] = ['old', 0, 0, 0];
    const getToken = async (refresh: boolean) => {
      if (!refresh) return current;
      worst = Math.max(worst, ++refreshing);
      await settle();
      refreshing -= 1;
      times += 1;
      current = ADA;
      return current;
    };
    host.reply = ({ token: used }) => (used === ADA ? { status: 201 } : ours(401, 'unauthenticated'));
    const { Caller } = await import('../../../shared/browser/caller.ts');
    const callers = [new Caller(getToken, host.w), new Caller(getToken, host.w)];
    await Promise.all(callers.map((caller) => caller.authorize()));
    const answers = await Promise.all(callers.map((caller) => caller.post(ENDPOINT)));
    expect([answers.map(({ status }) => status), worst, times]).toEqual([[201, 201], 1, 1]);
  });
});

it('half an emoji in the title, the path or the referrer is replaced', async () => {
  const host = new FakeHost();
  host.title = 'Chat with Ada 👍'.slice(0, 15);
  track(host, { path: '/chat/\ud83d' });
  await host.pass(400);
  expect(host.sent[0]?.body).toMatchObject({ title: 'Chat with Ada \ufffd', path: '/chat/\ufffd' });
});

it('a visit that the server cannot take does not hold up the others, and is given up', async () => {
  const host = new FakeHost();
  host.reply = ({ body }) => (body?.path === '/bad' ? ours(503, 'unavailable') : { status: 201 });
  host.path = '/bad';
  track(host);
  await host.pass(400);
  for (const path of ['/one', '/two', '/three']) {
    host.push(path);
    await host.pass(2_000);
  }
  expect(host.reports()).toEqual(expect.arrayContaining(['start /one', 'start /two', 'start /three']));
  await host.pass(3_600_000);
  const tries = host.reports().filter((report) => report.includes('/bad')).length;
  await host.pass(3_600_000);
  expect(host.reports().filter((report) => report.includes('/bad'))).toHaveLength(tries);
});

it('an outage of the server loses no visit', async () => {
  const host = new FakeHost();
  let away = true;
  host.reply = () => (away ? ours(503, 'unavailable') : { status: 201 });
  track(host);
  for (let page = 1; page <= 20; page += 1) {
    await host.pass(60_000);
    host.push(`/page-${page}`);
  }
  away = false;
  await host.pass(120_000);
  const taken = new Set(host.sent.slice(-60).map(({ body }) => body.path));
  for (let page = 1; page <= 20; page += 1) expect(taken).toContain(`/page-${page}`);
});

describe('on an old browser or plain http', () => {
  it('works without crypto.randomUUID and AbortSignal.timeout', async () => {
    const host = new FakeHost(undefined, undefined, { AbortSignal: {} });
    track(host);
    await host.pass(400);
    expect(host.sent[0]?.body.visit_id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it.each<[string, object, Partial<TrackOptions>]>([
    ['crypto', { crypto: undefined }, {}],
    ['an endpoint', {}, { endpoint: 'http://' }],
    ['a function for the token', {}, { getToken: 'x' as never }],
  ])('without %s it throws nothing and warns once', async (_title, more, options) => {
    const host = new FakeHost(undefined, undefined, more);
    const visits = track(host, options);
    visits.navigate('/x');
    visits.stop();
    visits.login();
    await visits.logout();
    await host.pass(60_000);
    expect([host.warnings.length, host.sent]).toEqual([1, []]);
  });
});

describe('a tab that was not closed', () => {
  it('after a crash and a reload goes on, with the visits that waited', async () => {
    const first = new FakeHost();
    first.reply = () => 'lost';
    first.path = '/off1';
    track(first);
    await first.pass(1_000);
    first.push('/off2');
    await first.pass(1_000);
    const second = new FakeHost(first.session);
    second.reloaded = true;
    second.path = '/a';
    track(second);
    await second.pass(400);
    expect(second.reports()).toEqual(expect.arrayContaining(['start /off1', 'start /off2', 'start /a']));
    expect(new Set(second.sent.map(({ body }) => body.session_id).filter(Boolean)).size).toBe(1);
    const last = second.sent.find(({ body }) => body.path === '/a');
    expect(last?.body.previous_visit_id).toBe(
      second.sent.find(({ body }) => body.path === '/off2')?.body.visit_id,
    );
  });

  it('that is duplicated gets a session of its own, and sends what waited in the name of the first', async () => {
    const first = new FakeHost();
    first.reply = () => 'lost';
    track(first);
    await first.pass(1_000);
    const copy = new FakeHost(new Map(first.session));
    copy.path = '/copy';
    track(copy);
    await copy.pass(400);
    const sessions = Object.fromEntries(copy.sent.map(({ body }) => [body.path, body.session_id]));
    expect(sessions['/']).toBe(first.sent[0]?.body.session_id);
    expect(sessions['/copy']).not.toBe(sessions['/']);
  });
});

describe('titles and paths', () => {
  it('a title that comes late is carried by the heartbeat, the end and never by the next page', async () => {
    const host = new FakeHost();
    host.title = 'Home';
    track(host);
    await host.pass(400);
    host.push('/late');
    await host.pass(400);
    host.title = 'Invoice 42';
    await host.pass(3_000);
    host.push('/next');
    host.title = 'Next';
    await host.pass(400);
    const ends = host.sent.filter(({ path }) => path.endsWith('/end')).map(({ body }) => body.title);
    expect(ends).toEqual(['Home', 'Invoice 42']);
    expect(host.sent.at(-1)?.body).toMatchObject({ path: '/next', title: 'Next' });
  });

  it('a redirection within 300 ms is no visit', async () => {
    const host = new FakeHost();
    track(host);
    await host.pass(63);
    host.push('/home');
    await host.pass(500);
    host.push('/old');
    await host.pass(28);
    host.push('/parts');
    await host.pass(500);
    expect(host.reports()).toEqual(['start /home', 'end', 'start /parts']);
  });

  it('follows a router that keeps its path in the fragment, without its query', async () => {
    const host = new FakeHost();
    host.hash = '#/invoice/1?token=secret';
    track(host);
    await host.pass(400);
    host.hash = '#/invoice/2';
    host.events.dispatchEvent(new Event('hashchange'));
    await host.pass(400);
    host.hash = '#section';
    host.events.dispatchEvent(new Event('hashchange'));
    await host.pass(400);
    expect(host.reports().filter((report) => report.startsWith('start'))).toEqual([
      'start /#/invoice/1',
      'start /#/invoice/2',
      'start /',
    ]);
  });

  it('maps paths, and leaves out the pages that have none', async () => {
    const host = new FakeHost();
    host.path = '/reset-password/8a7f3c2e9b1d4f60aa';
    const mapPath = (path: string) => (path.startsWith('/private') ? null : maskIds(path));
    track(host, { mapPath, title: false });
    for (const path of ['/private/x', '/clients/4711']) {
      await host.pass(400);
      host.push(path);
    }
    await host.pass(400);
    expect(host.reports()).toEqual(['start /reset-password/:id', 'end', 'start /clients/:id']);
    expect(JSON.stringify(host.sent)).not.toMatch(/8a7f|4711|private|"title"/);
  });

  it.each([
    ['/clients/4711', '/clients/:id'],
    ['/a/6f2a1c9e-58b3-4d7e-9a40-3c1d2e5f6a7b/edit', '/a/:id/edit'],
    ['/reset/eyJhbGciOiJIUzI1NiJ9.e30', '/reset/:id'],
    ['/how-to-use-this-page', '/how-to-use-this-page'],
    ['/2024-report', '/2024-report'],
    ['/', '/'],
  ])('maskIds makes %s %s', (path, masked) => {
    expect(maskIds(path)).toBe(masked);
  });
});

describe('a person who does not want it', () => {
  it('is not tracked with Global Privacy Control, unless the app ignores it', async () => {
    const host = new FakeHost();
    host.navigator['globalPrivacyControl'] = true;
    track(host);
    await host.pass(60_000);
    expect(host.sent).toEqual([]);
    track(host, { ignorePrivacySignal: true });
    await host.pass(400);
    expect(host.reports()).toEqual(['start /']);
  });

  it('opts out for this browser, and in again', async () => {
    const host = new FakeHost();
    const visits = track(host);
    await host.pass(400);
    visits.optOut();
    await host.pass(400);
    const before = host.sent.length;
    const later = new FakeHost(undefined, host.local);
    track(later).optOut(false);
    await later.pass(60_000);
    expect([host.sent.length, later.sent.length]).toEqual([before, 0]);
    const again = new FakeHost(undefined, host.local);
    track(again);
    await again.pass(400);
    expect(again.reports()).toEqual(['start /']);
  });
});

it('engaged time ends ten minutes after the last input', async () => {
  const host = new FakeHost();
  track(host);
  await host.pass(8 * 3_600_000);
  const { engaged_ms: engaged, elapsed_ms: elapsed } = host.sent.at(-1)?.body ?? {};
  expect([engaged, elapsed]).toEqual([600_000, 8 * 3_600_000]);
});

it('a second call in a document replaces the first', async () => {
  const host = new FakeHost();
  track(host);
  track(host);
  await host.pass(400);
  expect(host.reports()).toEqual(['start /']);
});

it('requests that outlive the page stay within 64 KiB', async () => {
  const host = new FakeHost();
  host.reply = () => 'lost';
  host.title = 'x'.repeat(500);
  track(host);
  for (let page = 0; page < 41; page += 1) {
    host.push(`/${'long'.repeat(500)}${page}`);
    await host.pass(400);
  }
  host.sent.length = 0;
  host.show(false);
  const kept = host.sent.filter(({ keepalive }) => keepalive);
  expect(host.sent.length).toBeGreaterThan(40);
  expect(kept.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0)).toBeLessThan(65_536);
  expect(kept.length).toBeGreaterThan(10);
});
