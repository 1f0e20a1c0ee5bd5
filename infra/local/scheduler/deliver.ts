import { codeOf, codeOfFailure } from '../google-json.ts';
import type { Job } from './jobs.ts';
import { pacific, seconds } from './rules.ts';

/** The surroundings of an attempt. */
export interface FireDeps {
  clock: () => Date;
  signOidc: (email: string, audience: string) => Promise<string>;
  log: (line: string) => void;
  /** Aborts attempts when the scheduler stops. */
  stopped: AbortSignal;
}

const REPLACED = /^(host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/i;
/** Sends one request and returns its google.rpc.Code; 0 is success. Never throws. */
export async function deliver(
  job: Job,
  occurrence: Date,
  deps: FireDeps,
): Promise<{ code: number; detail: string }> {
  const target = job.httpTarget;
  if (!target) return { code: 3, detail: 'no target' };
  try {
    const deadline = AbortSignal.timeout(seconds(job.attemptDeadline ?? '180s') * 1000);
    const response = await fetch(target.uri, {
      method: target.httpMethod,
      headers: await requestHeaders(job, target, occurrence, deps),
      ...(target.body ? { body: Buffer.from(target.body, 'base64') } : {}),
      signal: AbortSignal.any([deadline, deps.stopped]),
    });
    await response.arrayBuffer();
    return { code: codeOf(response), detail: `HTTP ${response.status}` };
  } catch (error) {
    return codeOfFailure(error);
  }
}

type HttpTarget = NonNullable<Job['httpTarget']>;

async function requestHeaders(
  job: Job,
  target: HttpTarget,
  occurrence: Date,
  deps: FireDeps,
): Promise<Headers> {
  const headers = new Headers();
  if (target.body) headers.set('Content-Type', 'application/octet-stream');
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    if (!REPLACED.test(name)) headers.set(name, value);
  }
  headers.set('User-Agent', 'Google-Cloud-Scheduler');
  headers.set('X-CloudScheduler', 'true');
  headers.set('X-CloudScheduler-JobName', shortId(job));
  headers.set('X-CloudScheduler-ScheduleTime', pacific(occurrence));
  if (target.oidcToken) {
    const { serviceAccountEmail, audience } = target.oidcToken;
    headers.set(
      'Authorization',
      `Bearer ${await deps.signOidc(serviceAccountEmail, audience || target.uri)}`,
    );
  }
  return headers;
}

/** Returns the last part of a job's name, which handlers receive. */
export const shortId = (job: Job): string => job.name.split('/').pop() ?? '';
