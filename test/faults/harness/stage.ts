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
import { type FaultEngine, firestoreUnderFault, redisUnderFault } from './engine.ts';
import { startTap, type Tap } from './tap.ts';

const PROJECT = 'ronde-faults';
/** After this many runs the emulator is replaced: it slows as it fills, even with deleted documents. */
const RUNS_PER_EMULATOR = 25;

/** The engines that receive faults, with a direct view of their content for the harness. */
export interface FaultStage {
  engines: { firestore: FaultEngine; redis: FaultEngine };
  /** The program that serves Firestore; only Google's emulator judges races. */
  firestoreEngine: string;
  /** The environment of a function process. */
  environment: Record<string, string>;
  /** The same, with the tap between the process and its stores and mail server. */
  tapped: Record<string, string>;
  tap: Tap;
  /** Opened again after each restart of Firestore. */
  store(): Firestore;
  redis: Redis;
  issuer: LocalIssuer;
  /** The mail server with its received mails. */
  smtp: LocalSmtp;
  secret: string;
  /** Restarts Firestore empty, with a new client. */
  restartFirestore(): Promise<void>;
  /** Empties both stores and the inbox before a run. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Deletes every document of the project by one request to the emulator; single deletes would take a second. */
async function emptyFirestore(host: string): Promise<void> {
  const url = `http://${host}/emulator/v1/projects/${PROJECT}/databases/(default)/documents`;
  const response = await fetch(url, { method: 'DELETE' });
  if (!response.ok)
    throw new Error(`the Firestore emulator refused to delete its documents: ${await response.text()}`);
}

/** Starts engines, issuer and tap on loopback. The caller stops them. */
export async function startStage(): Promise<FaultStage> {
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
      // A failed run may have left an engine dead.
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
