import { readFileSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Firestore } from '@google-cloud/firestore';
import { buildFunctions, bundleFunction } from '../../infra/build.ts';
import { localEnvironment } from '../../infra/local/environment.ts';
import { startFirestore } from '../../infra/local/firestore/firestore.ts';
import { type LocalIssuer, startIssuer } from '../../infra/local/issuer/issuer.ts';
import { startRedis } from '../../infra/local/redis/redis.ts';
import { type LocalSmtp, startSmtp } from '../../infra/local/smtp/smtp.ts';
import { systemClock } from '../../shared/doors/clock.ts';
import { loadConfig } from '../../shared/doors/config.ts';
import { openStore } from '../../shared/doors/store/firestore.ts';
import { type FunctionProcess, startFunction } from '../faults/function-process.ts';

/** The emulator slows down and dies as it fills, so that each run that fills it gets a new one with this heap. */
const EMULATOR_HEAP = '3g';

/** The tools of a bench. */
export interface Lab {
  /** True: fewer and smaller rounds, which show that a bench works but measure little. */
  quick: boolean;
  /** Prints a line for the person who waits. */
  progress(line: string): void;
  /** Bundles functions (of functions/) and peers (of test/bench/peers/) like a deployment. */
  build(functions: readonly string[], peers: readonly string[]): Promise<void>;
  /** Starts a built function or peer as a process. */
  start(name: string, env: Record<string, string>, cgroups?: readonly string[]): Promise<FunctionProcess>;
  /**
   * Starts new engines for `work` and stops them afterwards; `steady` ones for a bench that repeats a request many
   * times.
   */
  withEngines<T>(work: (engines: Engines) => Promise<T>, options?: { steady?: boolean }): Promise<T>;
}

/** Real engines of one bench: Google's emulator with a big heap, Redis, an issuer, a mail server. */
export interface Engines {
  issuer: LocalIssuer;
  smtp: LocalSmtp;
  /** Returns an unused Firestore project with the environment for a function process. */
  project(): Project;
}

export interface Project {
  store: Firestore;
  environment: Record<string, string>;
  /** The CRON_SECRET of the environment. */
  secret: string;
}

/**
 * Opens a lab that keeps its bundles in `folder`. It empties the folder first and deletes it when this process ends.
 */
export async function openLab(folder: string, options: Pick<Lab, 'quick' | 'progress'>): Promise<Lab> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const living = new Set<number>();
  // Ctrl-C leaves no process and no bundle; the engines' guardian stops the engines.
  process.once('exit', () => {
    for (const pid of living) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...options,
    async build(functions, peers) {
      await buildFunctions({ only: functions, out: folder });
      const entry = (peer: string) => join(import.meta.dirname, 'peers', `${peer}.ts`);
      await Promise.all(peers.map((peer) => bundleFunction(peer, entry(peer), join(folder, peer))));
    },
    async start(name, env, cgroups) {
      const started = await startFunction(name, folder, env, cgroups);
      living.add(started.pid);
      return {
        ...started,
        async kill() {
          living.delete(started.pid);
          await started.kill();
        },
      };
    },
    withEngines,
  };
}

async function withEngines<T>(
  work: (engines: Engines) => Promise<T>,
  { steady = false }: { steady?: boolean } = {},
): Promise<T> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const { FIRESTORE_EMULATOR_HOST: _shared, ...env } = process.env;
    const firestore = await startFirestore({
      project: 'ronde-bench',
      prefer: 'real',
      heap: EMULATOR_HEAP,
      steady,
      env,
    });
    stops.push(() => firestore.stop());
    const redis = await startRedis({ prefer: 'real' });
    stops.push(() => redis.stop());
    const issuer = await startIssuer({ clock: systemClock });
    stops.push(() => issuer.stop());
    const smtp = await startSmtp({ clock: systemClock });
    stops.push(() => smtp.stop());
    let projects = 0;
    const project = (): Project => {
      projects += 1;
      const name = `ronde-bench-${projects}`;
      const parts = { project: name, firestoreHost: firestore.host, redis, issuer, smtp };
      const environment: Record<string, string> = {
        ...localEnvironment({ ...parts, gateway: 'http://127.0.0.1', cronSecret: undefined }),
        // One user stands for all.
        ...{ VISITS_PER_MINUTE: '999999', PINGS_PER_MINUTE: '999999' },
      };
      const store = openStore(loadConfig(environment));
      stops.push(() => store.terminate());
      return { store, environment, secret: environment.CRON_SECRET ?? '' };
    };
    return await work({ issuer, smtp, project });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** The resources that a living process has used so far. */
export interface ProcessUsage {
  /** Its largest resident memory in MB. */
  peakMegabytes: number;
  /** CPU time of all its threads, in seconds. It hardly depends on the machine's other work. */
  cpuSeconds: number;
}

/** Linux reports CPU time in hundredths of a second, whatever its tick is (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Reads a process's usage from Linux's /proc. */
export function usage({ pid }: FunctionProcess): ProcessUsage {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // Skips the name in parentheses; then utime and stime are the 12th and 13th fields.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return {
    peakMegabytes: Number(kilobytes ?? Number.NaN) / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}
