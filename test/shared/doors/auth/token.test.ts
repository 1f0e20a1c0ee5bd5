import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { serveLoopback } from '../../../../infra/local/loopback-server.ts';
import type { Caller } from '../../../../shared/doors/auth/caller.ts';
import { GOOGLE_ISSUER, type KeySource, remoteKeys } from '../../../../shared/doors/auth/keys.ts';
import { checkToken } from '../../../../shared/doors/auth/token.ts';
import { loadConfig } from '../../../../shared/doors/config.ts';
import type { HttpError } from '../../../../shared/doors/http/errors.ts';

const ISSUER = 'https://id.example.test';
const FUNCTION = 'https://presence.example.test';
const NOW = new Date('2026-03-04T10:00:00Z');
const SECOND = NOW.getTime() / 1000;
const environment = {
  GOOGLE_CLOUD_PROJECT: 'repairs',
  UPSTASH_REDIS_REST_URL: 'https://redis.example.test',
  UPSTASH_REDIS_REST_TOKEN: 'token',
  FUNCTION_URLS: FUNCTION,
  OPERATORS: 'Ada@Example.test',
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: 'app',
};

type Signer = Awaited<ReturnType<typeof generateKeyPair>>;
let rsa: Signer;
beforeAll(async () => {
  rsa = await generateKeyPair('RS256');
});

const people: JWTPayload = { iss: ISSUER, aud: 'app', sub: 'ada', iat: SECOND - 10, exp: SECOND + 60 };
const sign = (claims: JWTPayload, alg = 'RS256', key = rsa.privateKey) =>
  new SignJWT({ ...people, ...claims }).setProtectedHeader({ alg }).sign(key);

async function check(
  token: string,
  { env = {}, keys = async () => async () => rsa.publicKey }: { env?: object; keys?: KeySource } = {},
): Promise<Caller | { status: number; message: string; check: string }> {
  const config = loadConfig({ ...environment, ...env });
  return await checkToken(token, { config, clock: () => NOW, keys }).catch((error: HttpError) => ({
    status: error.status,
    message: error.message,
    check: error.check,
  }));
}

describe('a user token', () => {
  it.each([
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    ...['ES256', 'ES384', 'ES512', 'EdDSA'],
  ])('signed with %s is accepted', async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    const token = await sign({}, alg, privateKey);
    expect(await check(token, { keys: async () => async () => publicKey })).toMatchObject({ id: 'ada' });
  });

  it('signed with a shared secret is refused', async () => {
    const secret = new TextEncoder().encode('s'.repeat(64));
    const token = await new SignJWT(people).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    expect(await check(token, { keys: async () => async () => secret })).toMatchObject({ status: 401 });
  });

  it.each([
    ['expired 29 s ago', { exp: SECOND - 29 }, 'ada'],
    ['expired 31 s ago', { exp: SECOND - 31 }, 401],
    ['valid in 29 s', { nbf: SECOND + 29 }, 'ada'],
    ['valid in 31 s', { nbf: SECOND + 31 }, 401],
    ['issued in 29 s', { iat: SECOND + 29 }, 'ada'],
    ['issued in 31 s', { iat: SECOND + 31 }, 401],
  ])('%s has a leeway of 30 s', async (_title, claims, expected) => {
    const seen = await check(await sign(claims));
    expect('status' in seen ? seen.status : seen.id).toBe(expected);
  });

  it.each([
    ['with 255 characters is accepted', 'x'.repeat(255), 255],
    ['with 256 characters is refused', 'x'.repeat(256), /sub\) is longer than 255 characters/],
    ['with 1,500 characters is refused', 'x'.repeat(1500), /sub\) is longer than 255 characters/],
    ['that is empty is refused', '', /sub\) must be a text that is not empty/],
    ['with half an emoji is refused', 'ada \ud83d', /sub\) is not well-formed Unicode/],
  ])('whose subject is a text %s', async (_title, sub, expected) => {
    const seen = await check(await sign({ sub }));
    if (typeof expected === 'number') expect(seen).toMatchObject({ id: 'x'.repeat(expected) });
    else expect(seen).toMatchObject({ status: 401, message: expect.stringMatching(expected) });
  });

  it.each<[string, JWTPayload, string | undefined, string]>([
    ['at a path', { realm_access: { roles: ['user', 'admin'] } }, 'realm_access.roles', 'admin'],
    ['at a path without it', { realm_access: { roles: ['user'] } }, 'realm_access.roles', 'user'],
    ['at a path that ends early', { realm_access: 'admin' }, 'realm_access.roles', 'user'],
    [
      'of a name with dots',
      { 'https://app.example.test/role': 'admin' },
      'https://app.example.test/role',
      'admin',
    ],
    ['of the plain name', { role: 'admin' }, undefined, 'admin'],
    ['inherited by every object', {}, 'constructor.name', 'user'],
  ])('with a role %s makes its owner %s', async (_title, claims, claim, kind) => {
    const env = claim === undefined ? {} : { AUTH_ADMIN_CLAIM: claim };
    expect(await check(await sign(claims), { env })).toMatchObject({ kind });
  });
});

describe('Google as the issuer of user tokens', () => {
  const env = { AUTH_ISSUER: GOOGLE_ISSUER };
  const google = { iss: GOOGLE_ISSUER, email: 'ada@example.test', email_verified: true };

  it.each([
    ['for the app is a user, an operator or not', { ...google, aud: 'app' }, { kind: 'user', id: 'ada' }],
    [
      'for a function is an operator, in another case too',
      { ...google, aud: FUNCTION },
      { kind: 'operator', id: 'ada@example.test' },
    ],
    ['for another app is refused', { ...google, aud: 'other' }, { status: 401 }],
    ['for a function is no user', { ...google, aud: FUNCTION, email: 'eve@example.test' }, { status: 403 }],
  ])('a token %s', async (_title, claims, expected) => {
    expect(await check(await sign(claims), { env })).toMatchObject(expected);
  });
});

describe('the keys of an issuer', () => {
  async function issuerNamed(name: (url: string) => string) {
    const keys = { keys: [{ ...(await exportJWK(rsa.publicKey)), alg: 'RS256', use: 'sig' }] };
    const server = await serveLoopback(0, async (request, response) => {
      const document = { issuer: name(server.url), jwks_uri: `${server.url}/jwks` };
      response.end(JSON.stringify(request.url === '/jwks' ? keys : document));
    });
    return server;
  }

  it('are found by discovery', async () => {
    const server = await issuerNamed((url) => url);
    const env = { AUTH_ISSUER: server.url };
    const token = await sign({ iss: server.url });
    expect(await check(token, { env, keys: remoteKeys() })).toMatchObject({ id: 'ada' });
    await server.stop();
  });

  it('are not used if the discovery document names another issuer, unless AUTH_JWKS_URL names them', async () => {
    const server = await issuerNamed(() => 'https://login.example.test/{tenantid}/v2.0');
    const token = await sign({ iss: server.url });
    const env = { AUTH_ISSUER: server.url };
    expect(await check(token, { env, keys: remoteKeys() })).toMatchObject({
      status: 503,
      check: expect.stringMatching(/names the issuer https:\/\/login.example.test.*AUTH_JWKS_URL/),
    });
    const direct = { ...env, AUTH_JWKS_URL: `${server.url}/jwks` };
    expect(await check(token, { env: direct, keys: remoteKeys() })).toMatchObject({ id: 'ada' });
    await server.stop();
  });

  it('are each tried if a token names none of several', async () => {
    const [other, third] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    const setOf = async (...signers: Signer[]): Promise<KeySource> => {
      const keys = await Promise.all(signers.map(({ publicKey }) => exportJWK(publicKey)));
      return async () => createLocalJWKSet({ keys: keys.map((key) => ({ ...key, alg: 'RS256' })) });
    };
    const all = await setOf(other, rsa, third);
    expect(await check(await sign({}), { keys: all })).toMatchObject({ id: 'ada' });
    expect(await check(await sign({ exp: SECOND - 60 }), { keys: all })).toMatchObject({
      status: 401,
      message: expect.stringContaining('expired'),
    });
    expect(await check(await sign({}), { keys: await setOf(other, third) })).toMatchObject({ status: 401 });
  });
});
