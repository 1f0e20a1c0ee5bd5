import { remoteKeys } from '../../shared/doors/auth/keys.ts';
import { GCLOUD_CLIENT } from '../../shared/doors/auth/token.ts';
import { type Clock, systemClock } from '../../shared/doors/clock.ts';
import { loadConfig } from '../../shared/doors/config.ts';
import { createLog, type Log } from '../../shared/doors/log.ts';
import { openRedis } from '../../shared/doors/redis/redis.ts';
import { openStore } from '../../shared/doors/store/firestore.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { applyPlan } from '../scheduler/apply.ts';
import { openScheduler } from '../scheduler/client.ts';
import { planSchedule } from '../scheduler/plan.ts';
import { fillAll } from './demo/fill.ts';
import { CONSOLE_ACCOUNT, LOCAL_PROJECT, LOCAL_REGION, localEnvironment, OPERATOR } from './environment.ts';
import { startFirestore } from './firestore/firestore.ts';
import { startLocalFunctions } from './functions/functions.ts';
import { requireFreePort, startGateway } from './gateway.ts';
import { startImap } from './imap/imap.ts';
import { type LocalIssuer, startIssuer } from './issuer/issuer.ts';
import { localJobs } from './jobs.ts';
import { startMetadata } from './metadata.ts';
import { type Preference, requirePrograms } from './programs.ts';
import { makeLocalQueues } from './queues.ts';
import { startRedis } from './redis/redis.ts';
import { type LocalScheduler, startLocalScheduler } from './scheduler/scheduler.ts';
import { startSmtp } from './smtp/smtp.ts';
import { describeStack, type StackFile } from './stack-file.ts';
import { startLocalTasks } from './tasks/tasks.ts';

const DAY_SECONDS = 86_400;
const IMAP_USERS = ['office', 'billing'];

export interface StackOptions {
  port: number;
  prefer: Preference;
  /** True if the local scheduler fires on time; false if only tick() does. */
  firing: boolean;
  demo: boolean;
  cronSecret: string | undefined;
  /** The queue to which large runs dispatch their batches. If undefined, they dispatch none. */
  tasksQueue?: string | undefined;
  clock?: Clock;
  log?: Log;
  /** Receives one line at each step, for a person who watches. */
  progress?: (line: string) => void;
}

export interface Stack {
  file: StackFile;
  deps: Deps;
  scheduler: LocalScheduler;
  /** Calls back with an engine's name if its process ends unexpectedly. */
  onCrash(callback: (part: string) => void): void;
  stop(): Promise<void>;
}

type Stops = (() => Promise<void>)[];
type StackEngines = Awaited<ReturnType<typeof startEngines>>;

/** Starts the whole cloud on loopback. If one part fails to start, it stops those that have started. */
export async function startStack(options: StackOptions): Promise<Stack> {
  requirePrograms(options.prefer);
  await requireFreePort(options.port);
  const stops: Stops = [];
  const stop = async () => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  };
  try {
    return await startParts(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(options: StackOptions, stops: Stops, stop: () => Promise<void>): Promise<Stack> {
  const { progress = () => undefined, clock = systemClock } = options;
  const engines = await startEngines(options, stops);
  const { firestore, redis, issuer, smtp, imap } = engines;
  const services = await startServices(options, issuer, stops);
  const { scheduler, tasks } = services;
  let deps: Deps | undefined;
  const gateway = await startGateway(() => deps as Deps, options.port);
  stops.push(() => gateway.stop());
  // Stopped before the gateway too, so that no delivery finds its function gone.
  stops.push(() => tasks.stop());
  stops.push(() => scheduler.stop());
  const environment = localEnvironment({
    ...{ redis, issuer, smtp, ...services },
    project: firestore.project,
    firestoreHost: firestore.host,
    gateway: gateway.url,
    tasksQueue: options.tasksQueue,
    cronSecret: options.cronSecret,
  });
  const config = loadConfig(environment);
  const store = openStore(config);
  const log = options.log ?? createLog();
  deps = { config, clock, random: Math.random, log, keys: remoteKeys(), store, redis: openRedis(config) };
  await applySchedule(scheduler, gateway.url, environment.CRON_SECRET ?? '');
  progress(`Cloud Scheduler: ${scheduler.url}, ${scheduler.jobs().length} job(s) from infra/scheduler.yaml`);
  const queues = await makeLocalQueues(tasks.url);
  progress(`Cloud Tasks: ${tasks.url}, queue(s) ${queues.join(', ')}`);
  const functions = await startLocalFunctions({
    project: LOCAL_PROJECT,
    region: LOCAL_REGION,
    gateway: gateway.url,
    signOperator: () => issuer.googleToken({ email: OPERATOR, audience: GCLOUD_CLIENT }),
  });
  stops.push(() => functions.stop());
  if (options.demo) await fillAll({ deps, imap, progress });
  const file = describeStack(firestore, redis, imap, {
    gateway: gateway.url,
    issuer: issuer.issuer,
    smtp: { host: smtp.host, port: smtp.port, inbox: smtp.inbox },
    scheduler: `${scheduler.url}/`,
    functions: `${functions.url}/`,
    tasks: `${tasks.url}/`,
    tokens: await makeTokens(issuer),
    cron_secret: environment.CRON_SECRET ?? '',
  });
  stops.push(() => store.terminate());
  return { file, deps, scheduler, onCrash: (callback) => watchEngines(engines, callback), stop };
}

/** Starts the engines of stores, sign-in and mail. */
async function startEngines(options: StackOptions, stops: Stops) {
  const { progress = () => undefined, clock = systemClock, prefer } = options;
  progress('Firestore ...');
  const firestore = await startFirestore({ project: LOCAL_PROJECT, prefer });
  stops.push(() => firestore.stop());
  progress(`Firestore: ${firestore.engine} on ${firestore.host}`);
  const redis = await startRedis({ prefer });
  stops.push(() => redis.stop());
  progress(`Redis: ${redis.engine} behind the Upstash REST bridge on ${redis.url}`);
  const issuer = await startIssuer({ clock });
  stops.push(() => issuer.stop());
  progress(`Sign-in: ${issuer.issuer}`);
  const smtp = await startSmtp({ clock });
  stops.push(() => smtp.stop());
  progress(`Mail: smtp://${smtp.host}:${smtp.port}, inbox on ${smtp.inbox}`);
  const imap = await startImap({ prefer, users: IMAP_USERS });
  if (imap) stops.push(() => imap.stop());
  progress(
    imap ? `IMAP: dovecot on ${imap.host}:${imap.port}` : 'IMAP: none; install dovecot-imapd for mailboxes',
  );
  return { firestore, redis, issuer, smtp, imap };
}

/** Starts the Google services that sign their calls with the issuer. */
async function startServices(
  { clock = systemClock, firing }: StackOptions,
  issuer: LocalIssuer,
  stops: Stops,
) {
  const signOidc = (email: string, audience: string) => issuer.googleToken({ email, audience });
  const scheduler = await startLocalScheduler({ clock, firing, signOidc });
  stops.push(() => scheduler.stop());
  const tasks = await startLocalTasks({ clock, firing: true, signOidc });
  stops.push(() => tasks.stop());
  const metadata = await startMetadata((audience) => signOidc(CONSOLE_ACCOUNT, audience));
  stops.push(() => metadata.stop());
  return { scheduler, tasks, metadata };
}

const makeTokens = async (issuer: LocalIssuer) => ({
  admin: await issuer.userToken('admintest1', { ttlSeconds: DAY_SECONDS }),
  user: await issuer.userToken('usertest1', { ttlSeconds: DAY_SECONDS }),
  expired: await issuer.expiredToken(),
  foreign: await issuer.foreignToken(),
});

function watchEngines({ firestore, redis, imap }: StackEngines, callback: (part: string) => void): void {
  firestore.onExit(() => callback(`Firestore (${firestore.engine})`));
  redis.onExit(() => callback(`Redis (${redis.engine})`));
  imap?.onExit(() => callback('IMAP (dovecot)'));
}

async function applySchedule(scheduler: LocalScheduler, gateway: string, cronSecret: string): Promise<void> {
  const api = openScheduler({ project: LOCAL_PROJECT, region: LOCAL_REGION, endpoint: scheduler.url });
  const wanted = localJobs({ gateway, cron_secret: cronSecret });
  const failed = (await applyPlan(planSchedule(wanted, []), api, { adopt: false })).filter(
    ({ error }) => error,
  );
  await api.close();
  const [first] = failed;
  if (first) throw new Error(`The local Cloud Scheduler refused ${first.id}: ${first.error}`);
}
