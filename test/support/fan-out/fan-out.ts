import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { TASKS_ACCOUNT } from '../../../infra/local/environment.ts';
import { startMetadata } from '../../../infra/local/metadata.ts';
import type { Disturb } from '../../../infra/local/tasks/dispatch.ts';
import { type LocalTasks, startLocalTasks } from '../../../infra/local/tasks/tasks.ts';
import { leaveBodyUnread } from '../../../shared/doors/framework/body.ts';
import { taskHandler } from '../../../shared/runtime/handler.ts';
import type { AnyTask } from '../../../shared/runtime/task.ts';
import type { World } from '../world.ts';
import { makeQueue, QUEUE } from './queue.ts';

/** One task behind the real Functions Framework, with a Cloud Tasks that delivers its batches on tick(). */
export interface FanOutWorld {
  url: string;
  queue: LocalTasks;
  /** Makes the next deliveries go wrong. */
  disturb: { with: Disturb };
  /** The queue's API fails after this many more calls. Null: never. */
  apiCalls: { left: number | null };
  /** Calls the task with the cron secret, like Cloud Scheduler; `occurrence` makes it a scheduled delivery. */
  run(options?: { occurrence?: Date; body?: object }): Promise<{ status: number; body: AnyBody }>;
  /** Delivers a batch, like Cloud Tasks. */
  act(body: object, headers?: Record<string, string>): Promise<{ status: number; body: AnyBody }>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
type AnyBody = any;

/** Serves the task and configures the world so that its runs dispatch their batches. */
export async function startFanOut(world: World, task: AnyTask): Promise<FanOutWorld> {
  register(
    task.name,
    taskHandler(task, () => world.deps),
  );
  const inner = getTestServer(task.name);
  const server = createServer((request, response) => {
    leaveBodyUnread(request);
    inner.emit('request', request, response);
  });
  const url = await listening(server);
  const disturb: FanOutWorld['disturb'] = { with: () => null };
  const signOidc = (email: string, audience: string) => world.issuer.googleToken({ email, audience });
  const queue = await startLocalTasks({
    clock: world.clock,
    signOidc,
    firing: false,
    disturb: (delivery) => disturb.with(delivery),
  });
  const apiCalls: FanOutWorld['apiCalls'] = { left: null };
  const door = createServer((request, response) => {
    if (apiCalls.left !== null && apiCalls.left-- <= 0) return void request.socket.destroy();
    forward(request, response, queue.url).catch(() => response.destroy());
  });
  const doorUrl = await listening(door);
  const metadata = await startMetadata(async () => 'unused');
  await makeQueue(queue.url, world.deps.config.project);
  world.reconfigure({
    TASKS_QUEUE: QUEUE,
    FUNCTION_URLS: url,
    RONDE_TASKS: doorUrl,
    RONDE_METADATA: metadata.url,
  });
  const post = async (path: string, headers: Record<string, string>, body: object) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as AnyBody };
  };
  return {
    ...{ url, queue, disturb, apiCalls },
    run: ({ occurrence, body = {} } = {}) =>
      post(
        task.route,
        {
          'X-Cron-Secret': world.secret,
          ...(occurrence ? { 'X-CloudScheduler-ScheduleTime': occurrence.toISOString() } : {}),
        },
        body,
      ),
    act: async (body, headers) => {
      const token = await signOidc(TASKS_ACCOUNT, url);
      return post(`${task.route}/act`, { Authorization: `Bearer ${token}`, ...headers }, body);
    },
    async stop() {
      await queue.stop();
      await metadata.stop();
      for (const one of [server, door]) {
        one.close();
        one.closeAllConnections();
      }
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function forward(request: IncomingMessage, response: ServerResponse, to: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = 'GET' } = request;
  const answer = await fetch(`${to}${request.url}`, {
    method,
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
}
