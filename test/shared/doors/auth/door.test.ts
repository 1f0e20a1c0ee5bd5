import { randomUUID } from 'node:crypto';
import { createRemoteJWKSet, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dump, minutes, NOW, startWorld, type World } from '../../../support/world.ts';

const TASK = '/api/v1/monitoring/close-inactive-visits';
const VISITS = '/api/v1/visits';
const CONSOLE = 'console@ronde-local.iam.gserviceaccount.com';
const GCLOUD = '32555940559.apps.googleusercontent.com';
const OPERATOR = 'operator@example.test';
const previous = 'p'.repeat(20) + 'Q'.repeat(20);
const cloud = { RONDE_LOCAL: undefined, RONDE_GOOGLE_ISSUER: undefined, K_SERVICE: 'close-inactive-visits' };
let world: World;
let scheduler: string;
const used: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  scheduler = world.environment['SCHEDULER_SERVICE_ACCOUNT'] ?? '';
});
afterAll(() => world.stop());
afterEach(() => {
  world.clock.set(NOW);
  world.reconfigure({});
});

type Headers = Record<string, string>;
type Proof = () => Promise<[Headers, string?]> | [Headers, string?];

const call = (headers: Headers, query = '') => world.post(TASK + query, { headers });
const bearer = (token: string): Headers => {
  used.push(token);
  return { Authorization: `Bearer ${token}` };
};
const google = async (email: string, audience = world.url, more = {}) =>
  bearer(await world.issuer.googleToken({ email, audience, ...more }));

/** The claims of Scheduler's token, for forgeries. */
const schedulerClaims = () => ({
  email: scheduler,
  email_verified: true,
  sub: '1',
  aud: world.url,
  iat: NOW.getTime() / 1000,
  exp: NOW.getTime() / 1000 + 3600,
});

/** A Google-shaped token signed by a key of our own, under the id of a key that the issuer does have, or not. */
async function forged(issuer: string, kid = 'ours'): Promise<Headers> {
  const { privateKey } = await generateKeyPair('RS256');
  const token = new SignJWT({ ...schedulerClaims(), iss: issuer }).setProtectedHeader({ alg: 'RS256', kid });
  return bearer(await token.sign(privateKey));
}

const headerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());

/** Signed with a shared secret in place of a key, as in an algorithm confusion. */
async function symmetric(): Promise<Headers> {
  const { kid } = headerOf(await world.issuer.googleToken({ email: scheduler, audience: world.url }));
  return bearer(
    await new SignJWT({ ...schedulerClaims(), iss: world.issuer.googleIssuer })
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(new TextEncoder().encode(world.secret)),
  );
}

/** A token from Google's stand-in whose claims were changed after it was signed. */
async function altered(): Promise<Headers> {
  const token = await world.issuer.googleToken({ email: 'stranger@example.test', audience: world.url });
  const [head, , signature] = token.split('.');
  const claims = { ...schedulerClaims(), iss: world.issuer.googleIssuer };
  return bearer([head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'));
}

function unsigned(): Headers {
  const claims = { email: scheduler, email_verified: true, sub: '1' };
  return bearer(
    new UnsecuredJWT(claims)
      .setIssuer(world.issuer.googleIssuer)
      .setAudience(world.url)
      .setExpirationTime(NOW.getTime() / 1000 + 3600)
      .encode(),
  );
}

const swapCase = (text: string) => text.replace(/[a-f]/, (letter) => letter.toUpperCase());

const refusals: [string, number, Proof, RegExp?][] = [
  ['no proof', 401, () => [{}]],
  ['a wrong secret in the header', 403, () => [{ 'X-Cron-Secret': 'w'.repeat(64) }]],
  ['a wrong secret as bearer', 403, () => [bearer('w'.repeat(64))]],
  ['a wrong secret in the URL', 403, () => [{}, `?secret=${'w'.repeat(64)}`]],
  ['the secret in another case', 403, () => [{ 'X-Cron-Secret': swapCase(world.secret) }]],
  ['a prefix of the secret', 403, () => [{ 'X-Cron-Secret': world.secret.slice(0, 40) }]],
  ['the secret with more behind it', 403, () => [{ 'X-Cron-Secret': `${world.secret}0` }]],
  ['the secret with a space around it', 403, () => [{}, `?secret=%20${world.secret}`]],
  ['an empty secret', 403, () => [{ 'X-Cron-Secret': '' }]],
  ['a secret twice in the URL', 400, () => [{}, `?secret=${world.secret}&secret=${world.secret}`]],
  ['a scheme other than Bearer', 401, () => [{ Authorization: 'Basic dXNlcjpwYXNz' }]],
  ['a malformed token', 401, () => [bearer('not.a.token')], /malformed/],
  [
    "Google's token for another audience",
    401,
    async () => [await google(scheduler, 'https://other.example')],
  ],
  [
    "Google's token of another service account",
    403,
    async () => [await google('else@ronde-local.iam.gserviceaccount.com')],
  ],
  [
    'an e-mail that is not verified',
    403,
    async () => [await google(scheduler, world.url, { emailVerified: false })],
    /not verified/,
  ],
  [
    "gcloud's token of a stranger",
    403,
    async () => [await google('stranger@example.test', GCLOUD)],
    /OPERATORS/,
  ],
  ["gcloud's token of the scheduler's account", 403, async () => [await google(scheduler, GCLOUD)]],
  [
    "a token signed by another key in Google's name",
    401,
    async () => [await forged(world.issuer.googleIssuer)],
  ],
  [
    "a token signed by another key under the id of Google's",
    401,
    async () => {
      const { kid } = headerOf(await world.issuer.googleToken({ email: scheduler, audience: world.url }));
      return [await forged(world.issuer.googleIssuer, kid)];
    },
  ],
  [
    "a token in Google's name by the key of the users' issuer",
    401,
    async () => {
      const claims = { ...schedulerClaims(), iss: world.issuer.googleIssuer };
      return [bearer(await world.issuer.userToken('admintest1', { claims }))];
    },
  ],
  [
    "an administrator's token by Google's key",
    401,
    async () => {
      const claims = { iss: world.issuer.issuer, role: 'admin' };
      const audience = world.issuer.audience;
      return [bearer(await world.issuer.googleToken({ email: scheduler, audience, claims }))];
    },
  ],
  [
    "an administrator's token for another audience",
    401,
    async () => [bearer(await world.issuer.userToken('admintest1', { audience: 'another' }))],
  ],
  ["Google's token whose claims were changed", 401, async () => [await altered()]],
  ['a token signed with a shared secret', 401, async () => [await symmetric()]],
  [
    "Google's token after it has expired",
    401,
    async () => {
      const headers = await google(scheduler);
      world.clock.advance(minutes(120));
      return [headers];
    },
    /exp/,
  ],
  [
    'an e-mail address that only begins like the right one',
    403,
    async () => [await google(`${scheduler}.example.test`)],
  ],
  ["gcloud's token of a service account", 403, async () => [await google(CONSOLE, GCLOUD)], /OPERATORS/],
  ['the secret with a space behind it', 403, () => [{}, `?secret=${world.secret}%20`]],
  ['the second half of the secret', 403, () => [{ 'X-Cron-Secret': world.secret.slice(32) }]],
  [
    'a wrong secret although the token is good',
    403,
    async () => [{ ...(await google(scheduler)), 'X-Cron-Secret': 'w'.repeat(64) }],
  ],
  ['a token without a value', 401, () => [{ Authorization: 'Bearer' }]],
  ['two values behind Bearer', 401, () => [{ Authorization: `Bearer ${world.secret} ${world.secret}` }]],
  ['a token of another issuer', 401, async () => [await forged('https://issuer.example')], /issuer/],
  ['a token that nobody signed', 401, () => [unsigned()]],
  [
    'a token whose signature Cloud Run removed',
    401,
    async () => {
      const token = await world.issuer.googleToken({ email: scheduler, audience: world.url });
      return [bearer(token.replace(/[^.]+$/, 'SIGNATURE_REMOVED_BY_GOOGLE'))];
    },
    /SIGNATURE_REMOVED_BY_GOOGLE/,
  ],
  ["a user's token", 403, async () => [bearer(await world.issuer.userToken('usertest1'))], /kind user/],
  ["a user's token that has expired", 401, async () => [bearer(await world.issuer.expiredToken())]],
  ["a user's token of another key", 401, async () => [bearer(await world.issuer.foreignToken())]],
];

/** Refused with this status; both stores are as before, and no secret or token shows in the answer or in any log line. */
async function refused(path: string, status: number, proof: Proof, cause?: RegExp) {
  const before = await dump(world.store, world.redis);
  const [headers, query = ''] = await proof();
  const logged = world.logs.length;
  const reply = await world.post(path + query, { headers, ...(path === VISITS ? { body: aVisit() } : {}) });
  expect([reply.status, typeof reply.body.error.message]).toEqual([status, 'string']);
  expect(await dump(world.store, world.redis)).toBe(before);
  const lines = world.logs.slice(logged);
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
    severity: 'WARNING',
    status,
    check: expect.stringMatching(cause ?? /./),
  });
  for (const secret of [world.secret, previous, 'w'.repeat(64), ...used]) {
    expect(world.logs.join('') + JSON.stringify(reply.body)).not.toContain(secret);
  }
  return reply;
}

const aVisit = () => ({ visit_id: randomUUID(), session_id: 'tab-1', path: '/repairs' });

describe('the door of a task refuses', () => {
  it.each(refusals)('%s with %i, and leaves no trace', async (_title, status, proof, cause) => {
    await refused(TASK, status, proof, cause);
  });

  it('other methods with 405, and answers no preflight', async () => {
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      const reply = await fetch(world.url + TASK, { method, headers: { Origin: world.url } });
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
      expect(reply.headers.get('access-control-allow-origin')).toBe(null);
    }
  });
});

describe('the door of a task opens', () => {
  const opens: [string, string, string | null, Proof][] = [
    ['the secret in its header', 'secret', null, () => [{ 'X-Cron-Secret': world.secret }]],
    ['the secret as bearer', 'secret', null, () => [{ Authorization: `Bearer ${world.secret}` }]],
    ['the secret in the URL, in development', 'secret', null, () => [{}, `?secret=${world.secret}`]],
    ["Scheduler's token", 'scheduler', '', async () => [await google(scheduler)]],
    ["the console's account", 'service', CONSOLE, async () => [await google(CONSOLE)]],
    ["an operator's own token", 'operator', OPERATOR, async () => [await google(OPERATOR)]],
    ["gcloud's token of an operator", 'operator', OPERATOR, async () => [await google(OPERATOR, GCLOUD)]],
    [
      "an administrator's token",
      'admin',
      'admintest1',
      async () => [bearer(await world.issuer.userToken('admintest1'))],
    ],
  ];
  it.each(opens)('to %s, and the run says so', async (_title, trigger, id, proof) => {
    const [headers, query] = await proof();
    const { status, body } = await call(headers, query);
    expect(status).toBe(200);
    const run = await world.store.doc(`task_runs/${body.run_id}`).get();
    expect([run.get('trigger'), run.get('requested_by') ?? null]).toEqual([
      trigger,
      id === '' ? scheduler : id,
    ]);
  });

  it('to the new and the old secret while it is rotated, and to the old one no longer after that', async () => {
    world.reconfigure({ CRON_SECRET_PREVIOUS: previous });
    expect((await call({ 'X-Cron-Secret': world.secret })).status).toBe(200);
    expect((await call({ 'X-Cron-Secret': previous })).status).toBe(200);
    world.reconfigure({});
    expect((await call({ 'X-Cron-Secret': previous })).status).toBe(403);
  });
});

it('a cron secret in base64 opens a task from the URL, even if its plus signs are not encoded', async () => {
  const secret = `${'a+/'.repeat(13)}==`;
  world.reconfigure({ CRON_SECRET: secret });
  expect((await call({}, `?secret=${secret}`)).status).toBe(200);
  expect((await call({}, `?secret=${encodeURIComponent(secret)}`)).status).toBe(200);
});

it('a 401 names the scheme of the proof, and a 403 does not', async () => {
  expect((await call({})).headers.get('www-authenticate')).toBe('Bearer');
  expect((await call({ 'X-Cron-Secret': 'x'.repeat(40) })).headers.get('www-authenticate')).toBeNull();
});

it.each([['0000-01-01T00:00:00Z'], ['1969-12-31T23:59:59Z'], ['2026-13-01T00:00:00Z']])(
  'an occurrence at %s is answered 400',
  async (at) => {
    const headers = { 'X-Cron-Secret': world.secret, 'X-CloudScheduler-ScheduleTime': at };
    expect((await call(headers)).status).toBe(400);
  },
);

it('a parameter nested 30,000 times is answered 400', async () => {
  const body = `{"inactivity_minutes":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
  const { status } = await world.post(TASK, { body, headers: { 'X-Cron-Secret': world.secret } });
  expect(status).toBe(400);
});

it('a task opens to a secret with dots in it, as bearer too', async () => {
  const dotted = `${'d'.repeat(20)}.${'o'.repeat(20)}.${'t'.repeat(20)}`;
  world.reconfigure({ CRON_SECRET: dotted });
  expect((await call(bearer(dotted))).status).toBe(200);
});

it.each([
  ['cannot be reached', async () => Promise.reject(new Error('connection refused'))],
  ['answer with an error', async () => createRemoteJWKSet(new URL(`${world.url}/no-keys-here`))],
])("when the issuer's keys %s a token is answered 503, to be tried again", async (_title, keys) => {
  const { keys: real } = world.deps;
  world.deps.keys = keys;
  try {
    const proof = async (): Promise<[Headers]> => [await google(scheduler)];
    const reply = await refused(TASK, 503, proof, /keys out of reach/);
    expect(reply.headers.get('retry-after')).toBe('10');
  } finally {
    world.deps.keys = real;
  }
});

describe('without CRON_SECRET', () => {
  it('a task is open in the local cloud, to this machine alone', async () => {
    world.reconfigure({ CRON_SECRET: '' });
    const { status, body } = await call({});
    expect(status).toBe(200);
    expect((await world.store.doc(`task_runs/${body.run_id}`).get()).get('trigger')).toBe('local');
    expect((await call({ 'X-Forwarded-For': '203.0.113.7' })).status).toBe(401);
  });

  it.each<[string, string | undefined, number, Headers, string, RegExp]>([
    ['the header', undefined, 503, { 'X-Cron-Secret': 'w'.repeat(64) }, '', /CRON_SECRET/],
    ['a bearer', undefined, 503, { Authorization: `Bearer ${'w'.repeat(64)}` }, '', /CRON_SECRET/],
    ['the URL, where that is allowed', 'true', 503, {}, `?secret=${'w'.repeat(64)}`, /CRON_SECRET/],
    ['the URL, where that is not', undefined, 403, {}, `?secret=${'w'.repeat(64)}`, /ALLOW_QUERY_SECRET/],
    ['nowhere', undefined, 401, {}, '', /no proof/],
    ['nowhere, from a proxy', undefined, 401, { 'X-Forwarded-For': '127.0.0.1' }, '', /no proof/],
  ])('on Google Cloud a secret in %s is refused', async (_where, allow, status, headers, query, cause) => {
    world.reconfigure({ ...cloud, CRON_SECRET: undefined, ALLOW_QUERY_SECRET: allow });
    const reply = await refused(TASK, status, () => [headers, query], cause);
    if (status !== 401) expect(reply.body.error.message).toMatch(cause);
  });

  it('on Google Cloud the other proofs work', async () => {
    world.reconfigure({ ...cloud, CRON_SECRET: '' });
    expect((await call(bearer(await world.issuer.userToken('admintest1')))).status).toBe(200);
  });
});

describe('a secret in the URL on Google Cloud', () => {
  it.each([
    ['is refused unless ALLOW_QUERY_SECRET says so', undefined, 403],
    ['is refused with ALLOW_QUERY_SECRET=false', 'false', 403],
    ['opens with ALLOW_QUERY_SECRET=true', 'true', 200],
  ])('%s', async (_title, allow, status) => {
    world.reconfigure({ ...cloud, ALLOW_QUERY_SECRET: allow });
    const query = `?secret=${world.secret}`;
    if (status === 200) expect((await call({}, query)).status).toBe(200);
    else {
      const reply = await refused(TASK, status, () => [{}, query], /ALLOW_QUERY_SECRET/);
      expect(reply.body.error.message).toContain('ALLOW_QUERY_SECRET');
    }
  });
});

describe('the door of the visits', () => {
  const token = (...args: Parameters<World['issuer']['userToken']>): Proof => {
    return async () => [bearer(await world.issuer.userToken(...args))];
  };

  it.each<[string, number, Proof]>([
    ['no proof', 401, () => [{}]],
    ['the cron secret in its header', 403, () => [{ 'X-Cron-Secret': world.secret }]],
    ['the cron secret as bearer', 403, () => [{ Authorization: `Bearer ${world.secret}` }]],
    ['the cron secret in the URL', 401, () => [{}, `?secret=${world.secret}`]],
    ['a scheme other than Bearer', 401, () => [{ Authorization: 'Basic dXNlcjpwYXNz' }]],
    ['a malformed token', 401, () => [bearer('not.a.token')]],
    ['an expired token', 401, async () => [bearer(await world.issuer.expiredToken())]],
    ['a token of another key', 401, async () => [bearer(await world.issuer.foreignToken())]],
    ['a token for another audience', 401, token('usertest1', { audience: 'another' })],
    ['a token of another issuer', 401, token('usertest1', { claims: { iss: 'https://issuer.example' } })],
    ['a token without a subject', 401, token('usertest1', { claims: { sub: '' } })],
    ['a token that nobody signed', 401, () => [unsigned()]],
    ["Scheduler's token", 403, async () => [await google(scheduler)]],
    ["the console's token", 403, async () => [await google(CONSOLE)]],
    ["an operator's token", 403, async () => [await google(OPERATOR, GCLOUD)]],
  ])('refuses %s with %i, and leaves no trace', async (_title, status, proof) => {
    await refused(VISITS, status, proof);
  });

  it('is closed without proof in the local cloud without CRON_SECRET too', async () => {
    world.reconfigure({ CRON_SECRET: '' });
    await refused(VISITS, 401, () => [{}], /no proof/);
  });

  it.each(['usertest1', 'admintest1'] as const)('opens to %s', async (name) => {
    const headers = bearer(await world.issuer.userToken(name));
    expect((await world.post(VISITS, { headers, body: aVisit() })).status).toBe(201);
  });

  it.each([
    ['is allowed to an origin of ALLOWED_ORIGINS', 'https://app.example', 'https://app.example'],
    ['is not allowed to another origin', 'https://evil.example', null],
    ['is not allowed to an origin that begins alike', 'https://app.example.evil.example', null],
    ['is not allowed to the opaque origin', 'null', null],
  ])('a preflight %s', async (_title, origin, allowed) => {
    world.reconfigure({ ALLOWED_ORIGINS: 'https://other.example, https://app.example' });
    const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
    const reply = await fetch(world.url + VISITS, { method: 'OPTIONS', headers });
    expect(reply.headers.get('access-control-allow-origin')).toBe(allowed);
    expect(reply.headers.get('access-control-allow-methods')).toBe(allowed && 'GET, POST');
    expect(reply.headers.get('vary')).toContain('Origin');
  });
});

describe('a configuration with a bad secret refuses to start', () => {
  it.each([
    ['short', 'a'.repeat(31), /CRON_SECRET is shorter than 32/],
    ['with a space in front', ` ${'a'.repeat(40)}`, /CRON_SECRET has white space/],
    ['with a line end', `${'a'.repeat(40)}\n`, /CRON_SECRET has white space/],
    ['with a space inside', `${'a'.repeat(20)} ${'b'.repeat(20)}`, /CRON_SECRET has a space or a character/],
    ['with an accent', `${'a'.repeat(40)}é`, /CRON_SECRET has a space or a character/],
  ])('%s, without showing it', (_title, value, message) => {
    expect(() => world.reconfigure({ CRON_SECRET: value })).toThrow(message);
    expect(() => world.reconfigure({ CRON_SECRET: value })).not.toThrow(value.trim());
  });

  it('and says every other fault at once: RONDE_LOCAL on Google Cloud, a boolean, a lone issuer', () => {
    const bad = { K_SERVICE: 'x', ALLOW_QUERY_SECRET: 'yes', UPSTASH_REDIS_REST_URL: 'nowhere' };
    expect(() => world.reconfigure(bad)).toThrow(/UPSTASH_REDIS_REST_URL[\s\S]*ALLOW_QUERY_SECRET/);
    expect(() => world.reconfigure({ K_SERVICE: 'x', AUTH_AUDIENCE: '' })).toThrow(
      /RONDE_LOCAL[\s\S]*AUTH_ISSUER/,
    );
  });
});
