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

/** The emulator slows down and dies as it fills: each measured run that fills it has a fresh one, with this much heap. */
const EMULATOR_HEAP = '3g';

/** What a bench works with. */
export interface Lab {
  /** Fewer rounds of less: shows that a bench works, and measures little. */
  quick: boolean;
  /** A line for the person who waits. */
  progress(line: string): void;
  /** Bundles functions (of functions/) and peers (of test/bench/peers/) as they are deployed. */
  build(functions: readonly string[], peers: readonly string[]): Promise<void>;
  /** A built function or peer in a process of its own. */
  start(name: string, env: Record<string, string>): Promise<FunctionProcess>;
  /** Fresh engines for `work`, stopped afterwards; `steady` ones for a bench that asks the same many times over. */
  withEngines<T>(work: (engines: Engines) => Promise<T>, options?: { steady?: boolean }): Promise<T>;
}

/** Real engines of their own: Google's emulator with a big heap, Redis, an issuer, a mail server. */
export interface Engines {
  issuer: LocalIssuer;
  smtp: LocalSmtp;
  /** A Firestore project that nobody has used yet, and what a function process needs to work in it. */
  project(): Project;
}

export interface Project {
  store: Firestore;
  environment: Record<string, string>;
  /** The CRON_SECRET of the environment. */
  secret: string;
}

/** A lab whose bundles live in `folder`, which it empties first and deletes when this process ends. */
export async function openLab(folder: string, options: Pick<Lab, 'quick' | 'progress'>): Promise<Lab> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const living = new Set<number>();
  // Ctrl-C leaves neither processes nor bundles behind; the engines see to themselves.
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
    async start(name, env) {
      const started = await startFunction(name, folder, env);
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
      const environment = localEnvironment({
        ...parts,
        gateway: 'http://127.0.0.1',
        cronSecret: undefined,
      });
      const store = openStore(loadConfig(environment));
      stops.push(() => store.terminate());
      return { store, environment, secret: environment.CRON_SECRET ?? '' };
    };
    return await work({ issuer, smtp, project });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** What a living process has used so far. */
export interface Usage {
  /** The largest resident memory it has had, in MB. */
  peakMegabytes: number;
  /** CPU time of all its threads, in seconds. It hardly depends on what else the machine does. */
  cpuSeconds: number;
}

/** Linux counts CPU time in hundredths of a second for its users, whatever its own tick is (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Reads a process's usage from Linux's /proc. */
export function usage({ pid }: FunctionProcess): Usage {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // The fields after the process's name, which is in parentheses: utime and stime are the 12th and 13th of them.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return {
    peakMegabytes: Number(kilobytes ?? Number.NaN) / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}
