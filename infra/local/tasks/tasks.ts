import { serveLoopback } from '../loopback-server.ts';
import { answer } from './api.ts';
import { type Disturb, pump } from './dispatch.ts';
import type { TasksState } from './methods.ts';
import type { QueuedTask } from './resources.ts';

export interface LocalTasksOptions {
  clock: () => Date;
  /** 0 picks a free port. */
  port?: number;
  /** Signs the OIDC token of a task's service account. */
  signOidc: (email: string, audience: string) => Promise<string>;
  locations?: readonly string[];
  /** True: tasks are sent as soon as they are due. False: only tick() sends them. */
  firing: boolean;
  /** Makes deliveries go wrong, for tests. */
  disturb?: Disturb;
  log?: (line: string) => void;
}

export interface LocalTasks {
  /** The base address for gcloud's endpoint override and for the client's apiEndpoint and port. */
  url: string;
  stop(): Promise<void>;
  /** Sends what is due by the clock and allowed by its queue. Resolves when no attempt is in progress. */
  tick(): Promise<void>;
  /** Resolves when no attempt is in progress. */
  idle(): Promise<void>;
  /** Copies of all waiting and running tasks. */
  tasks(): QueuedTask[];
}

/** The interval of looking at retries, schedules and rates. The real service promises no more precision. */
const LOOK_EVERY_MS = 100;

/** Serves Cloud Tasks' REST v2 on loopback, for gcloud, the official client (fallback) and the real functions. */
export async function startLocalTasks(options: LocalTasksOptions): Promise<LocalTasks> {
  const { clock, signOidc, log = () => undefined, disturb = () => null } = options;
  const stopping = new AbortController();
  const outstanding = new Set<Promise<void>>();
  let ticking = 0;
  const track = (attempt: Promise<void>) => {
    // Uses a free place, or starts a retry that is due, at once.
    const tracked: Promise<void> = attempt.then(() => {
      outstanding.delete(tracked);
      if (options.firing || ticking > 0) dispatch();
    });
    outstanding.add(tracked);
  };
  const state: TasksState = {
    queues: new Map(),
    gone: new Map(),
    locations: options.locations ?? ['europe-west1', 'us-central1'],
    deps: { clock, signOidc, log, disturb, stopped: stopping.signal },
    track,
  };
  const dispatch = () => {
    if (!stopping.signal.aborted) pump(state.queues.values(), state.deps, track);
  };
  const server = await serveLoopback(options.port ?? 0, async (request, response, body) => {
    const { status, reply } = answer(state, request, body);
    response
      .writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
      .end(JSON.stringify(reply));
    if (options.firing) dispatch();
  });
  const idle = async (): Promise<void> => {
    while (outstanding.size > 0) await Promise.all(outstanding);
  };
  const timer = options.firing ? setInterval(dispatch, LOOK_EVERY_MS).unref() : undefined;
  return {
    url: server.url,
    idle,
    tick: async () => {
      ticking += 1;
      dispatch();
      await idle();
      ticking -= 1;
    },
    tasks: () =>
      [...state.queues.values()].flatMap(({ tasks }) =>
        [...tasks.values()].map(({ task }) => structuredClone(task)),
      ),
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await idle();
      await server.stop();
    },
  };
}
