import { serveLoopback } from '../loopback-server.ts';
import { answer } from './api.ts';
import { startDue } from './fire.ts';
import type { Job } from './jobs.ts';
import { type SchedulerState, track } from './methods.ts';

export interface LocalSchedulerOptions {
  clock: () => Date;
  /** 0 picks a free port. */
  port?: number;
  /** Signs the OIDC token of a job's service account. */
  signOidc: (email: string, audience: string) => Promise<string>;
  locations?: readonly string[];
  /** True: fires what is due every second. False: only tick() fires. */
  firing: boolean;
  log?: (line: string) => void;
}

export interface LocalScheduler {
  /** The base address for gcloud's endpoint override and for the client's apiEndpoint and port. */
  url: string;
  stop(): Promise<void>;
  /** Starts what is due at `now` (by default the clock's time). Resolves when those attempts have ended. */
  tick(now?: Date): Promise<void>;
  /** Resolves when no attempt is in progress, including forced ones. */
  idle(): Promise<void>;
  /** Copies of all jobs. */
  jobs(): Job[];
}

/**
 * Serves Cloud Scheduler's REST v1 on loopback, for gcloud, the official client (fallback) and the real functions.
 */
export async function startLocalScheduler(options: LocalSchedulerOptions): Promise<LocalScheduler> {
  const { clock, signOidc, log = () => undefined } = options;
  const stopping = new AbortController();
  const state: SchedulerState = {
    entries: new Map(),
    outstanding: new Set(),
    locations: options.locations ?? ['europe-west1', 'us-central1'],
    deps: { clock, signOidc, log, stopped: stopping.signal },
  };
  const server = await serveLoopback(options.port ?? 0, async (request, response, body) => {
    const { status, reply } = answer(state, request, body);
    response
      .writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
      .end(JSON.stringify(reply));
  });
  const tick = async (now = clock()): Promise<void> => {
    const due = [...state.entries.values()].map((entry) => startDue(entry, now, state.deps));
    await Promise.all(due.map((attempt) => attempt && track(state, attempt)));
  };
  const idle = async (): Promise<void> => {
    while (state.outstanding.size > 0) await Promise.all(state.outstanding);
  };
  const timer = options.firing ? setInterval(() => void tick(), 1000).unref() : undefined;
  return {
    url: server.url,
    tick,
    idle,
    jobs: () => [...state.entries.values()].map((entry) => structuredClone(entry.job)),
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await idle();
      await server.stop();
    },
  };
}
