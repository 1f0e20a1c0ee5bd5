import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
import { fillDemo } from './demo/data.ts';
import { fillFollowups } from './demo/followups.ts';
import { fillInbox } from './demo/inbox.ts';
import { fillPresence } from './demo/presence.ts';
import { fillTickets } from './demo/tickets.ts';
import { CONSOLE_ACCOUNT, LOCAL_PROJECT, LOCAL_REGION, localEnvironment, OPERATOR } from './environment.ts';
import { type LocalFirestore, startFirestore } from './firestore/firestore.ts';
import { startLocalFunctions } from './functions/functions.ts';
import { startGateway } from './gateway.ts';
import { type ImapUser, type LocalImap, startImap } from './imap/imap.ts';
import { startIssuer } from './issuer/issuer.ts';
import { localJobs } from './jobs.ts';
import { startMetadata } from './metadata.ts';
import { type Preference, requirePrograms } from './programs.ts';
import { makeLocalQueues } from './queues.ts';
import { type LocalRedis, startRedis } from './redis/redis.ts';
import { type LocalScheduler, startLocalScheduler } from './scheduler/scheduler.ts';
import { startSmtp } from './smtp/smtp.ts';
import { startLocalTasks } from './tasks/tasks.ts';

const STACK_DIR = '.local';
const STACK_FILE = `${STACK_DIR}/stack.json`;
const DAY_SECONDS = 86_400;
/** The local mailboxes. */
const IMAP_USERS = ['office', 'billing'];

export interface StackOptions {
  port: number;
  prefer: Preference;
  /** Whether the local scheduler fires by itself. */
  firing: boolean;
  demo: boolean;
  cronSecret: string | undefined;
  /** The queue of the local Cloud Tasks that large rounds are handed to; undefined: none are. */
  tasksQueue?: string | undefined;
  clock?: Clock;
  log?: Log;
  /** Told of each step as it begins, for a person who watches. */
  progress?: (line: string) => void;
}

/** What `.local/stack.json` holds; parts that do not exist yet are null. */
export interface StackFile {
  gateway: string;
  console: string;
  firestore: { host: string; project: string };
  redis: { url: string; token: string };
  smtp: { host: string; port: number; inbox: string };
  /** Null where Dovecot is not on this machine. */
  imap: { host: string; port: number; users: readonly ImapUser[] } | null;
  issuer: string;
  /** All three with a trailing slash: gcloud refuses an endpoint override without one. */
  scheduler: string;
  functions: string;
  tasks: string;
  tokens: { admin: string; user: string; expired: string; foreign: string };
  cron_secret: string;
  engines: { firestore: string; redis: string; imap: 'dovecot' | null };
  pids: { firestore: number | null; redis: number | null; imap: number | null };
}

export interface Stack {
  file: StackFile;
  deps: Deps;
  scheduler: LocalScheduler;
  /** Calls back when an engine's process ends by itself, with its name. */
  onCrash(callback: (part: string) => void): void;
  stop(): Promise<void>;
}

/** Starts the whole cloud on loopback. If one part cannot start, those that have are stopped again. */
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
  // Once more, before the gateway, so that no delivery finds its function gone.
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
    random: Math.random,
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
  if (options.demo) {
    progress(`Demo data: ${(await fillDemo(deps.store, clock())).visits} visits`);
    progress(`Demo data: ${(await fillPresence(deps.store, deps.redis, clock())).users} users`);
    const { tickets, recipients } = await fillTickets(deps.store, clock());
    progress(`Demo data: ${tickets} tickets, ${recipients} recipients of delay alerts`);
    if (imap) {
      const { mailboxes, mails } = await fillInbox(deps.store, imap, config.sealingKeys, clock());
      progress(`Demo data: ${mailboxes} mailboxes with ${mails} mails`);
    }
    progress(`Demo data: ${(await fillFollowups(deps.store, clock())).followups} follow-ups`);
  }
  const tokens = {
    admin: await issuer.userToken('admintest1', { ttlSeconds: DAY_SECONDS }),
    user: await issuer.userToken('usertest1', { ttlSeconds: DAY_SECONDS }),
    expired: await issuer.expiredToken(),
    foreign: await issuer.foreignToken(),
  };
  const file = stackFile(firestore, redis, imap, {
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

function stackFile(
  firestore: LocalFirestore,
  redis: LocalRedis,
  imap: LocalImap | null,
  rest: Pick<
    StackFile,
    'gateway' | 'issuer' | 'smtp' | 'scheduler' | 'functions' | 'tasks' | 'tokens' | 'cron_secret'
  >,
): StackFile {
  return {
    ...rest,
    console: `${rest.gateway}/console/`,
    firestore: { host: firestore.host, project: firestore.project },
    redis: { url: redis.url, token: redis.token },
    imap: imap && { host: imap.host, port: imap.port, users: imap.users },
    engines: { firestore: firestore.engine, redis: redis.engine, imap: imap && 'dovecot' },
    pids: { firestore: firestore.pid, redis: redis.pid, imap: imap?.pid ?? null },
  };
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

/** Writes `.local/stack.json`, readable by this user only: it holds tokens. */
export function writeStackFile(file: StackFile): void {
  mkdirSync(STACK_DIR, { recursive: true });
  writeFileSync(STACK_FILE, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}

/** Removes `.local/stack.json`. */
export function removeStackFile(): void {
  rmSync(STACK_FILE, { force: true });
}
