import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remoteKeys } from '../../../../shared/doors/auth/keys.ts';
import { checkToken, type TokenDeps } from '../../../../shared/doors/auth/token.ts';

const NOW = new Date('2026-03-04T10:00:00Z');
type Answer = (response: ServerResponse) => void;
let issuer: string;
let routes: Record<string, Answer>;
let calls: string[];
let token: string;
const keys = await generateKeyPair('RS256');
const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' }] };
const server = createServer((request, response) => {
  const path = request.url ?? '';
  calls.push(path);
  (routes[path] ?? ((one) => one.writeHead(404).end()))(response);
});

const json =
  (content: unknown): Answer =>
  (response) =>
    response.end(JSON.stringify(content));
const redirect =
  (path: string): Answer =>
  (response) =>
    response.writeHead(302, { Location: path }).end();
/** Begins a document and never ends it. */
const endless: Answer = (response) => {
  const piece = Buffer.alloc(16 * 1024, ' ');
  const more = () => {
    while (!response.destroyed && response.write(piece));
    response.once('drain', more);
  };
  response.write('{');
  more();
};

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const seconds = NOW.getTime() / 1_000;
  token = await new SignJWT({ sub: 'u' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(issuer)
    .setAudience('app')
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 600)
    .sign(keys.privateKey);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  calls = [];
  routes = { [DISCOVERY]: json({ issuer, jwks_uri: `${issuer}/jwks` }), '/jwks': json(jwks) };
});

const DISCOVERY = '/.well-known/openid-configuration';
const check = () =>
  checkToken(token, {
    config: {
      auth: { issuer, audience: 'app', clientId: 'app' },
      operators: [],
      functionUrls: [],
      adminClaim: 'role',
    },
    clock: () => NOW,
    keys: remoteKeys(),
  } as unknown as TokenDeps);

describe('the documents of an issuer', () => {
  it('lead to its keys', async () => {
    expect(await check()).toMatchObject({ kind: 'user', id: 'u' });
    expect(calls).toEqual([DISCOVERY, '/jwks']);
  });

  it.each<[string, () => Record<string, Answer>]>([
    ['redirects', () => ({ [DISCOVERY]: redirect('/other') })],
    ['never ends', () => ({ [DISCOVERY]: endless })],
    [
      'names another issuer',
      () => ({ [DISCOVERY]: json({ issuer: `${issuer}/`, jwks_uri: `${issuer}/jwks` }) }),
    ],
    ['names keys in a file', () => ({ [DISCOVERY]: json({ issuer, jwks_uri: 'file:///etc/passwd' }) })],
    ['names no keys', () => ({ [DISCOVERY]: json({ issuer }) })],
    ['is a list', () => ({ [DISCOVERY]: json([issuer]) })],
    ['is no JSON', () => ({ [DISCOVERY]: (response) => response.end('<html>') })],
    ['is nested without end', () => ({ [DISCOVERY]: (response) => response.end('['.repeat(200_000)) })],
    ['has keys that redirect', () => ({ '/jwks': redirect('/other') })],
    ['has keys that never end', () => ({ '/jwks': endless })],
    ['has keys that are none', () => ({ '/jwks': json({ keys: [{ kty: 'oct', k: 'AA', kid: 'k' }] }) })],
    ['has no keys', () => ({ '/jwks': json({ keys: 'k' }) })],
  ])('open nothing if one %s, and nothing else is called', async (_what, hostile) => {
    routes = { ...routes, ...hostile(), '/other': json({ issuer, jwks_uri: `${issuer}/jwks`, ...jwks }) };
    const error = await check().catch((thrown: { status: number }) => thrown);
    expect([401, 503]).toContain((error as { status: number }).status);
    expect(calls).not.toContain('/other');
  });
});
