import { routes } from '../../../functions/console/api.ts';
import { pick, type Random } from '../harness/random.ts';
import { below, randomText } from './random-text.ts';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const VISITS = ['/', `/${UUID}/heartbeat`, `/${UUID}/end`, '/client.js', '/client/x'];
const PRESENCE = [
  '/v1/activity/ping',
  '/v1/auth/login',
  '/v1/admin/users/statuses',
  '/v1/activity/client.js',
];
/** Routes that call other functions, mail servers or mailboxes: their time is that of others. */
const CALLS_OTHERS = /tasks|\/(?:test|test-email|sync|send|retry|what-if|preview)$|integrations/;
const CONSOLE = routes.map(({ path }) => path).filter((path) => !CALLS_OTHERS.test(path));
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'get', ''] as const;
const HEADERS = [
  ...[
    'If-Match',
    'Idempotency-Key',
    'Origin',
    'Accept',
    'Content-Type',
    'traceparent',
    'X-Cloud-Trace-Context',
  ],
  ...[
    'X-CloudScheduler-ScheduleTime',
    'X-Ronde-Requested-By',
    'Cookie',
    'X-Forwarded-For',
    'Accept-Language',
  ],
] as const;
const FIELDS = [
  ...[
    'visit_id',
    'session_id',
    'path',
    'title',
    'referrer',
    'elapsed_ms',
    'presence',
    'alerts',
    'watch',
    'recipients',
  ],
  ...[
    'org_id',
    'customer',
    'email',
    'name',
    'number',
    'stage',
    'limit',
    'page',
    'q',
    'view',
    'from',
    'updated_at',
  ],
] as const;

/** The functions that browsers call, with the paths that they know. */
export const TARGETS = { visits: VISITS, presence: PRESENCE, console: CONSOLE } as const;
export type Target = keyof typeof TARGETS;

/** Headers take 16 KiB together in Node; the rest of a request must fit too. */
const MAX_HEADER = 3_000;
const MAX_BODY = 80_000;

/** Returns the octets of a request that nobody should send. It closes the connection. */
export function randomRequest(random: Random, target: Target, tokens: readonly string[]): Buffer {
  const body = random() < 0.5 ? randomBody(random) : '';
  const bytes = Buffer.from(body);
  const length = random() < 0.95 ? bytes.length : below(random, 1e6);
  const lines = [
    `${random() < 0.8 ? pick(random, ['GET', 'POST', 'PUT', 'PATCH']) : pick(random, METHODS)} ${randomUrl(random, target)} HTTP/1.1`,
    'Host: ronde.test',
    'Connection: close',
    ...(body === '' ? [] : [`Content-Length: ${length}`, 'Content-Type: application/json']),
    ...(random() < 0.85 ? [`Authorization: Bearer ${randomToken(random, tokens)}`] : []),
    ...Array.from(
      { length: below(random, 4) },
      () => `${pick(random, HEADERS)}: ${visible(random, MAX_HEADER)}`,
    ),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

/** A text without what would end a line; the parser of HTTP is not ours. */
const visible = (random: Random, most: number) => randomText(random, most).replace(/[\0\r\n]/g, ' ');

function randomToken(random: Random, tokens: readonly string[]): string {
  const token = tokens[below(random, tokens.length)] ?? '';
  if (random() < 0.8) return token;
  const at = below(random, token.length);
  return random() < 0.5 ? visible(random, 2_000) : `${token.slice(0, at)}x${token.slice(at)}`;
}

function randomUrl(random: Random, target: Target): string {
  const paths: readonly string[] = TARGETS[target];
  const path = (paths[below(random, paths.length)] ?? '/').replace(/\{[^}]*\}/g, () =>
    random() < 0.5 ? 'a1' : encodeURIComponent(visible(random, 300).toWellFormed()),
  );
  const tail = random() < 0.2 ? visible(random, 6_000).replaceAll(' ', '/') : '';
  const query =
    random() < 0.4 ? `?${pick(random, FIELDS)}=${visible(random, 2_000).replaceAll(' ', '+')}` : '';
  return path + tail + query;
}

function randomBody(random: Random): string {
  if (random() < 0.2) return randomText(random, MAX_BODY);
  const value = (depth: number): unknown => {
    const kind = below(random, depth > 3 ? 4 : 6);
    if (kind === 0) return randomText(random, 30_000);
    if (kind === 1) return (random() - 0.5) * 10 ** below(random, 30);
    if (kind === 2) return pick(random, [null, true, false, '2026-03-04T10:00:00Z', 'a@b.test', UUID]);
    if (kind === 3) return randomText(random, 20);
    if (kind === 4) return Array.from({ length: below(random, 5) }, () => value(depth + 1));
    return objectOf(depth + 1);
  };
  const objectOf = (depth: number) =>
    Object.fromEntries(Array.from({ length: below(random, 6) }, () => [pick(random, FIELDS), value(depth)]));
  return JSON.stringify(objectOf(0)).slice(0, MAX_BODY);
}
