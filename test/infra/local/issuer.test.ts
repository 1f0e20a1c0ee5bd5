import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, type JWTVerifyOptions, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalIssuer, startIssuer } from '../../../infra/local/issuer/issuer.ts';

const now = new Date('2026-03-02T08:00:00Z');
let local: LocalIssuer;
beforeAll(async () => {
  local = await startIssuer({ clock: () => now });
});
afterAll(() => local.stop());

async function verify(token: string, issuer = local.issuer, options: JWTVerifyOptions = {}) {
  const found = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  expect(found.issuer).toBe(issuer);
  const keys = createRemoteJWKSet(new URL(found.jwks_uri ?? ''));
  const wanted = { issuer, audience: local.audience, currentDate: now, algorithms: ['RS256'], ...options };
  return (await jwtVerify(token, keys, wanted)).payload;
}

async function post(form: Record<string, string>) {
  const response = await fetch(`${local.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { response, reply: (await response.json()) as Record<string, string> };
}

describe('user tokens', () => {
  it('verify against the published keys and carry the account', async () => {
    const payload = await verify(await local.userToken('admintest1'));
    const iat = now.getTime() / 1000;
    expect(payload).toMatchObject({ sub: 'admintest1', email: 'admintest1@example.test', role: 'admin' });
    expect(payload).toMatchObject({ iat, exp: iat + 3600, aud: 'ronde-local', jti: expect.any(String) });
    const other = await local.userToken('usertest1', {
      ttlSeconds: 60,
      audience: 'x',
      claims: { role: 'boss' },
    });
    expect(await verify(other, local.issuer, { audience: 'x' })).toMatchObject({
      exp: iat + 60,
      role: 'boss',
    });
  });

  it('are rejected if expired, signed by another key or meant for Google', async () => {
    await expect(verify(await local.expiredToken())).rejects.toThrow('"exp" claim timestamp check failed');
    await expect(verify(await local.foreignToken())).rejects.toThrow('signature verification failed');
    const google = await local.googleToken({ email: 'a@x.test', audience: local.audience });
    await expect(verify(google)).rejects.toThrow('no applicable key');
  });

  it('come from the password grant with CORS, each in a new session', async () => {
    const form = { grant_type: 'password', username: 'usertest1', password: 'Test1234!' };
    const [one, two] = [await post(form), await post(form)];
    expect(one.response.headers.get('access-control-allow-origin')).toBe('*');
    expect(one.reply).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const [a, b] = [await verify(one.reply.access_token ?? ''), await verify(two.reply.access_token ?? '')];
    expect(a.role).toBe('user');
    expect(a.sid).not.toBe(b.sid);
    expect((await verify(one.reply.id_token ?? '')).sid).toBe(a.sid);
    const headers = { authorization: `Bearer ${one.reply.access_token}` };
    const who = await fetch(`${local.issuer}/userinfo`, { headers });
    expect(await who.json()).toMatchObject({ sub: 'usertest1', sid: a.sid });
    expect((await fetch(`${local.issuer}/userinfo`)).status).toBe(401);
  });

  it.each([
    ['keycloak', ['sid'], []],
    ['firebase', ['auth_time'], []],
    ['cognito', ['auth_time', 'origin_jti'], ['jti']],
    ['auth0', [], []],
    ['entra', [], ['uti']],
    ['google', [], ['jti']],
  ])('have the session claims of %s, and refresh_of gives the next one', async (shape, kept, renewed) => {
    const form = { grant_type: 'password', username: 'usertest1', password: 'Test1234!', shape };
    const sign = async (fields: Record<string, string>) => (await post(fields)).reply.access_token ?? '';
    const first = await sign(form);
    const [one, two, other] = [first, await sign({ refresh_of: first }), await sign(form)].map((token) =>
      decodeJwt(token),
    );
    const names = ['aud', 'email', 'exp', 'iat', 'iss', 'name', 'role', 'sub', ...kept, ...renewed];
    expect([Object.keys(one ?? {}).sort(), Object.keys(two ?? {}).sort()]).toEqual([names.sort(), names]);
    for (const name of kept) expect(two?.[name]).toEqual(one?.[name]);
    for (const name of renewed) expect(two?.[name]).not.toEqual(one?.[name]);
    for (const name of ['sid', 'origin_jti'].filter((name) => kept.includes(name)))
      expect(other?.[name]).not.toEqual(one?.[name]);
  });

  it('are refused in an unknown shape, or as the next of a token that is not the issuer’s', async () => {
    const form = { grant_type: 'password', username: 'usertest1', password: 'Test1234!' };
    expect((await post({ ...form, shape: 'okta' })).reply).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('keycloak, firebase'),
    });
    for (const token of ['x', await local.foreignToken()])
      expect((await post({ refresh_of: token })).reply).toMatchObject({ error: 'invalid_grant' });
  });

  it('are refused for a wrong password, account or grant type', async () => {
    for (const [username, password] of [
      ['usertest1', 'test1234!'],
      ['nobody', 'Test1234!'],
      ['usertest1', ''],
    ]) {
      const { response, reply } = await post({
        grant_type: 'password',
        username: username ?? '',
        password: password ?? '',
      });
      expect([response.status, reply]).toEqual([400, { error: 'invalid_grant' }]);
    }
    expect((await post({ grant_type: 'x' })).reply).toEqual({ error: 'unsupported_grant_type' });
  });
});

describe("the substitute for Google's issuer", () => {
  it('signs tokens like those of Scheduler, with other keys than the issuer', async () => {
    const token = await local.googleToken({
      email: 'cron@demo.test',
      audience: 'https://f.test',
      claims: { x: 1 },
    });
    const payload = await verify(token, local.googleIssuer, { audience: 'https://f.test' });
    expect(payload).toMatchObject({ email: 'cron@demo.test', email_verified: true, azp: payload.sub, x: 1 });
    const user = await local.userToken('admintest1');
    await expect(verify(user, local.googleIssuer)).rejects.toThrow();
  });
});

describe('the code flow', () => {
  const verifier = randomBytes(32).toString('base64url');
  const request = {
    response_type: 'code',
    client_id: 'console',
    redirect_uri: 'http://127.0.0.1:9/back?a=1',
    state: '"><script>',
    nonce: 'n1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  const authorizeUrl = (change: Record<string, string> = {}) =>
    `${local.issuer}/authorize?${new URLSearchParams({ ...request, ...change })}`;
  const signIn = (password: string) =>
    fetch(`${local.issuer}/authorize`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ ...request, username: 'admintest1', password }),
    });

  it('shows the form in French and English, escaped', async () => {
    const french = await fetch(authorizeUrl(), { headers: { 'accept-language': 'fr-FR,fr;q=0.9,en;q=0.8' } });
    const page = await french.text();
    expect(page).toContain('<html lang="fr">');
    expect(page).toContain('<label for="password">Mot de passe</label>');
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(page).not.toContain('<script>');
    expect(await (await fetch(authorizeUrl({ ui_locales: 'en' }))).text()).toContain('<html lang="en">');
  });

  it('signs in, keeps the state and exchanges the code once', async () => {
    const wrong = await signIn('nope');
    expect([wrong.status, (await wrong.text()).includes('role="alert"')]).toEqual([400, true]);
    const back = new URL((await signIn('Test1234!')).headers.get('location') ?? '');
    expect([back.origin, back.searchParams.get('state')]).toEqual(['http://127.0.0.1:9', request.state]);
    const { client_id, redirect_uri } = request;
    const code = back.searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, client_id, redirect_uri, code_verifier: verifier };
    const { reply } = await post(form);
    expect(await verify(reply.id_token ?? '')).toMatchObject({ sub: 'admintest1', nonce: 'n1' });
    expect((await post(form)).reply).toEqual({ error: 'invalid_grant' });
  });

  it('rejects a wrong verifier, a missing challenge and a foreign redirect_uri', async () => {
    const back = new URL((await signIn('Test1234!')).headers.get('location') ?? '');
    const { client_id, redirect_uri } = request;
    const code = back.searchParams.get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      code,
      client_id,
      redirect_uri,
      code_verifier: 'x'.repeat(43),
    };
    expect((await post(form)).reply).toEqual({ error: 'invalid_grant' });
    const plain = await fetch(authorizeUrl({ code_challenge_method: 'plain' }), { redirect: 'manual' });
    expect(plain.headers.get('location')).toContain('error=invalid_request');
    for (const redirect of [
      'https://127.0.0.1/',
      'http://evil.test/',
      'javascript:alert(1)',
      'http://localhost@evil.test/',
    ]) {
      expect((await fetch(authorizeUrl({ redirect_uri: redirect }), { redirect: 'manual' })).status).toBe(
        400,
      );
    }
  });
});
