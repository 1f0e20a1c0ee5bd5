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
import { startGateway } from './gateway.ts';
import { startImap } from './imap/imap.ts';
import { startIssuer } from './issuer/issuer.ts';
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

/** Starts the whole cloud on loopback. If one part fails to start, it stops those that have started. */
export async function startStack(options: StackOptions): Promise<Stack> {
  requirePrograms(options.prefer);
  const stops: (() => Promise<void>)[] = [];
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

async function startParts(
  options: StackOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const { progress = () => undefined, clock = systemClock } = options;
  progress('Firestore ...');
  const firestore = await startFirestore({ project: LOCAL_PROJECT, prefer: options.prefer });
  stops.push(() => firestore.stop());
  progress(`Firestore: ${firestore.engine} on ${firestore.host}`);
  const redis = await startRedis({ prefer: options.prefer });
  stops.push(() => redis.stop());
  progress(`Redis: ${redis.engine} behind the Upstash REST bridge on ${redis.url}`);
  const issuer = await startIssuer({ clock });
  stops.push(() => issuer.stop());
  progress(`Sign-in: ${issuer.issuer}`);
  const smtp = await startSmtp({ clock });
  stops.push(() => smtp.stop());
  progress(`Mail: smtp://${smtp.host}:${smtp.port}, inbox on ${smtp.inbox}`);
  const imap = await startImap({ prefer: options.prefer, users: IMAP_USERS });
  if (imap) stops.push(() => imap.stop());
  progress(
    imap ? `IMAP: dovecot on ${imap.host}:${imap.port}` : 'IMAP: none; install dovecot-imapd for mailboxes',
  );
  const scheduler = await startLocalScheduler({
    clock,
    firing: options.firing,
    signOidc: (email, audience) => issuer.googleToken({ email, audience }),
  });
  stops.push(() => scheduler.stop());
  const tasks = await startLocalTasks({
    clock,
    firing: true,
    signOidc: (email, audience) => issuer.googleToken({ email, audience }),
  });
  stops.push(() => tasks.stop());
  const metadata = await startMetadata((audience) =>
    issuer.googleToken({ email: CONSOLE_ACCOUNT, audience }),
  );
  stops.push(() => metadata.stop());
  let deps: Deps | undefined;
  const gateway = await startGateway(() => deps as Deps, options.port);
  stops.push(() => gateway.stop());
  // Stopped before the gateway too, so that no delivery finds its function gone.
  stops.push(() => tasks.stop());
  stops.push(() => scheduler.stop());
  const environment = localEnvironment({
    project: firestore.project,
    firestoreHost: firestore.host,
    redis,
    issuer,
    smtp,
    gateway: gateway.url,
    metadata,
    scheduler,
    tasks,
    tasksQueue: options.tasksQueue,
    cronSecret: options.cronSecret,
  });
  const config = loadConfig(environment);
  deps = {
    config,
    clock,
    log: options.log ?? createLog(),
    keys: remoteKeys(),
    store: openStore(config),
    redis: openRedis(config),
  };
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
  const tokens = {
    admin: await issuer.userToken('admintest1', { ttlSeconds: DAY_SECONDS }),
    user: await issuer.userToken('usertest1', { ttlSeconds: DAY_SECONDS }),
    expired: await issuer.expiredToken(),
    foreign: await issuer.foreignToken(),
  };
  const file = describeStack(firestore, redis, imap, {
    gateway: gateway.url,
    issuer: issuer.issuer,
    smtp: { host: smtp.host, port: smtp.port, inbox: smtp.inbox },
    scheduler: `${scheduler.url}/`,
    functions: `${functions.url}/`,
    tasks: `${tasks.url}/`,
    tokens,
    cron_secret: environment.CRON_SECRET ?? '',
  });
  const onCrash = (callback: (part: string) => void) => {
    firestore.onExit(() => callback(`Firestore (${firestore.engine})`));
    redis.onExit(() => callback(`Redis (${redis.engine})`));
    imap?.onExit(() => callback('IMAP (dovecot)'));
  };
  const store = deps.store;
  stops.push(() => store.terminate());
  return { file, deps, scheduler, onCrash, stop };
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
