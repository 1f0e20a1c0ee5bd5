import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { applyPlan, prunePlan } from '../../../infra/scheduler/apply.ts';
import { openScheduler, type SchedulerApi } from '../../../infra/scheduler/client.ts';
import { type WantedJob, wantedJobs } from '../../../infra/scheduler/job.ts';
import type { ScheduledJob, ScheduleFile } from '../../../infra/scheduler/parse.ts';
import { type PlannedJob, planSchedule } from '../../../infra/scheduler/plan.ts';

export const PROJECT = 'ronde-plans';
export const REGION = 'europe-west1';
export const SECRET = 'not-a-real-secret-'.repeat(3);

const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** The effect of a rule on a request: an HTTP status, no answer, or null for no effect. */
export type Fault = number | 'hang' | null;

/** The local Cloud Scheduler behind a wire that counts requests and can break. */
export interface Service {
  url: string;
  api: SchedulerApi;
  /** Method and path below the collection of jobs, with the update mask, of each request so far. */
  requests: string[];
  /** Asked for each request, by its index among those of the same kind. */
  fault: (request: string, index: number) => Fault;
  /** Changes, creates or deletes a job directly at the service. */
  byHand(method: string, path: string, body?: object): Promise<number>;
  plan(jobs: readonly WantedJob[]): Promise<PlannedJob[]>;
  apply(jobs: readonly WantedJob[], adopt?: boolean): ReturnType<typeof applyPlan>;
  prune(jobs: readonly WantedJob[]): ReturnType<typeof prunePlan>;
  stop(): Promise<void>;
}

const PARENT = `/v1/projects/${PROJECT}/locations/${REGION}/jobs`;

export async function startService(): Promise<Service> {
  const clock = () => new Date('2026-03-04T10:00:00Z');
  const scheduler = await startLocalScheduler({ clock, firing: false, signOidc: async () => '' });
  const requests: string[] = [];
  const service: Service = {
    url: '',
    requests,
    fault: () => null,
    api: openScheduler({ project: PROJECT, region: REGION }),
    async byHand(method, path, body) {
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      return (await fetch(scheduler.url.replace(/\/$/, '') + PARENT + path, { method, ...init })).status;
    },
    plan: async (jobs) => planSchedule(jobs, await service.api.list()),
    apply: async (jobs, adopt = false) =>
      applyPlan(await service.plan(jobs), service.api, { adopt, resume: true }),
    prune: async (jobs) => prunePlan(await service.plan(jobs), service.api),
    async stop() {
      await service.api.close();
      wire.closeAllConnections();
      wire.close();
      await scheduler.stop();
    },
  };
  const wire = http.createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://wire.test');
    const path = decodeURIComponent(url.pathname).replace(PARENT, '');
    const mask = url.searchParams.get('updateMask');
    const call = `${request.method} ${path}${mask ? ` ${mask}` : ''}`.trim();
    const index = requests.push(call) - 1;
    const fault = service.fault(call, index);
    if (fault === 'hang') return;
    if (fault !== null) {
      response.writeHead(fault, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: fault, message: 'planted', status: STATUS[fault] } }));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const answer = await fetch(new URL(request.url ?? '/', scheduler.url), {
      method: request.method ?? 'GET',
      ...(body.length > 0 ? { body } : {}),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  service.url = `http://127.0.0.1:${(wire.address() as AddressInfo).port}`;
  service.api = openService(service.url);
  return service;
}

export const openService = (endpoint: string): SchedulerApi =>
  openScheduler({ project: PROJECT, region: REGION, endpoint, secrets: [SECRET] });

/** A job as the parser gives it. */
export function scheduled(name: string, changes: Partial<ScheduledJob> = {}): ScheduledJob {
  return {
    function: name,
    method: 'POST',
    route: `/v1/${name}`,
    schedule: '*/15 * * * *',
    time_zone: 'Etc/UTC',
    description: `Does ${name}`,
    params: { minutes: 30 },
    budget_seconds: 120,
    attempt_deadline: 180,
    retry: { count: 3, min_backoff: 15, max_backoff: 60, max_doublings: 2, max_duration: 0 },
    auth: { type: 'oidc' },
    on_overlap: 'skip',
    grace: 600,
    paused: false,
    period_seconds: 900,
    line: 1,
    ...changes,
  };
}

/** Jobs of a file as the service is to have them. */
export function wanted(...jobs: ScheduledJob[]): WantedJob[] {
  return wantedJobs({ jobs } as unknown as ScheduleFile, {
    project: PROJECT,
    region: REGION,
    urlOf: (name) => `https://${REGION}-${PROJECT}.example.test/${name}`,
    schedulerServiceAccount: 'scheduler@ronde-plans.example.test',
    cronSecret: SECRET,
  });
}

const param = fc.oneof(fc.nat(1000), fc.boolean(), fc.string({ maxLength: 10 }));
const job = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  schedule: fc.constantFrom('*/5 * * * *', '0 * * * *', '0 7 * * *', '0  7 * * MON-FRI', '30 2 29 2 *'),
  time_zone: fc.constantFrom('Etc/UTC', 'Europe/Paris', 'America/New_York'),
  description: fc.stringMatching(/^[ -~é€]{1,60}$/),
  params: fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), param, { maxKeys: 4 }),
  budget_seconds: fc.integer({ min: 5, max: 1800 }),
  attempt_deadline: fc.integer({ min: 15, max: 1800 }),
  retry: fc.record({
    count: fc.integer({ min: 0, max: 5 }),
    min_backoff: fc.integer({ min: 1, max: 60 }),
    max_backoff: fc.integer({ min: 60, max: 3600 }),
    max_doublings: fc.integer({ min: 1, max: 16 }),
    max_duration: fc.integer({ min: 0, max: 86_400 }),
  }),
  auth: fc.constantFrom(
    { type: 'oidc' as const },
    { type: 'oidc' as const, audience: 'https://ronde.example.test' },
    { type: 'secret' as const },
  ),
  paused: fc.boolean(),
});

/** A whole file: up to five jobs with different names. */
export const anyFile = fc
  .dictionary(fc.constantFrom('sync-inbox', 'close-visits', 'follow-up', 'alerts', 'watch'), job)
  .map((jobs) =>
    Object.entries(jobs).map(([name, changes]) => scheduled(name, changes as Partial<ScheduledJob>)),
  );
