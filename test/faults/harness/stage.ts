import { randomBytes } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { localEnvironment } from '../../../infra/local/environment.ts';
import { type LocalIssuer, startIssuer } from '../../../infra/local/issuer/issuer.ts';
import { type LocalSmtp, startSmtp } from '../../../infra/local/smtp/smtp.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { loadConfig } from '../../../shared/doors/config.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { type Engine, firestoreUnderFault, redisUnderFault } from './engine.ts';
import { startTap, type Tap } from './tap.ts';

const PROJECT = 'ronde-faults';
/** A fresh emulator after this many runs: it slows as it fills, even with what was deleted. */
const RUNS_PER_EMULATOR = 25;

/** The engines that faults are done to, and the harness's own undisturbed view of what is in them. */
export interface Stage {
  engines: { firestore: Engine; redis: Engine };
  /** Which program serves Firestore; only Google's emulator judges races. */
  firestoreEngine: string;
  /** What a function process is started with. */
  environment: Record<string, string>;
  /** The same, with the tap between the process and both stores and the mail server. */
  tapped: Record<string, string>;
  tap: Tap;
  /** Made anew when Firestore is. */
  store(): Firestore;
  redis: Redis;
  issuer: LocalIssuer;
  /** The mail server, and what it has taken. */
  smtp: LocalSmtp;
  secret: string;
  /** Restarts Firestore empty, with a client of its own that has not seen the one before. */
  restartFirestore(): Promise<void>;
  /** Empties both stores and the inbox before a run. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** The emulator's own way to forget every document of the project: one request, where deletes would take a second. */
async function emptyFirestore(host: string): Promise<void> {
  const url = `http://${host}/emulator/v1/projects/${PROJECT}/databases/(default)/documents`;
  const response = await fetch(url, { method: 'DELETE' });
  if (!response.ok) throw new Error(`the Firestore emulator did not empty itself: ${await response.text()}`);
}

/** Starts engines, issuer and tap on loopback. They belong to the caller alone, who stops them. */
export async function startStage(): Promise<Stage> {
  const firestore = await firestoreUnderFault(PROJECT);
  const redis = await redisUnderFault();
  const issuer = await startIssuer({ clock: systemClock });
  const smtp = await startSmtp({ clock: systemClock });
  const tap = await startTap([firestore.port, Number(new URL(redis.url).port), smtp.port]);
  const secret = randomBytes(32).toString('hex');
  const parts = {
    project: PROJECT,
    firestoreHost: firestore.host,
    redis,
    issuer,
    smtp,
    gateway: 'http://127.0.0.1',
    cronSecret: secret,
  };
  const environment = localEnvironment(parts);
  const [firestoreTap, redisTap, smtpTap] = tap.ports;
  const config = loadConfig(environment);
  let store = openStore(config);
  let runs = 0;
  const client = openRedis(config);
  const restartFirestore = async () => {
    await store.terminate();
    await firestore.restart();
    store = openStore(config);
  };
  return {
    engines: { firestore, redis },
    firestoreEngine: firestore.engine,
    environment,
    tapped: {
      ...environment,
      FIRESTORE_EMULATOR_HOST: `127.0.0.1:${firestoreTap}`,
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${redisTap}`,
      EMAIL_PORT: String(smtpTap),
    },
    tap,
    store: () => store,
    redis: client,
    issuer,
    smtp,
    secret,
    restartFirestore,
    async reset() {
      tap.reset();
      runs += 1;
      // A run that failed may have left an engine dead.
      if (!redis.alive()) await redis.restart();
      if (!firestore.alive() || runs % RUNS_PER_EMULATOR === 0) await restartFirestore();
      else await emptyFirestore(firestore.host);
      await client.flushall();
      smtp.clear();
    },
    async stop() {
      await tap.stop();
      await issuer.stop();
      await smtp.stop();
      await store.terminate();
      await redis.stop();
      await firestore.stop();
    },
  };
}
