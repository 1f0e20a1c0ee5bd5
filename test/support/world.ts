import { randomBytes, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { type Firestore, Timestamp } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { inject } from 'vitest';
import { localEnvironment } from '../../infra/local/environment.ts';
import { startGateway } from '../../infra/local/gateway.ts';
import { startIssuer } from '../../infra/local/issuer/issuer.ts';
import { startRedis } from '../../infra/local/redis/redis.ts';
import { localSettings } from '../../infra/local/settings.ts';
import { type LocalSmtp, startSmtp } from '../../infra/local/smtp/smtp.ts';
import { remoteKeys } from '../../shared/doors/auth/keys.ts';
import { type Config, loadConfig } from '../../shared/doors/config.ts';
import { createLog } from '../../shared/doors/log.ts';
import { openRedis } from '../../shared/doors/redis/redis.ts';
import { openStore } from '../../shared/doors/store/firestore.ts';
import type { Deps } from '../../shared/runtime/task.ts';

export { clear, seed } from './documents.ts';

/** The instant at which every test begins. */
export const NOW = new Date('2026-03-04T10:00:00.000Z');
export const minutes = (count: number) => count * 60_000;

/** A clock that stands still between moves. */
export interface HandClock {
  (): Date;
  set(instant: Date): void;
  advance(ms: number): void;
}

/** Returns a clock that stands at NOW. */
export function handClock(): HandClock {
  let now = NOW.getTime();
  return Object.assign(() => new Date(now), {
    set: (instant: Date) => {
      now = instant.getTime();
    },
    advance: (ms: number) => {
      now += ms;
    },
  });
}

export interface World {
  url: string;
  clock: HandClock;
  deps: Deps;
  store: Firestore;
  redis: Redis;
  redisEngine: Awaited<ReturnType<typeof startRedis>>;
  issuer: Awaited<ReturnType<typeof startIssuer>>;
  /** The mail server with its received mails. */
  smtp: LocalSmtp;
  secret: string;
  /** The environment for a function in another process. */
  environment: Record<string, string>;
  /** Every line logged so far. */
  logs: string[];
  /** Changes the configuration that the functions read, as another environment would. */
  reconfigure(changes: Record<string, string | undefined>): Config;
  post(path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
  body: any;
}

/**
 * Starts every function behind the real Functions Framework: on the test run's Firestore with a new project, a new
 * Redis, a real issuer, and a clock that tests move.
 */
export async function startWorld(): Promise<World> {
  const clock = handClock();
  const redisEngine = await startRedis({ prefer: localSettings().prefer });
  const issuer = await startIssuer({ clock });
  const smtp = await startSmtp({ clock });
  const logs: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      logs.push(String(chunk));
      done();
    },
  });
  let deps: Deps;
  const gateway = await startGateway(() => deps, 0);
  const secret = randomBytes(32).toString('hex');
  const environment = localEnvironment({
    project: `ronde-${randomUUID().slice(0, 8)}`,
    firestoreHost: inject('firestoreHost'),
    redis: redisEngine,
    issuer,
    smtp,
    gateway: gateway.url,
    cronSecret: secret,
  });
  const config = loadConfig(environment);
  const store = openStore(config);
  const redis = openRedis(config);
  const log = createLog(destination);
  deps = { config, clock, random: () => 0.5, log, keys: remoteKeys(), store, redis };
  return {
    url: gateway.url,
    clock,
    deps,
    store,
    redis,
    redisEngine,
    issuer,
    smtp,
    secret,
    environment,
    logs,
    reconfigure(changes) {
      deps.config = loadConfig({ ...environment, ...changes });
      return deps.config;
    },
    post: (path, options) => post(gateway.url + path, options),
    async stop() {
      await gateway.stop();
      await issuer.stop();
      await smtp.stop();
      await redisEngine.stop();
      await store.terminate();
    },
  };
}

async function post(
  url: string,
  { body, headers }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** Returns everything in both stores as canonical text, to compare before and after. */
export async function dump(store: Firestore, redis: Redis): Promise<string> {
  const lines: string[] = [];
  for (const collection of await store.listCollections()) {
    for (const doc of (await collection.get()).docs) {
      lines.push(JSON.stringify([doc.ref.path, doc.updateTime.valueOf(), plain(doc.data())]));
    }
  }
  const keys = (await redis.keys('*')).sort();
  for (const key of keys) lines.push(JSON.stringify([key, await redis.get(key)]));
  return lines.sort().join('\n');
}

function plain(data: Record<string, unknown>): unknown {
  return Object.entries(data)
    .map(([key, value]) => [key, value instanceof Timestamp ? value.valueOf() : value])
    .sort();
}

/** Returns a stored visit; times are minutes before NOW. */
export function visit(
  startedAgo: number,
  lastActivityAgo: number | null,
  more: Record<string, unknown> = {},
) {
  const at = (ago: number) => Timestamp.fromMillis(NOW.getTime() - minutes(ago));
  return {
    user_id: 'usertest1',
    session_id: 'tab-1',
    path: '/repairs',
    start_time: at(startedAgo),
    ...(lastActivityAgo === null ? {} : { last_activity_at: at(lastActivityAgo) }),
    end_time: null,
    duration_seconds: null,
    close_reason: null,
    ...more,
  };
}
