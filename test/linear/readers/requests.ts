import { Readable } from 'node:stream';
import * as z from 'zod';
import { positionParam } from '../../../functions/console/api/paging.ts';
import { routes } from '../../../functions/console/api.ts';
import { optOutId } from '../../../shared/domains/followups/opt-out.ts';
import { beatBody, startBody } from '../../../shared/domains/visits/visit.ts';
import { authenticate } from '../../../shared/doors/auth/door.ts';
import { checkToken, type TokenDeps } from '../../../shared/doors/auth/token.ts';
import { handleCors } from '../../../shared/doors/http/cors.ts';
import { parseWith } from '../../../shared/doors/http/faults.ts';
import { pageParam, parseJson, parseParams, parseQuery } from '../../../shared/doors/http/query.ts';
import { type HttpRequest, location } from '../../../shared/doors/http/request.ts';
import { createRouter } from '../../../shared/doors/http/router.ts';
import { requireVersion } from '../../../shared/doors/http/version.ts';
import { traceFields } from '../../../shared/doors/log.ts';
import { isDocumentId } from '../../../shared/doors/store/document-id.ts';
import { identifyRun } from '../../../shared/runtime/occurrence.ts';
import { requesterOf } from '../../../shared/runtime/requester.ts';
import { BODY_CAP, type Reader, URL_CAP } from './reader.ts';

const DEPS = {
  config: {
    auth: { issuer: 'https://issuer.test', audience: 'ronde' },
    operators: [],
    cronSecrets: ['x'.repeat(32)],
  },
  clock: () => new Date(0),
  keys: async () => {
    throw new Error('unreachable');
  },
} as unknown as TokenDeps;
const find = createRouter(
  routes.map(({ path }) => ({
    method: 'GET' as const,
    path,
    callers: 'anyone' as const,
    handle: async () => ({}),
  })),
);

const request = (url: string, headers: Record<string, string> = {}, body = ''): HttpRequest =>
  Object.assign(Readable.from(body === '' ? [] : [Buffer.from(body)]), {
    ...{ method: 'GET', url, headers, socket: {} },
  }) as unknown as HttpRequest;
const withHeader = (name: string) => (value: string) => request('/', { [name]: value });
const URLS = [
  '/',
  '//',
  '/v1/admin/',
  '/a',
  '.',
  '/.',
  '/..',
  '%2F',
  '%',
  '%zz',
  ';',
  '?',
  '#',
  '\\',
  '@',
  ' ',
];
const swallow = async (work: Promise<unknown>) => await work.catch(() => undefined);
const header = (name: string, runs: readonly string[], read: (request: HttpRequest) => unknown): Reader => ({
  ...{ name: `the header ${name}`, cap: URL_CAP, delimiters: { runs } },
  read: (value) => read(withHeader(name)(value)),
});

/** Readers of requests, most of them before the caller is known. */
export const requestReaders: readonly Reader[] = [
  {
    name: 'a path',
    cap: URL_CAP,
    delimiters: {
      runs: URLS,
      framed: [
        ['/v1/admin', '/', 'x'],
        ['/v1/admin', '/', ''],
      ],
    },
    read: (path) => location(request(`/${path}`)),
  },
  {
    name: 'the route of a path',
    cap: URL_CAP,
    delimiters: {
      runs: URLS,
      framed: [
        ['/v1/admin', '/', 'x'],
        ['/v1/admin', '/', ''],
      ],
    },
    read: (path) => find(`/${path}`, request(`/${path}`)),
  },
  {
    name: 'a query string',
    cap: URL_CAP,
    delimiters: { runs: ['&', '=', 'a=1&', 'a&', '%', '%41', '+', ';', '[]'] },
    read: (query) => parseQuery(z.strictObject({ limit: z.string() }), request(`/?${query}`)),
  },
  {
    name: 'parameters of a task',
    cap: URL_CAP,
    delimiters: { runs: ['&', 'a=1&', 'secret=x&', 'dry_run=1&', '%41='] },
    read: (query) => swallow(parseParams(z.object({ dry_run: z.string() }), request(`/?${query}`))),
  },
  {
    name: 'different parameters',
    cap: URL_CAP,
    delimiters: { runs: ['x'] },
    read: ({ length }) => {
      const query = Array.from({ length: length / 6 }, (_, index) => `a${index}=1`).join('&');
      return swallow(parseParams(z.object({ dry_run: z.string() }), request(`/?${query}`)));
    },
  },
  {
    name: 'a JSON body',
    cap: BODY_CAP,
    delimiters: {
      runs: ['"', '\\', '{}', '1', 'e', ' '],
      nested: [
        ['{"a":', '}'],
        ['[', ']'],
      ],
      framed: [['{"reason":"', '\\u0000', '"}']],
    },
    read: (body) => swallow(parseJson(beatBody, request('/', {}, body))),
  },
  {
    name: 'unknown fields of a body',
    cap: BODY_CAP,
    delimiters: { runs: ['x'] },
    read: ({ length }) =>
      parseWith(
        beatBody,
        Object.fromEntries(Array.from({ length: length / 8 }, (_, index) => [`a${index}`, 1])),
      ),
  },
  {
    name: 'a visit',
    cap: BODY_CAP,
    delimiters: { runs: ['/', '?', '#', '%', ' ', '\0', '😀'] },
    read: (path) =>
      startBody.safeParse({ visit_id: path, session_id: path, path, title: path, referrer: path }),
  },
  {
    name: 'a page token',
    cap: URL_CAP,
    delimiters: { runs: ['A', '=', '-', 'IA'] },
    read: (token) => pageParam.safeParse(token),
  },
  {
    name: 'a position in a list',
    cap: URL_CAP,
    delimiters: { runs: ['0', ' ', '.', '9Z ', '__'] },
    read: (text) => positionParam.safeParse(Buffer.from(`2026-01-01T00:00:00.${text}`).toString('base64url')),
  },
  header('authorization', ['Bearer ', ' ', '.', 'a.', 'eyJ', '\t'], (asked) =>
    swallow(authenticate(asked, DEPS, ['admin', 'secret'])),
  ),
  {
    name: 'a token',
    cap: URL_CAP,
    delimiters: { runs: ['.', 'eyJ', 'e30.', 'A', '='], framed: [['eyJ', 'A', '.e30.A']] },
    read: (token) => swallow(checkToken(token, DEPS)),
  },
  header('if-match', [',', '"', 'W/', 'W/"', '*', ' '], (asked) => requireVersion(asked, null, '1')),
  header('origin', ['/', ':', 'https://', '.'], (asked) =>
    handleCors(asked, { statusCode: 0, setHeader: () => undefined, end: () => undefined }, [
      'https://a.test',
    ]),
  ),
  header('traceparent', ['0', '-', '00-', 'f'], (asked) => traceFields(asked.headers, 'p')),
  header('x-cloud-trace-context', ['0', '/', ';', 'f'], (asked) => traceFields(asked.headers, 'p')),
  header('x-cloudscheduler-scheduletime', ['2', '-', ':', '2026-01-01T00:00:00', ' ', '.', '('], (asked) =>
    identifyRun('task', asked, { kind: 'secret', id: null, claims: {} }, new Date(0)),
  ),
  header('x-ronde-requested-by', ['%', '%41', '!', '~'], (asked) =>
    requesterOf(asked, { kind: 'service', id: 's', claims: {} }),
  ),
  {
    name: 'an opt-out link',
    cap: URL_CAP,
    delimiters: { runs: ['.', 'A', '=', '-'] },
    read: (signed) => optOutId(signed, ['key']),
  },
  {
    name: 'the id of a document',
    cap: URL_CAP,
    delimiters: { runs: ['_', '.', '/', '__', '\ud800'] },
    read: isDocumentId,
  },
];
