import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { encodeReply, parseCommand, parseCommands } from './redis-reply.ts';

const BODY_LIMIT = 10 * 1024 * 1024;
const COMMAND_TIMEOUT_MS = 5_000;
const RECONNECT_MS = 200;
const ROUTES = new Set(['/', '/pipeline', '/multi-exec']);

export interface BridgeOptions {
  redisPort: number;
  token: string;
  /** Port of the bridge; a free one if left out. */
  port?: number;
}

export interface RedisBridge {
  url: string;
  /** Resolves once the bridge is connected to its Redis. */
  connected(): Promise<void>;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body: unknown;
}

/** An answer that ends the request early. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function sameToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

/** Reads the whole body, and on past the limit too: a client that still writes would not see the answer. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  if (size > BODY_LIMIT) {
    throw new Refusal(413, `ERR the body has ${size} bytes, at most ${BODY_LIMIT} are taken; send fewer commands`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (thrown) {
    throw new Refusal(400, `ERR the body is not JSON (${(thrown as Error).message}); send an array`);
  }
}

function isReplyError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

function run(redis: Redis, [name, ...args]: [string, ...string[]]): Promise<unknown> {
  return redis.callBuffer(name, ...args);
}

/** Outcome of one command: Redis's own refusals are results, a lost connection is not. */
async function outcome(reply: Promise<unknown>, base64: boolean): Promise<{ result: unknown } | { error: string }> {
  try {
    return { result: encodeReply(await reply, base64) };
  } catch (thrown) {
    if (isReplyError(thrown)) return { error: thrown.message };
    throw thrown;
  }
}

async function pipeline(redis: Redis, body: unknown, base64: boolean): Promise<Answer> {
  const replies = parseCommands(body).map((command) => outcome(run(redis, command), base64));
  return { status: 200, body: await Promise.all(replies) };
}

/** All commands leave in one tick over the one connection, so nothing can come between MULTI and EXEC. */
async function transaction(redis: Redis, body: unknown, base64: boolean): Promise<Answer> {
  const commands = parseCommands(body);
  const sent = [run(redis, ['MULTI']), ...commands.map((command) => run(redis, command)), run(redis, ['EXEC'])];
  const settled = await Promise.allSettled(sent);
  const failed = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const lost = failed.find((reason) => !isReplyError(reason));
  if (lost !== undefined) throw lost;
  const last = settled.at(-1);
  if (last?.status !== 'fulfilled') return { status: 400, body: { error: (last?.reason as Error).message } };
  const entries = (last.value as unknown[]).map((value) =>
    value instanceof Error ? { error: value.message } : { result: encodeReply(value, base64) },
  );
  return { status: 200, body: entries };
}

async function answer(redis: Redis, token: string, request: IncomingMessage): Promise<Answer> {
  if (!sameToken(request.headers.authorization, token)) {
    request.resume();
    throw new Refusal(401, 'WRONGPASS invalid or missing auth token; send it as Authorization: Bearer TOKEN');
  }
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method !== 'POST' || !ROUTES.has(path)) {
    request.resume();
    throw new Refusal(404, `ERR ${request.method} ${path} is no route; POST to /, /pipeline or /multi-exec`);
  }
  const body = await readJson(request);
  const base64 = request.headers['upstash-encoding'] === 'base64';
  if (path === '/pipeline') return pipeline(redis, body, base64);
  if (path === '/multi-exec') return transaction(redis, body, base64);
  const single = await outcome(run(redis, parseCommand(body)), base64);
  return { status: 'error' in single ? 400 : 200, body: single };
}

function failure(thrown: unknown): Answer {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof Refusal) return { status: thrown.status, body: { error: message } };
  if (thrown instanceof TypeError) return { status: 400, body: { error: message } };
  return { status: 503, body: { error: `ERR Redis does not answer (${message}); start it again` } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
  const token = request.headers['upstash-sync-token'];
  if (typeof token === 'string') response.setHeader('upstash-sync-token', token);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function openConnection(port: number): Promise<Redis> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    connectTimeout: 1_000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(times * 25, RECONNECT_MS),
  });
  redis.on('error', () => undefined);
  return new Promise((resolve) => redis.once('ready', () => resolve(redis)));
}

/** Upstash's REST protocol on loopback in front of one Redis; waits for its first connection. */
export async function startRedisBridge(options: BridgeOptions): Promise<RedisBridge> {
  const redis = await openConnection(options.redisPort);
  const server = createServer((request, response) => {
    answer(redis, options.token, request)
      .catch(failure)
      .then((result) => send(request, response, result));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: () =>
      redis.status === 'ready' ? Promise.resolve() : new Promise((resolve) => redis.once('ready', () => resolve())),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      redis.disconnect();
    },
  };
}
