import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { type FunctionSpec, functionHandler } from '../../../../shared/doors/http/function-handler.ts';
import { Answer, Content, openReads, type ProvenRoute } from '../../../../shared/doors/http/router.ts';
import type { Deps } from '../../../../shared/runtime/task.ts';
import { dump, NOW, startWorld, type World } from '../../../support/world.ts';

const ORIGIN = 'https://app.example';
const AT = '/v1/sample';
let world: World;
let tokens: Record<'user' | 'admin' | 'service', string>;
/** How often the dependencies were opened. */
let opened = 0;
const servers: Server[] = [];

const query = z.strictObject({ limit: z.string().regex(/^\d$/, 'must be a digit').optional() });
const params = z.object({ count: z.coerce.number().max(9).default(1), dry_run: z.string().optional() });

const pages = [
  ...openReads<Deps>('/page', async () => new Content(200, { 'Content-Type': 'text/html' }, '<p>page</p>')),
  ...openReads<Deps>('/', async () => new Content(302, { Location: '/page' }), /\btext\/html\b/),
];
const proven: ProvenRoute<Deps>[] = [
  { method: 'POST', path: '/', query, handle: async (call) => ({ caller: call.caller.id, at: call.now }) },
  { method: 'GET', path: '/items/latest', handle: async () => ({ found: 'latest' }) },
  { method: 'GET', path: '/items/{id}', callers: ['admin'], handle: async ({ path }) => path },
  { method: 'DELETE', path: '/items/{id}', handle: async () => null },
  {
    method: 'PUT',
    path: '/items',
    body: z.strictObject({ a: z.number() }),
    handle: async ({ body }) => body as object,
  },
  { method: 'POST', path: '/both', params, handle: async ({ params: given }) => given },
  { method: 'POST', path: '/made', handle: async () => new Answer(201, { id: 1 }, { ETag: '"1"' }) },
  {
    method: 'GET',
    path: '/file',
    handle: async () => new Content(200, { 'X-A': '1' }, Readable.from(['a', 'b'])),
  },
  { method: 'POST', path: '/batch', callers: ['service'], handle: async ({ caller }) => ({ id: caller.id }) },
  { method: 'POST', path: '/late', handle: () => Promise.reject(new HttpError(503, 'Come again.')) },
  { method: 'POST', path: '/bug', handle: () => Promise.reject(new Error('inside-9f2c')) },
];

const routes = [...pages, ...proven];

/** Serves the function on a port of its own; returns its address. */
async function serve(spec: Partial<FunctionSpec<Deps>>): Promise<string> {
  const open = () => {
    opened += 1;
    return world.deps;
  };
  const handler = functionHandler('sample', { callers: ['user', 'admin'], routes, ...spec }, open);
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    handler(Object.assign(request, { method, url }), response).catch(() => response.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let closed: string;
let open: string;
beforeAll(async () => {
  world = await startWorld();
  world.reconfigure({ ALLOWED_ORIGINS: ORIGIN });
  const email = 'console@ronde-local.iam.gserviceaccount.com';
  tokens = {
    user: await world.issuer.userToken('usertest1'),
    admin: await world.issuer.userToken('admintest1'),
    service: await world.issuer.googleToken({ email, audience: world.url }),
  };
  closed = await serve({ label: 'task', mountedAt: AT });
  open = await serve({ cors: true });
});
afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await world?.stop();
});
beforeEach(() => {
  opened = 0;
  world.logs.length = 0;
});

interface Asked {
  as?: keyof typeof tokens;
  body?: string;
  headers?: Record<string, string>;
  base?: string;
}

async function ask(method: string, path: string, { as, body, headers, base = closed }: Asked = {}) {
  const proof = as ? { Authorization: `Bearer ${tokens[as]}` } : {};
  const response = await fetch(base + path, {
    method,
    redirect: 'manual',
    headers: { ...proof, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    body: json ? JSON.parse(text) : text,
  };
}
const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status;

describe('a function by its routes', () => {
  it('answers at its own address and below the path where it is mounted', async () => {
    for (const path of ['/', AT, `${AT}/`]) {
      const { status, body } = await ask('POST', path, { as: 'user' });
      expect([status, body]).toEqual([200, { caller: 'usertest1', at: NOW.toISOString() }]);
    }
    for (const path of ['/items/latest', `${AT}/items/latest`])
      expect((await ask('GET', path, { as: 'user' })).body).toEqual({ found: 'latest' });
    for (const path of ['/other', `${AT}/other`, `${AT}x`, `${AT}${AT}`])
      expect(await statusOf('GET', path, { as: 'user' })).toBe(404);
  });

  it('answers in every form that a handler may return', async () => {
    const made = await ask('POST', '/made', { as: 'user' });
    expect([made.status, made.headers.get('etag'), made.body]).toEqual([201, '"1"', { id: 1 }]);
    const gone = await ask('DELETE', '/items/x', { as: 'user' });
    expect([gone.status, gone.body, gone.headers.get('cache-control')]).toEqual([204, '', 'no-store']);
    const file = await ask('GET', '/file', { as: 'user' });
    expect([file.body, file.headers.get('x-a')]).toEqual(['ab', '1']);
    const page = await ask('GET', '/page');
    expect([page.body, page.headers.get('content-type')]).toEqual(['<p>page</p>', 'text/html']);
    expect(await ask('HEAD', '/page')).toMatchObject({ status: 200, body: '' });
  });

  it('prefers a path without a variable', async () => {
    expect((await ask('GET', '/items/x', { as: 'admin' })).body).toEqual({ id: 'x' });
    expect((await ask('GET', '/items/latest', { as: 'admin' })).body).toEqual({ found: 'latest' });
  });

  it('has a route with `accept` only for requests that want its type', async () => {
    const wanted = await ask('GET', '/', { headers: { Accept: 'text/html' } });
    expect([wanted.status, wanted.headers.get('location')]).toEqual([302, '/page']);
    const other = await ask('GET', '/', { headers: { Accept: 'application/json' } });
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await statusOf('POST', '/', { as: 'user', headers: { Accept: 'text/html' } })).toBe(200);
  });
});

describe('the order of the checks', () => {
  it('is path, method, caller, input', async () => {
    expect(await statusOf('PUT', '/nowhere', { body: '[' })).toBe(404);
    const method = await ask('POST', '/items/x', { body: '[' });
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, DELETE']);
    expect(await statusOf('PUT', '/items', { body: '[' })).toBe(401);
    expect(await statusOf('PUT', '/items', { as: 'service', body: '[' })).toBe(403);
    expect(await statusOf('PUT', '/items', { as: 'user', body: '[' })).toBe(400);
    expect((await ask('PUT', '/items', { as: 'user', body: '{"a":1}' })).body).toEqual({ a: 1 });
  });

  it('reads the query string before the body', async () => {
    const { status, body } = await ask('POST', '/?limit=x', { as: 'user', body: '[' });
    expect([status, body.error.details[0].parameter]).toEqual([400, 'limit']);
  });

  it.each<[string, string, keyof typeof tokens, number]>([
    ['GET', '/items/x', 'user', 403],
    ['GET', '/items/x', 'admin', 200],
    ['POST', '/batch', 'service', 200],
    ['POST', '/batch', 'admin', 403],
    ['POST', '/', 'service', 403],
  ])(
    '%s %s as %s is %i by the callers of the route, else of the function',
    async (method, path, as, status) => {
      expect(await statusOf(method, path, { as })).toBe(status);
    },
  );

  it('leaves no trace of a refused request, and opens the dependencies once for each', async () => {
    const before = await dump(world.store, world.redis);
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['PATCH', '/'],
      ['POST', '/'],
    ] as const)
      expect((await ask(method, path)).body).toEqual({
        error: { code: expect.any(String), message: expect.any(String) },
      });
    expect(opened).toBe(3);
    expect(await dump(world.store, world.redis)).toBe(before);
  });
});

describe('parameters from the query string or the body', () => {
  const both = (search: string, body?: string) =>
    ask('POST', `/both${search}`, { as: 'user', ...(body ? { body } : {}) });

  it.each<[string, string | undefined, object]>([
    ['', undefined, { count: 1 }],
    ['?count=3', undefined, { count: 3 }],
    ['', '{"count":4}', { count: 4 }],
    ['?count=5', '{"dry_run":"x"}', { count: 5, dry_run: 'x' }],
    ['?secret=a&secret=b', undefined, { count: 1 }],
  ])('%s and %s are %j', async (search, body, expected) => {
    expect(await both(search, body)).toMatchObject({ status: 200, body: expected });
  });

  it.each<[string, string | undefined, RegExp, unknown]>([
    ['?count=3', '{"count":3}', /count .*give it once/, undefined],
    ['?count=3&count=3', undefined, /count .*give it once/, undefined],
    ['?odd=lost-9f2c', undefined, /odd/, { unknown: ['odd'], known: ['count', 'dry_run'] }],
    ['', '{"secret":"lost-9f2c"}', /secret/, { unknown: ['secret'], known: ['count', 'dry_run'] }],
    [
      '?count=10',
      undefined,
      /count.*at most 9.*"10"/,
      [{ parameter: 'count', rule: 'must be at most 9', value: '"10"' }],
    ],
  ])('%s and %s are 400', async (search, body, message, details) => {
    const reply = await both(search, body);
    expect([reply.status, reply.body.error.details]).toEqual([400, details]);
    expect(reply.body.error.message).toMatch(message);
    expect(JSON.stringify(reply.body) + world.logs.join('')).not.toContain('lost-9f2c');
  });

  it('never reach the log by their values', async () => {
    await both('?count=7431');
    expect(world.logs.join('')).toContain('count: must be at most 9');
    expect(world.logs.join('')).not.toContain('7431');
  });
});

describe('preflights', () => {
  const headers = { Origin: ORIGIN };

  it('are answered before the path or the caller is checked, if the function asks for it', async () => {
    const { status, headers: answered } = await ask('OPTIONS', '/nowhere', { base: open, headers });
    expect([status, answered.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
    const foreign = await ask('OPTIONS', '/', { base: open, headers: { Origin: 'https://evil.example' } });
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([204, null]);
    const refused = await ask('POST', '/', { base: open, headers });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN]);
  });

  it('are a method like any other elsewhere', async () => {
    const { status, headers: answered } = await ask('OPTIONS', '/made', { headers });
    expect([status, answered.get('allow'), answered.get('vary')]).toEqual([405, 'POST', null]);
    expect(answered.get('access-control-allow-origin')).toBe(null);
  });
});

describe('errors', () => {
  const lines = () => world.logs.map((line) => JSON.parse(line));

  it('are logged with the label and the trace of the request', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(await statusOf('POST', '/late', { as: 'user', headers: { traceparent } })).toBe(503);
    expect(lines()).toMatchObject([
      {
        severity: 'WARNING',
        status: 503,
        'logging.googleapis.com/labels': { task: 'sample' },
        'logging.googleapis.com/trace': `projects/${world.deps.config.project}/traces/${'a'.repeat(32)}`,
        'logging.googleapis.com/spanId': 'b'.repeat(16),
        'logging.googleapis.com/trace_sampled': true,
      },
    ]);
    world.logs.length = 0;
    await ask('POST', '/late', { as: 'user', base: open });
    expect(lines()).toMatchObject([{ 'logging.googleapis.com/labels': { function: 'sample' } }]);
  });

  it('that are bugs answer 500 without their text, which the log has', async () => {
    const { status, body } = await ask('POST', '/bug', { as: 'user' });
    expect([status, body.error.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(body)).not.toContain('inside-9f2c');
    expect(lines()).toMatchObject([
      {
        severity: 'ERROR',
        stack_trace: expect.stringContaining('inside-9f2c'),
        serviceContext: { service: 'sample' },
      },
    ]);
  });

  it('of an unknown path name the paths of the function', async () => {
    const { body } = await ask('GET', '/nowhere');
    expect(body.error.message).toContain(`sample answers at ${AT}/page, ${AT}, `);
    expect(body.error.message).toContain('and 5 more');
  });
});
