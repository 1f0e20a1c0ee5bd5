import { CloudSchedulerClient, protos } from '@google-cloud/scheduler';
import { PassThroughClient } from 'google-auth-library';
import { findCredentials } from '../credentials.ts';
import type { ServerJob } from './compare.ts';
import type { JobBody } from './job.ts';

/** The calls that plan, apply and the manual commands need. Errors are thrown as SchedulerError. */
export interface SchedulerApi {
  list(): Promise<ServerJob[]>;
  create(job: JobBody): Promise<void>;
  update(job: JobBody, mask: readonly string[]): Promise<void>;
  remove(name: string): Promise<void>;
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  run(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A call that failed, in one line that holds no secret. */
class SchedulerError extends Error {}

export interface SchedulerPlace {
  project: string;
  region: string;
  /** The local cloud's address; absent: Google's, with application default credentials. */
  endpoint?: string;
  /** Texts that no message may hold. */
  secrets?: readonly string[];
}

/** One call may take this long, repeats of "unavailable" and "quota exceeded" included. */
const CALL_MS = 5_000;
/** All calls of one command together; the rest is told as not tried. */
const COMMAND_MS = 22_000;
/** With less left no call is begun: it could not be answered. */
const LEAST_MS = 100;
/** gRPC codes that a repeat may heal: RESOURCE_EXHAUSTED, UNAVAILABLE. */
const REPEATED = [8, 14];
const LOCATION_WORDS = /^\s*\d+ [A-Z_]+:\s*/;

/** The service behind its official client, over REST: the same requests reach Google and the local cloud. */
export function openScheduler(place: SchedulerPlace): SchedulerApi {
  const parent = `projects/${place.project}/locations/${place.region}`;
  const bound = bounded(place.secrets ?? []);
  let opened: Promise<CloudSchedulerClient> | undefined;
  const call = <T>(work: (client: CloudSchedulerClient, options: Options) => Promise<T>): Promise<T> =>
    bound(async (options) => {
      opened ??= openClient(place.endpoint);
      return work(await opened, options);
    });
  const on = (method: 'deleteJob' | 'pauseJob' | 'resumeJob' | 'runJob') => async (name: string) => {
    await call((client, options) => client[method]({ name }, options) as Promise<unknown>);
  };
  return {
    list: () =>
      call(async (client, options) => (await client.listJobs({ parent }, options))[0].map(toServerJob)),
    async create(job) {
      await call((client, options) => client.createJob({ parent, job: toProto(job) }, options));
    },
    async update(job, mask) {
      const updateMask = { paths: [...mask] };
      await call((client, options) => client.updateJob({ job: toProto(job), updateMask }, options));
    },
    remove: on('deleteJob'),
    pause: on('pauseJob'),
    resume: on('resumeJob'),
    run: on('runJob'),
    async close() {
      await opened?.then((client) => client.close()).catch(() => undefined);
    },
  };
}

async function openClient(endpoint: string | undefined): Promise<CloudSchedulerClient> {
  if (endpoint === undefined) {
    return new CloudSchedulerClient({ fallback: true, auth: await findCredentials('cloud-platform') });
  }
  const { protocol, hostname, port } = new URL(endpoint);
  return new CloudSchedulerClient({
    fallback: true,
    protocol: protocol.replace(':', ''),
    apiEndpoint: hostname,
    port: Number(port),
    authClient: new PassThroughClient(),
  });
}

type Options = { timeout: number; retry: object };

/** gRPC's DEADLINE_EXCEEDED. */
const isDeadline = (error: unknown) => (error as { code?: unknown }).code === 4;

/** Calls with a bound each and one for all, and errors in plain words. */
function bounded(secrets: readonly string[]) {
  let spent = 0;
  return async <T>(work: (options: Options) => Promise<T>): Promise<T> => {
    const left = Math.min(CALL_MS, COMMAND_MS - spent);
    if (left < LEAST_MS)
      throw new SchedulerError(`not tried: ${COMMAND_MS / 1000} s of waiting were used up`);
    const began = performance.now();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const silent = () =>
      new SchedulerError(`Cloud Scheduler did not answer within ${Math.ceil(left / 1000)} s`);
    const timer = setTimeout(() => reject(silent()), left);
    try {
      return await Promise.race([work(callOptions(left)), late]);
    } catch (error) {
      // The client's own clock may be first by a millisecond.
      throw isDeadline(error) ? silent() : plainError(error, secrets);
    } finally {
      clearTimeout(timer);
      spent += performance.now() - began;
    }
  };
}

function callOptions(ms: number): Options {
  const backoffSettings = {
    initialRetryDelayMillis: 200,
    retryDelayMultiplier: 2,
    maxRetryDelayMillis: 1000,
    initialRpcTimeoutMillis: ms,
    rpcTimeoutMultiplier: 1,
    maxRpcTimeoutMillis: ms,
    totalTimeoutMillis: ms,
  };
  return { timeout: ms, retry: { retryCodes: REPEATED, backoffSettings } };
}

function plainError(error: unknown, secrets: readonly string[]): SchedulerError {
  if (error instanceof SchedulerError) return error;
  const { message } = error instanceof Error ? error : { message: String(error) };
  const first = (message.split('\n')[0] ?? '').replace(LOCATION_WORDS, '').slice(0, 300);
  return new SchedulerError(secrets.reduce((text, secret) => text.replaceAll(secret, '(hidden)'), first));
}

type Proto = protos.google.cloud.scheduler.v1.IJob;

const duration = (text: string) => ({ seconds: Number.parseFloat(text) });

function toProto({ httpTarget, retryConfig, attemptDeadline, ...job }: JobBody): Proto {
  return {
    ...job,
    attemptDeadline: duration(attemptDeadline),
    retryConfig: {
      retryCount: retryConfig.retryCount,
      maxDoublings: retryConfig.maxDoublings,
      minBackoffDuration: duration(retryConfig.minBackoffDuration),
      maxBackoffDuration: duration(retryConfig.maxBackoffDuration),
      maxRetryDuration: duration(retryConfig.maxRetryDuration),
    },
    httpTarget: httpTarget as NonNullable<Proto['httpTarget']>,
  };
}

interface Plain {
  name?: string;
  description?: string;
  schedule?: string;
  timeZone?: string;
  state?: string;
  status?: { code?: number };
  attemptDeadline?: { seconds?: number };
  retryConfig?: Record<string, number | { seconds?: number }>;
  httpTarget?: ServerJob['httpTarget'];
  scheduleTime?: { seconds?: number };
  lastAttemptTime?: { seconds?: number };
}

function toServerJob(proto: Proto): ServerJob {
  const { Job } = protos.google.cloud.scheduler.v1;
  const job: Plain = Job.toObject(Job.fromObject(proto), { enums: String, bytes: String, longs: Number });
  const retry = Object.entries(job.retryConfig ?? {}).map(([key, value]) => [
    key,
    typeof value === 'number' ? value : `${value.seconds ?? 0}s`,
  ]);
  return {
    name: job.name ?? '',
    description: job.description ?? '',
    schedule: job.schedule ?? '',
    timeZone: job.timeZone ?? '',
    attemptDeadline: job.attemptDeadline ? `${job.attemptDeadline.seconds ?? 0}s` : '',
    retryConfig: Object.fromEntries(retry) as ServerJob['retryConfig'],
    httpTarget: job.httpTarget ?? null,
    state: job.state ?? 'STATE_UNSPECIFIED',
    nextAt: instant(job.scheduleTime),
    lastAt: instant(job.lastAttemptTime),
    lastCode: job.lastAttemptTime ? (job.status?.code ?? 0) : null,
  };
}

function instant(time: { seconds?: number } | undefined): string | null {
  return time?.seconds ? new Date(time.seconds * 1000).toISOString().replace('.000Z', 'Z') : null;
}
