import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dump, minutes, NOW, startWorld, type World } from '../../support/world.ts';

const TASK = '/api/v1/monitoring/close-inactive-visits';
const GCLOUD = '32555940559.apps.googleusercontent.com';
const OPERATOR = 'operator@example.test';
const previous = 'p'.repeat(20) + 'Q'.repeat(20);
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

const call = (headers: Headers, query = '') => world.post(TASK + query, { headers });
const bearer = (token: string): Headers => {
  used.push(token);
  return { Authorization: `Bearer ${token}` };
};
const google = async (email: string, audience = world.url, more = {}) =>
  bearer(await world.issuer.googleToken({ email, audience, ...more }));

/** A Google-shaped token signed by a key of our own. */
async function forged(issuer: string): Promise<Headers> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const { kty } = await exportJWK(publicKey);
  const at = NOW.getTime() / 1000;
  return bearer(
    await new SignJWT({ email: scheduler, email_verified: true, kty })
      .setProtectedHeader({ alg: 'RS256', kid: 'ours' })
      .setIssuer(issuer)
      .setAudience(world.url)
      .setSubject('1')
      .setIssuedAt(at)
      .setExpirationTime(at + 3600)
      .sign(privateKey),
  );
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

const refusals: [string, number, () => Promise<[Headers, string?]> | [Headers, string?], RegExp?][] = [
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

describe('the door of a task refuses', () => {
  it.each(refusals)('%s with %i, and leaves no trace', async (_title, status, proof, cause) => {
    const before = await dump(world.store, world.redis);
    const [headers, query] = await proof();
    const logged = world.logs.length;
    const reply = await call(headers, query);
    expect([reply.status, typeof reply.body.error.message]).toEqual([status, 'string']);
    expect(await dump(world.store, world.redis)).toBe(before);
    const lines = world.logs.slice(logged);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ severity: 'WARNING', status });
    if (cause) expect(lines.join('')).toMatch(cause);
    for (const secret of [world.secret, 'w'.repeat(64), ...used]) {
      expect(world.logs.join('') + JSON.stringify(reply.body)).not.toContain(secret);
    }
  });

  it("Google's token after it has expired", async () => {
    const headers = await google(scheduler);
    world.clock.advance(minutes(120));
    expect((await call(headers)).status).toBe(401);
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
  const opens: [string, string, string | null, () => Promise<[Headers, string?]> | [Headers, string?]][] = [
    ['the secret in its header', 'secret', null, () => [{ 'X-Cron-Secret': world.secret }]],
    ['the secret as bearer', 'secret', null, () => [{ Authorization: `Bearer ${world.secret}` }]],
    ['the secret in the URL, in development', 'secret', null, () => [{}, `?secret=${world.secret}`]],
    ["Scheduler's token", 'scheduler', '', async () => [await google(scheduler)]],
    [
      "the console's account",
      'service',
      'console@ronde-local.iam.gserviceaccount.com',
      async () => [await google('console@ronde-local.iam.gserviceaccount.com')],
    ],
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

describe('without CRON_SECRET', () => {
  const cloud = {
    RONDE_LOCAL: undefined,
    RONDE_GOOGLE_ISSUER: undefined,
    K_SERVICE: 'close-inactive-visits',
  };

  it('a task is open in the local cloud, to this machine alone', async () => {
    world.reconfigure({ CRON_SECRET: '' });
    const { status, body } = await call({});
    expect(status).toBe(200);
    expect((await world.store.doc(`task_runs/${body.run_id}`).get()).get('trigger')).toBe('local');
    expect((await call({ 'X-Forwarded-For': '203.0.113.7' })).status).toBe(401);
  });

  it('on Google Cloud the secret path says what to set, and nothing is open', async () => {
    world.reconfigure({ ...cloud, CRON_SECRET: '' });
    const reply = await call({ 'X-Cron-Secret': world.secret });
    expect([reply.status, reply.body.error.message]).toEqual([503, expect.stringContaining('CRON_SECRET')]);
    expect((await call({})).status).toBe(401);
    expect((await call(bearer(await world.issuer.userToken('admintest1')))).status).toBe(200);
  });

  it('a secret in the URL is refused on Google Cloud unless ALLOW_QUERY_SECRET says so', async () => {
    world.reconfigure(cloud);
    const refused = await call({}, `?secret=${world.secret}`);
    expect([refused.status, refused.body.error.message]).toEqual([
      403,
      expect.stringContaining('ALLOW_QUERY_SECRET'),
    ]);
    world.reconfigure({ ...cloud, ALLOW_QUERY_SECRET: 'true' });
    expect((await call({}, `?secret=${world.secret}`)).status).toBe(200);
  });
});

describe('a configuration with a bad secret refuses to start', () => {
  it.each([
    ['short', 'a'.repeat(31), /CRON_SECRET is shorter than 32/],
    ['with a space in front', ` ${'a'.repeat(40)}`, /CRON_SECRET has white space/],
    ['with a line end', `${'a'.repeat(40)}\n`, /CRON_SECRET has white space/],
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
