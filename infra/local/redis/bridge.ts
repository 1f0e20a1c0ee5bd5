import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Redis } from 'ioredis';

const BODY_LIMIT = 10 * 1024 * 1024;
const ROUTES = new Set(['/', '/pipeline', '/multi-exec']);
/** Commands that would change or block the one connection that all requests share. */
const BARRED = new Set(
  `multi exec discard watch unwatch select auth hello reset quit monitor subscribe psubscribe ssubscribe blpop brpop
  blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop wait waitaof`.split(/\s+/),
);

type Command = [string, ...string[]];
type CommandOutcome = { result: unknown } | { error: string };
type BridgeAnswer = { status: number; body: unknown };

/** Ends a request early with this answer. */
class BridgeRefusal extends Error {
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

/** Reads the whole body even beyond the limit: a client that is still writing would miss the answer. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  if (size > BODY_LIMIT) {
    throw new BridgeRefusal(
      413,
      `ERR the body has ${size} bytes, at most ${BODY_LIMIT} are taken; send less at once`,
    );
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (thrown) {
    throw new BridgeRefusal(400, `ERR the body is not JSON (${(thrown as Error).message}); send an array`);
  }
}

function parseCommand(body: unknown): Command {
  const parts = Array.isArray(body) ? body : [];
  const [name, ...args] = parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part)));
  if (name === undefined || typeof parts[0] !== 'string') {
    const got = (JSON.stringify(body) ?? '').slice(0, 80);
    throw new BridgeRefusal(
      400,
      `ERR ${got} is no command; send a JSON array that starts with the command's name`,
    );
  }
  if (BARRED.has(name.toLowerCase())) {
    throw new BridgeRefusal(
      400,
      `ERR ${name} needs a connection of its own; over REST use /multi-exec or poll`,
    );
  }
  return [name, ...args];
}

function parseCommands(body: unknown): Command[] {
  if (Array.isArray(body) && body.length > 0) return body.map(parseCommand);
  throw new BridgeRefusal(400, 'ERR the body holds no commands; send a JSON array of arrays');
}

/** Converts a reply to JSON: base64 strings on request, flat maps. Only an outermost OK stays as it is. */
function encode(reply: unknown, base64: boolean, outermost = true): unknown {
  if (reply instanceof Error) return encode(reply.message, base64, outermost);
  if (Buffer.isBuffer(reply) || typeof reply === 'string') {
    const bytes = Buffer.from(reply as string);
    const bare = !base64 || (outermost && bytes.toString('latin1') === 'OK');
    return bytes.toString(bare ? 'utf8' : 'base64');
  }
  if (Array.isArray(reply)) return reply.map((each) => encode(each, base64, false));
  if (reply instanceof Map) return encode([...reply].flat(), base64, false);
  if (typeof reply === 'bigint') return Number(reply);
  if (typeof reply === 'object' && reply !== null) return encode(Object.entries(reply).flat(), base64, false);
  return reply ?? null;
}

function isReplyError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

function run(redis: Redis, [name, ...args]: Command): Promise<unknown> {
  return redis.callBuffer(name, ...args);
}

/** Returns Redis's refusal of a command as its outcome. Throws if the connection is lost. */
async function outcome(reply: Promise<unknown>, base64: boolean): Promise<CommandOutcome> {
  try {
    return { result: encode(await reply, base64) };
  } catch (thrown) {
    if (isReplyError(thrown)) return { error: thrown.message };
    throw thrown;
  }
}

/** Sends all commands in one tick over the one connection, so that no other command comes between MULTI and EXEC. */
async function transaction(redis: Redis, commands: Command[], base64: boolean): Promise<BridgeAnswer> {
  const whole: Command[] = [['MULTI'], ...commands, ['EXEC']];
  const settled = await Promise.allSettled(whole.map((command) => run(redis, command)));
  const reasons = settled.map((each) => (each.status === 'rejected' ? (each.reason as unknown) : null));
  const lost = reasons.find((reason) => reason !== null && !isReplyError(reason));
  if (lost !== undefined) throw lost;
  const exec = settled.at(-1);
  if (exec === undefined) throw new Error('no reply to EXEC');
  if (exec.status === 'rejected') return { status: 400, body: { error: (exec.reason as Error).message } };
  const entries = (exec.value as unknown[]).map(
    (each): CommandOutcome =>
      each instanceof Error ? { error: each.message } : { result: encode(each, base64) },
  );
  return { status: 200, body: entries };
}

async function answer(redis: Redis, token: string, request: IncomingMessage): Promise<BridgeAnswer> {
  const path = request.url?.split('?')[0] ?? '/';
  const allowed = sameToken(request.headers.authorization, token);
  if (!allowed || request.method !== 'POST' || !ROUTES.has(path)) {
    request.resume();
    if (allowed)
      throw new BridgeRefusal(
        404,
        `ERR ${request.method} ${path} is no route; POST to ${[...ROUTES].join(', ')}`,
      );
    throw new BridgeRefusal(401, 'WRONGPASS invalid or missing auth token; send Authorization: Bearer TOKEN');
  }
  const body = await readJson(request);
  const base64 = request.headers['upstash-encoding'] === 'base64';
  if (path === '/multi-exec') return transaction(redis, parseCommands(body), base64);
  if (path === '/pipeline') {
    const outcomes = parseCommands(body).map((command) => outcome(run(redis, command), base64));
    return { status: 200, body: await Promise.all(outcomes) };
  }
  const single = await outcome(run(redis, parseCommand(body)), base64);
  return { status: 'error' in single ? 400 : 200, body: single };
}

function failure(thrown: unknown): BridgeAnswer {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof BridgeRefusal) return { status: thrown.status, body: { error: message } };
  return { status: 503, body: { error: `ERR Redis does not answer (${message}); start it again` } };
}

/**
 * Serves Upstash's REST protocol over one Redis connection, as a node:http listener. Every request needs the token.
 */
export function redisBridge(redis: Redis, token: string): RequestListener {
  return async (request, response) => {
    const { status, body } = await answer(redis, token, request).catch(failure);
    const sync = request.headers['upstash-sync-token'];
    if (typeof sync === 'string') response.setHeader('upstash-sync-token', sync);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}
