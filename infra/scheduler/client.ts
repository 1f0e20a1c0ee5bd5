import { CloudSchedulerClient } from '@google-cloud/scheduler';
import { OAuth2Client, PassThroughClient } from 'google-auth-library';
import { findCredentials } from '../credentials.ts';
import type { ServerJob } from './compare.ts';
import type { JobBody } from './job.ts';
import { toProto, toServerJob } from './proto.ts';

/** The calls that plan, apply and the manual commands need. Each throws SchedulerError. */
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

/** A failed call, in one line without secrets. */
class SchedulerError extends Error {}

export interface SchedulerLocation {
  project: string;
  region: string;
  /** The address of the local cloud; without it the calls reach Google, with application default credentials. */
  endpoint?: string;
  /** Gives the access token of gcloud's account, which then replaces the application default credentials. */
  accessToken?: () => Promise<string>;
  /** Texts that no message may contain. */
  secrets?: readonly string[];
}

/** The longest time of one call, including retries of "unavailable" and "quota exceeded". */
const CALL_MS = 5_000;
/** The longest time of all calls of one command; later calls are reported as not tried. */
const COMMAND_MS = 22_000;
/** With less time left no call starts, since no answer could arrive. */
const MIN_CALL_MS = 100;
/** gRPC codes that a retry may resolve: RESOURCE_EXHAUSTED, UNAVAILABLE. */
const RETRY_CODES = [8, 14];
const LOCATION_WORDS = /^\s*\d+ [A-Z_]+:\s*/;

/** Opens the service with its official client, over REST: the same requests reach Google and the local cloud. */
export function openScheduler(location: SchedulerLocation): SchedulerApi {
  const parent = `projects/${location.project}/locations/${location.region}`;
  const runBounded = boundCalls(location.secrets ?? []);
  let opened: Promise<CloudSchedulerClient> | undefined;
  const call = <T>(work: (client: CloudSchedulerClient, options: CallOptions) => Promise<T>): Promise<T> =>
    runBounded(async (options) => {
      opened ??= openClient(location);
      return work(await opened, options);
    });
  const callByName = (method: 'deleteJob' | 'pauseJob' | 'resumeJob' | 'runJob') => async (name: string) => {
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
    remove: callByName('deleteJob'),
    pause: callByName('pauseJob'),
    resume: callByName('resumeJob'),
    run: callByName('runJob'),
    async close() {
      await opened?.then((client) => client.close()).catch(() => undefined);
    },
  };
}

async function openClient(location: SchedulerLocation): Promise<CloudSchedulerClient> {
  const { endpoint, accessToken, project } = location;
  if (endpoint === undefined) {
    if (!accessToken) {
      const auth = await findCredentials('cloud-platform', project);
      return new CloudSchedulerClient({ fallback: true, auth });
    }
    const authClient = new OAuth2Client({ quotaProjectId: project });
    authClient.setCredentials({ access_token: await accessToken() });
    return new CloudSchedulerClient({ fallback: true, authClient });
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

type CallOptions = { timeout: number; retry: object };

/** gRPC's DEADLINE_EXCEEDED. */
const isDeadline = (error: unknown) => (error as { code?: unknown }).code === 4;

/** Bounds each call and all calls together, and throws errors in plain words. */
function boundCalls(secrets: readonly string[]) {
  let spent = 0;
  return async <T>(work: (options: CallOptions) => Promise<T>): Promise<T> => {
    const left = Math.min(CALL_MS, COMMAND_MS - spent);
    if (left < MIN_CALL_MS)
      throw new SchedulerError(`not tried: the other calls took the ${COMMAND_MS / 1000} s of this command`);
    const began = performance.now();
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const toTimeoutError = () =>
      new SchedulerError(`Cloud Scheduler did not answer within ${Math.ceil(left / 1000)} s`);
    const timer = setTimeout(() => reject(toTimeoutError()), left);
    try {
      return await Promise.race([work(toCallOptions(left)), timeout]);
    } catch (error) {
      // The timeout of the client may end a millisecond earlier.
      throw isDeadline(error) ? toTimeoutError() : toSchedulerError(error, secrets);
    } finally {
      clearTimeout(timer);
      spent += performance.now() - began;
    }
  };
}

function toCallOptions(ms: number): CallOptions {
  const backoffSettings = {
    initialRetryDelayMillis: 200,
    retryDelayMultiplier: 2,
    maxRetryDelayMillis: 1000,
    initialRpcTimeoutMillis: ms,
    rpcTimeoutMultiplier: 1,
    maxRpcTimeoutMillis: ms,
    totalTimeoutMillis: ms,
  };
  return { timeout: ms, retry: { retryCodes: RETRY_CODES, backoffSettings } };
}

function toSchedulerError(error: unknown, secrets: readonly string[]): SchedulerError {
  if (error instanceof SchedulerError) return error;
  const { message } = error instanceof Error ? error : { message: String(error) };
  const first = (message.split('\n')[0] ?? '').replace(LOCATION_WORDS, '').slice(0, 300);
  return new SchedulerError(secrets.reduce((text, secret) => text.replaceAll(secret, '(hidden)'), first));
}
