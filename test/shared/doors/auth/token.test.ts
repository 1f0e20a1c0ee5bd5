import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { serveLoopback } from '../../../../infra/local/loopback-server.ts';
import type { KeySource } from '../../../../shared/doors/auth/keys.ts';
import { remoteKeys } from '../../../../shared/doors/auth/keys.ts';
import { checkToken } from '../../../../shared/doors/auth/token.ts';
import { loadConfig } from '../../../../shared/doors/config.ts';
import { NOW } from '../../../support/world.ts';

const ISSUER = 'https://id.example.test';
const GOOGLE = 'https://accounts.google.com';
const FUNCTION = 'https://europe-west1-p.cloudfunctions.net/console';
const SECONDS = NOW.getTime() / 1000;
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
];
type Signing = { privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']; jwk: JWK };
const signing = new Map<string, Signing>();

beforeAll(async () => {
  for (const alg of ALGORITHMS) signing.set(alg, await newKey(alg));
});

async function newKey(alg: string): Promise<Signing> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid: alg } };
}
const key = (alg = 'RS256') => signing.get(alg) as Signing;

const config = (changes: Record<string, string> = {}) =>
  loadConfig({
    GOOGLE_CLOUD_PROJECT: 'p',
    UPSTASH_REDIS_REST_URL: 'https://redis.example.test',
    UPSTASH_REDIS_REST_TOKEN: 'token',
    FUNCTION_URLS: FUNCTION,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: 'app',
    ...changes,
  });

const claims = (more: Record<string, unknown> = {}): JWTPayload => ({
  ...{ iss: ISSUER, aud: 'app', sub: 'ada', iat: SECONDS, exp: SECONDS + 3600 },
  ...more,
});

async function sign(payload: JWTPayload, { alg = 'RS256', kid = alg as string | null } = {}) {
  const header = kid === null ? { alg } : { alg, kid };
  return await new SignJWT(payload).setProtectedHeader(header).sign(key(alg).privateKey);
}

const keysOf =
  (...jwks: JWK[]): KeySource =>
  async () =>
    createLocalJWKSet({ keys: jwks });

async function check(token: string, changes: Record<string, string> = {}, keys?: KeySource) {
  const all = keys ?? keysOf(...[...signing.values()].map(({ jwk }) => jwk));
  const deps = { config: config(changes), clock: () => NOW, keys: all };
  return await checkToken(token, deps).then(
    ({ kind, id }) => `${kind} ${id}`,
    (error: { status: number; message: string }) => `${error.status} ${error.message}`,
  );
}

it.each(ALGORITHMS)('accepts a token signed by %s', async (alg) => {
  expect(await check(await sign(claims(), { alg }))).toBe('user ada');
});

it.each([
  ['not valid before 30 s from now', { nbf: SECONDS + 30 }, 'user ada'],
  ['not valid before 31 s from now', { nbf: SECONDS + 31 }, /^401/],
  ['that expired 29 s ago', { exp: SECONDS - 29 }, 'user ada'],
  ['that expired 30 s ago', { exp: SECONDS - 30 }, '401 The token has expired; get a new one.'],
  ['issued 20 s from now', { iat: SECONDS + 20 }, 'user ada'],
  ['whose subject is a number', { sub: 12_345 }, /^401 The token's sub must be a text/],
  ['whose subject is an object', { sub: { a: 1 } }, /^401 The token's sub must be a text/],
  ['whose subject is a list', { sub: ['x'] }, /^401 The token's sub must be a text/],
  ['whose subject is empty', { sub: '' }, /^401/],
  ['whose subject has 255 characters', { sub: 'x'.repeat(255) }, `user ${'x'.repeat(255)}`],
  ['whose subject has 256 characters', { sub: 'x'.repeat(256) }, /^401/],
])('answers a token %s', async (_title, more, expected) => {
  const answer = await check(await sign(claims(more)));
  if (typeof expected === 'string') expect(answer).toBe(expected);
  else expect(answer).toMatch(expected);
});

describe('Google as the issuer of users', () => {
  const google = { AUTH_ISSUER: GOOGLE, AUTH_AUDIENCE: 'web-client', OPERATORS: 'Op@Example.test' };
  it.each([
    ['for the audience of users', { aud: 'web-client' }, 'user ada'],
    ['by its issuer without https', { aud: 'web-client', iss: 'accounts.google.com' }, 'user ada'],
    [
      'for a function, of an operator in other letters',
      { aud: FUNCTION, email: 'OP@example.test', email_verified: true },
      'operator OP@example.test',
    ],
    [
      'for a function, of a stranger',
      { aud: FUNCTION, email: 'x@example.test', email_verified: true },
      /^403/,
    ],
    ['for another audience', { aud: 'other' }, /^401/],
  ])('answers a token %s', async (_title, more, expected) => {
    const answer = await check(await sign(claims({ iss: GOOGLE, ...more })), google);
    if (typeof expected === 'string') expect(answer).toBe(expected);
    else expect(answer).toMatch(expected);
  });

  it('refuses Google’s tokens for users while another issuer is configured', async () => {
    expect(await check(await sign(claims({ iss: GOOGLE, aud: 'app' })))).toMatch(/^401/);
  });
});

it.each([
  ['a path', 'realm_access.roles', { realm_access: { roles: ['editor', 'admin'] } }, 'admin ada'],
  ['a path to another role', 'realm_access.roles', { realm_access: { roles: ['editor'] } }, 'user ada'],
  ['a path that ends early', 'realm_access.roles', { realm_access: 'admin' }, 'user ada'],
  ['a name with dots', 'https://example.test/roles', { 'https://example.test/roles': 'admin' }, 'admin ada'],
  ['an inherited property', 'constructor.name', {}, 'user ada'],
])('AUTH_ADMIN_CLAIM may be %s', async (_title, name, more, expected) => {
  expect(await check(await sign(claims(more)), { AUTH_ADMIN_CLAIM: name })).toBe(expected);
});

it('tries each of several keys if a token names none', async () => {
  const [other, third] = [await newKey('RS256'), await newKey('RS256')];
  const token = await sign(claims(), { kid: null });
  const plain = ({ jwk: { kid: _kid, ...rest } }: Signing): JWK => rest;
  expect(await check(token, {}, keysOf(plain(other), plain(key()), plain(third)))).toBe('user ada');
  expect(await check(token, {}, keysOf(plain(other), plain(third)))).toMatch(/^401/);
  const expired = await sign(claims({ exp: SECONDS - 60 }), { kid: null });
  expect(await check(expired, {}, keysOf(plain(other), plain(key())))).toMatch(/^401 The token has expired/);
});

describe('the discovery document', () => {
  /** An issuer whose document names `named`, or itself. */
  async function startIssuer(named?: string) {
    const server = await serveLoopback(0, async (request, response) => {
      const body = request.url?.endsWith('/jwks')
        ? { keys: [key().jwk] }
        : { issuer: named ?? server.url, jwks_uri: `${server.url}/jwks` };
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
    return server;
  }

  it.each([
    ['itself', undefined, false, 'user ada'],
    ['another issuer', 'https://login.example.test/{tenantid}/v2.0', false, /^503/],
    ['another issuer, if AUTH_JWKS_URL names the keys', 'https://other.example.test', true, 'user ada'],
  ])('names %s', async (_title, named, withKeys, expected) => {
    const server = await startIssuer(named);
    const changes = { AUTH_ISSUER: server.url, ...(withKeys ? { AUTH_JWKS_URL: `${server.url}/jwks` } : {}) };
    const answer = await check(await sign(claims({ iss: server.url })), changes, remoteKeys());
    if (typeof expected === 'string') expect(answer).toBe(expected);
    else expect(answer).toMatch(expected);
    await server.stop();
  });
});
