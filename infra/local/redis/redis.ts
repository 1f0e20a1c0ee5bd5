import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { freePort, type LocalEngine, spawnEngine } from '../process.ts';
import { findRedisServer, type Preference } from '../programs.ts';
import { redisBridge } from './bridge.ts';

const EMBEDDED_ENTRY = fileURLToPath(new URL('./embedded.ts', import.meta.url));

export type RedisEngine = 'redis-server' | 'js-redis-server';

export interface RedisOptions {
  prefer?: Preference;
  env?: NodeJS.ProcessEnv;
}

export interface LocalRedis {
  /** The bridge's address and token for the Upstash client. */
  url: string;
  token: string;
  engine: RedisEngine;
  /** The engine's port and process, for callers that speak Redis or make it fail. */
  port: number;
  pid: number;
  /** Starts a stopped or dead engine again, empty, on the same port. The bridge reconnects. */
  restart(): Promise<void>;
  /** Stops the engine only; the bridge then answers 503. */
  stopEngine(): Promise<void>;
  /** Calls back if the engine's process ends unexpectedly. */
  onExit(callback: () => void): void;
  stop(): Promise<void>;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 500 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.once('error', () => end(false)).once('timeout', () => end(false));
  });
}

function startEngine(binary: string | null, port: number, env: NodeJS.ProcessEnv): Promise<LocalEngine> {
  if (binary === null) {
    return spawnEngine('js-redis-server', process.execPath, [EMBEDDED_ENTRY], {
      env: { ...env, PORT: String(port) },
      ready: { line: /^listening / },
    });
  }
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return spawnEngine('redis-server', binary, args, { env, ready: { probe: () => answersPing(port) } });
}

function choose(prefer: Preference, env: NodeJS.ProcessEnv): string | null {
  if (prefer === 'embedded') return null;
  const found = findRedisServer(env);
  if (typeof found === 'string') return found;
  if (prefer === 'real') throw new Error(found.missing);
  return null;
}

/** Opens a connection that fails at once while Redis is away, never repeats a command, and reconnects. */
function openConnection(port: number): Redis {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    connectTimeout: 1_000,
    commandTimeout: 5_000,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(times * 25, 200),
  });
  return redis.on('error', () => undefined);
}

interface Bridge {
  url: string;
  /** Resolves once the bridge is connected to Redis. */
  connected(): Promise<void>;
  stop(): Promise<void>;
}

async function startBridge(redisPort: number, token: string): Promise<Bridge> {
  const redis = openConnection(redisPort);
  const server = createServer(redisBridge(redis, token));
  await new Promise((resolve) => redis.once('ready', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: () =>
      redis.status === 'ready'
        ? Promise.resolve()
        : new Promise((resolve) => redis.once('ready', () => resolve())),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      redis.disconnect();
    },
  };
}

/** Starts Redis behind Upstash's REST protocol: redis-server if it is installed, else the engine from npm. */
export async function startRedis(options: RedisOptions = {}): Promise<LocalRedis> {
  const { prefer = 'auto', env = process.env } = options;
  const binary = choose(prefer, env);
  const port = await freePort();
  const token = randomBytes(24).toString('base64url');
  let engine = await startEngine(binary, port, env);
  const bridge = await startBridge(port, token);
  return {
    url: bridge.url,
    token,
    engine: binary === null ? 'js-redis-server' : 'redis-server',
    port,
    get pid() {
      return engine.pid;
    },
    async restart() {
      await engine.stop();
      engine = await startEngine(binary, port, env);
      await bridge.connected();
    },
    stopEngine: () => engine.stop(),
    onExit: (callback) => engine.onExit(callback),
    async stop() {
      await bridge.stop();
      await engine.stop();
    },
  };
}
