import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TokenShape } from '../../../infra/local/issuer/shapes.ts';
import { at, statusOf, user } from '../../support/presence.ts';
import { clear, minutes, NOW, startWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  for (const name of ['users', 'login_history']) await clear(world.store, name);
  await world.redis.flushall();
});

type Action = 'activity/ping' | 'auth/login' | 'auth/logout';
const say = async (action: Action, token: string) => {
  const reply = await world.post(`/v1/${action}`, { headers: { Authorization: `Bearer ${token}` } });
  return [reply.status, reply.body?.error?.details?.reason].filter(Boolean);
};
const ping = (token: string) => say('activity/ping', token);
const signIn = (shape: TokenShape) => world.issuer.userToken('usertest1', { shape, ttlSeconds: 86_400 });
const refresh = (token: string) => world.issuer.refreshedToken(token);
const openLogins = async () =>
  (await world.store.collection('login_history').where('logout_at', '==', null).get()).size;

const SIGN_IN_SHAPES: TokenShape[] = ['keycloak', 'firebase', 'cognito'];
const TOKEN_SHAPES: TokenShape[] = ['auth0', 'entra', 'google'];

describe.each([...SIGN_IN_SHAPES, ...TOKEN_SHAPES])('with the tokens of %s', (shape) => {
  /** A sign-in ten minutes ago, refreshed five seconds ago, both tokens in use; then a logout with the second. */
  async function loggedOut(): Promise<{ first: string; second: string }> {
    const first = await signIn(shape);
    expect(await say('auth/login', first)).toEqual([200]);
    expect(await ping(first)).toEqual([204]);
    world.clock.advance(minutes(10));
    const second = await refresh(first);
    expect(await ping(second)).toEqual([204]);
    world.clock.advance(5_000);
    expect(await ping(first)).toEqual([204]);
    expect(await say('auth/logout', second)).toEqual([204]);
    return { first, second };
  }

  it('a logout after a refresh takes the user offline, and no login stays open', async () => {
    await loggedOut();
    expect(await statusOf(world)).toBe('offline');
    expect(await openLogins()).toBe(0);
    world.clock.advance(minutes(1));
    expect(await statusOf(world)).toBe('offline');
  });

  it("another tab's ping and login with the token before are refused, with Redis emptied too", async () => {
    const { first, second } = await loggedOut();
    for (const token of [first, second]) {
      expect(await ping(token)).toEqual([401, 'logged_out']);
      expect(await say('auth/login', token)).toEqual([401, 'logged_out']);
    }
    await world.redis.flushall();
    expect(await ping(first)).toEqual([401, 'logged_out']);
    expect(await statusOf(world)).toBe('offline');
  });

  it('a later sign-in is online', async () => {
    await loggedOut();
    world.clock.advance(2_000);
    const next = await signIn(shape);
    expect(await ping(next)).toEqual([204]);
    expect(await say('auth/login', next)).toEqual([200]);
    expect(await statusOf(world)).toBe('online');
  });

  it('with Redis away at the logout, the logout holds once Redis is back', async () => {
    const first = await signIn(shape);
    expect(await say('auth/login', first)).toEqual([200]);
    world.clock.advance(minutes(1));
    const second = await refresh(first);
    await world.redisEngine.stopEngine();
    expect(await say('auth/logout', second)).toEqual([204]);
    await world.redisEngine.restart();
    world.clock.advance(minutes(6));
    expect(await ping(first)).toEqual([401, 'logged_out']);
    expect(await statusOf(world)).toBe('offline');
  });
});

describe.each(SIGN_IN_SHAPES)('with the tokens of %s', (shape) => {
  it('a logout leaves the other device signed in', async () => {
    const desk = await signIn(shape);
    world.clock.advance(2_000);
    const phone = await signIn(shape);
    for (const token of [desk, phone]) expect(await say('auth/login', token)).toEqual([200]);
    world.clock.advance(minutes(1));
    expect(await say('auth/logout', desk)).toEqual([204]);
    expect(await statusOf(world)).toBe('online');
    expect(await ping(phone)).toEqual([204]);
    expect(await ping(desk)).toEqual([401, 'logged_out']);
  });
});

it('a sign-in that repeats the old sid opens the session again by POST login, and pings before it do not', async () => {
  const claims = { sid: 'single-sign-on' };
  const before = await world.issuer.userToken('usertest1', { claims });
  await say('auth/login', before);
  await say('auth/logout', before);
  world.clock.advance(2_000);
  const after = await world.issuer.userToken('usertest1', { claims });
  expect(await ping(after)).toEqual([401, 'logged_out']);
  expect(await say('auth/login', after)).toEqual([200]);
  expect(await ping(after)).toEqual([204]);
});

describe.each(TOKEN_SHAPES)('with the tokens of %s', (shape) => {
  it('a token issued in the second of the logout or later is a new session', async () => {
    const token = await signIn(shape);
    world.clock.advance(1_900);
    expect(await say('auth/logout', token)).toEqual([204]);
    world.clock.advance(50);
    expect(await ping(await refresh(token))).toEqual([204]);
    expect(await statusOf(world)).toBe('online');
  });
});

describe('after a release that names sessions otherwise', () => {
  it.each<[TokenShape, unknown[]]>([
    ['firebase', [401, 'outdated']],
    ['cognito', [401, 'outdated']],
    ['auth0', [401, 'outdated']],
    ['keycloak', [204]],
  ])('a token of %s before the last logout, without a record, is answered %j', async (shape, expected) => {
    const token = await signIn(shape);
    world.clock.advance(minutes(1));
    await world.store.doc('users/usertest1').set(user({ logged_out_at: at(world.clock()) }));
    world.clock.advance(minutes(1));
    expect(await ping(token)).toEqual(expected);
    expect(await ping(await refresh(token))).toEqual([204]);
  });

  it('a logout that a cleaning wrote refuses no token', async () => {
    const token = await signIn('firebase');
    world.clock.advance(minutes(1));
    const cleaned = at(world.clock());
    await world.store.doc('users/usertest1').set(user({ logged_out_at: cleaned, cleaned_at: cleaned }));
    world.clock.advance(minutes(1));
    expect(await ping(token)).toEqual([204]);
  });
});
