import { randomUUID } from 'node:crypto';
import { nodeOptions } from '../../../infra/deploy/environment.ts';
import { fillAll } from '../../../infra/local/demo/fill.ts';
import { startImap } from '../../../infra/local/imap/imap.ts';
import { cpuOf, toMib } from '../../../infra/scheduler/cpu.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import type { ScheduledFunction } from '../../../infra/scheduler/parse.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { loadConfig } from '../../../shared/doors/config.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import type { FunctionProcess } from '../../faults/function-process.ts';
import { type Bench, type BenchMeasure, type BenchTarget, below, measure } from '../bench.ts';
import { findCgroupFault, makeGroup } from '../cgroup.ts';
import { type Engines, type Lab, type Project, usage } from '../lab.ts';
import { seedStaleVisits } from './visits.ts';

const SWEEP = 'close-inactive-visits';
/** The visits that one sweep closes. */
const VISITS = 20_000;
/** The warm requests of which a function for browsers answers the median. */
const WARM_REQUESTS = 50;

const { functions, jobs } = readSchedule();

interface AskedRequest {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** The requests to one function, and what to store between both. */
interface DeployedWork {
  first: AskedRequest;
  work: AskedRequest;
  addWork: () => Promise<void>;
}

interface DeployedSample {
  coldMs: number;
  /** A run of a task; the median of warm requests of another function. */
  workMs: number;
  megabytes: number;
}

const titles = (name: string) => ({
  cold: `${name}, cold start`,
  work: `${name}, ${jobs.some((job) => job.function === name) ? 'run' : 'warm request'}`,
  memory: `${name}, peak memory`,
});

/** A run must end within its budget, and no function may need its whole memory. */
const targets = Object.fromEntries(
  functions.flatMap(({ name, memory }): [string, BenchTarget][] => {
    const job = jobs.find((one) => one.function === name);
    const { work, memory: peak } = titles(name);
    return [
      [peak, below(toMib(memory))],
      ...(job ? [[work, below(job.budget_seconds * 1000)] as [string, BenchTarget]] : []),
    ];
  }),
);

/** Returns the request that starts a function, and the one that is its work. */
function askOf(
  name: string,
  secret: string,
  tokens: { admin: string; user: string },
): [AskedRequest, AskedRequest] {
  const post = (path: string, headers: Record<string, string>, body: object = {}): AskedRequest => ({
    ...{ method: 'POST', path, body: JSON.stringify(body) },
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  const as = (token: string) => ({ Authorization: `Bearer ${token}` });
  if (jobs.some((job) => job.function === name)) {
    const sign = { 'X-Cron-Secret': secret };
    return [post('/?dry_run=true', sign), post('/', sign)];
  }
  const page = { session_id: 'tab-1', path: '/repairs/42', title: 'A repair', visit_id: randomUUID() };
  const asked =
    name === 'console'
      ? ({ method: 'GET', path: '/v1/admin/settings', headers: as(tokens.admin) } as const)
      : name === 'visits'
        ? post('/api/v1/visits', as(tokens.user), page)
        : post('/v1/activity/ping', as(tokens.user));
  return [asked, asked];
}

async function ask(process: FunctionProcess, { path, ...request }: AskedRequest): Promise<number> {
  const began = performance.now();
  const response = await fetch(process.url + path, request);
  const answer = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${answer}`);
  return performance.now() - began;
}

/** Starts a function within its own limits, lets it work once, and measures both. */
async function measureFunction(
  lab: Lab,
  entry: ScheduledFunction,
  project: Project,
  { first, work, addWork }: DeployedWork,
): Promise<DeployedSample> {
  const limits = { memoryMib: toMib(entry.memory), cpu: cpuOf(entry) };
  const group = makeGroup(`ronde-bench-${process.pid}`, limits);
  try {
    const began = performance.now();
    const started = await lab.start(
      entry.name,
      { ...project.environment, ...nodeOptions(entry) },
      group.procs,
    );
    try {
      await ask(started, first);
      const coldMs = performance.now() - began;
      await addWork();
      const isTask = jobs.some((job) => job.function === entry.name);
      const times: number[] = [];
      for (let turn = 0; turn < (isTask ? 1 : WARM_REQUESTS); turn += 1) times.push(await ask(started, work));
      const workMs = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
      const megabytes = usage(started).peakMegabytes;
      lab.progress(
        `  ${entry.name}: ${limits.cpu} CPU, cold ${coldMs.toFixed(0)} ms, work ${workMs.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
      );
      return { coldMs, workMs, megabytes };
    } finally {
      await started.kill();
    }
  } finally {
    group.remove();
  }
}

/** Fills a project with the demo data of the local cloud. Returns how to stop its mailboxes. */
async function fill(project: Project): Promise<() => Promise<void>> {
  const imap = await startImap({ prefer: 'real', users: ['office', 'billing'] });
  const config = loadConfig(project.environment);
  const deps = { clock: systemClock, config, redis: openRedis(config), store: project.store };
  await fillAll({ deps, imap, progress: () => undefined });
  return async () => imap?.stop();
}

async function measureAll(lab: Lab, engines: Engines): Promise<[ScheduledFunction, DeployedSample][]> {
  const project = engines.project();
  const stopImap = await fill(project);
  const [admin, user] = await Promise.all([
    engines.issuer.userToken('admintest1'),
    engines.issuer.userToken('usertest1'),
  ]);
  try {
    const found: [ScheduledFunction, DeployedSample][] = [];
    for (const entry of functions) {
      const [first, work] = askOf(entry.name, project.secret, { admin, user });
      const addWork = async () => {
        if (entry.name === SWEEP) await seedStaleVisits(project.store, lab.quick ? 1_000 : VISITS);
      };
      found.push([entry, await measureFunction(lab, entry, project, { first, work, addWork })]);
    }
    return found;
  } finally {
    await stopImap();
  }
}

/** Measures every function within the memory and CPU that infra/scheduler.yaml gives it. */
export const asDeployed: Bench = {
  name: 'as-deployed',
  compares: `each function inside a cgroup with its own memory and CPU: spawn to first answer, its work on the demo data and on ${VISITS} visits, peak memory`,
  targets,
  findObstacle: findCgroupFault,
  async run(lab) {
    await lab.build(
      functions.map(({ name }) => name),
      [],
    );
    const samples = new Map<string, DeployedSample[]>(functions.map(({ name }) => [name, []]));
    for (let round = 0; round < (lab.quick ? 1 : 3); round += 1)
      for (const [{ name }, sample] of await lab.withEngines((engines) => measureAll(lab, engines)))
        samples.get(name)?.push(sample);
    return Object.fromEntries(
      [...samples].flatMap(([name, all]): [string, BenchMeasure][] => {
        const { cold, work, memory } = titles(name);
        return [
          [
            cold,
            measure(
              'ms',
              all.map(({ coldMs }) => coldMs),
            ),
          ],
          [
            work,
            measure(
              'ms',
              all.map(({ workMs }) => workMs),
            ),
          ],
          [
            memory,
            measure(
              'MB',
              all.map(({ megabytes }) => megabytes),
            ),
          ],
        ];
      }),
    );
  },
};
