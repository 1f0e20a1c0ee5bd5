import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from '@upstash/redis';
import { openRedis } from '../../shared/doors/redis/redis.ts';
import type { World } from './world.ts';

/** A proxy between the Upstash client and the bridge that counts requests and can hang. */
export interface RedisMeter {
  redis: Redis;
  /** HTTP requests and Redis commands since the last reset. */
  requests: number;
  commands: number;
  reset(): void;
  /** Holds every answer back until `release`, like a Redis that hangs. */
  hang(): void;
  release(): void;
  /** Executes the next command and loses its answer. */
  loseAnswer(): void;
  stop(): Promise<void>;
}

/** Puts the meter into a world: its functions then reach Redis through it. */
export async function meterRedis(world: World): Promise<RedisMeter> {
  let held: Promise<void> | null = null;
  let release = () => {};
  let losing = false;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const parsed = JSON.parse(body.toString()) as unknown[];
    meter.requests += 1;
    meter.commands += Array.isArray(parsed[0]) ? parsed.length : 1;
    if (held) await held;
    if (response.destroyed) return;
    const answer = await fetch(world.redisEngine.url + (request.url ?? '/'), {
      method: 'POST',
      headers: { authorization: String(request.headers.authorization) },
      body,
    });
    if (losing) {
      losing = false;
      await answer.text();
      response.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const direct = world.deps.redis;
  const meter: RedisMeter = {
    redis: openRedis({ ...world.deps.config, redis: { url, token: world.redisEngine.token } }),
    requests: 0,
    commands: 0,
    reset() {
      meter.requests = 0;
      meter.commands = 0;
    },
    hang() {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release() {
      release();
      held = null;
    },
    loseAnswer() {
      losing = true;
    },
    async stop() {
      meter.release();
      world.deps.redis = direct;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  world.deps.redis = meter.redis;
  return meter;
}
