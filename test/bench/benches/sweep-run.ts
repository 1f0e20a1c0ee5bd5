import { type Engines, type Lab, type Project, usage } from '../lab.ts';
import { countOpen, seedStaleVisits } from './visits.ts';

/** The result of one measured sweep. */
export interface SweepRun {
  perSecond: number;
  /** Peak resident memory of the function process. */
  megabytes: number;
  /** CPU time of the function process for each visit, in microseconds. */
  cpuMicroseconds: number;
  /** The cost that the answer reports, if any. */
  cost: Record<string, number>;
}

/** Enough visits to connect the process and compile its code before the measurement. */
const WARM_UP_VISITS = 2_000;

/** The measured task and its peers. */
export const TASK = 'close-inactive-visits';
export const BARE = 'bare-sweep';
export const NAIVE = 'naive-sweep';

/** Closes `count` stale visits with a new process of this function, on new engines. */
export async function sweepOnce(lab: Lab, engines: Engines, name: string, count: number): Promise<SweepRun> {
  const project = engines.project();
  const process = await lab.start(name, project.environment);
  try {
    await seedStaleVisits(project.store, WARM_UP_VISITS);
    await callSweep(process.url, project, WARM_UP_VISITS);
    await seedStaleVisits(project.store, count);
    const before = usage(process);
    const began = performance.now();
    const { cost = {} } = await callSweep(process.url, project, count);
    const seconds = (performance.now() - began) / 1000;
    const { peakMegabytes: megabytes, cpuSeconds } = usage(process);
    const cpuMicroseconds = ((cpuSeconds - before.cpuSeconds) * 1e6) / count;
    const run = { perSecond: count / seconds, megabytes, cpuMicroseconds, cost };
    const open = await countOpen(project.store);
    if (open !== 0) throw new Error(`${name} left ${open} of ${count} visits open`);
    lab.progress(
      `  ${name}: ${count} visits in ${seconds.toFixed(1)} s, peak ${run.megabytes.toFixed(0)} MB`,
    );
    return run;
  } finally {
    await process.kill();
  }
}

/** Calls a sweep and returns its answer. Throws unless it closed exactly this many visits. */
export async function callSweep(
  url: string,
  { secret }: Pick<Project, 'secret'>,
  expected: number,
  headers: Record<string, string> = {},
): Promise<{ cost?: Record<string, number> }> {
  const response = await fetch(url, { method: 'POST', headers: { 'X-Cron-Secret': secret, ...headers } });
  const answer = (await response.json()) as { closed_count?: number; cost?: Record<string, number> };
  if (response.status !== 200 || answer.closed_count !== expected)
    throw new Error(`${expected} visits to close, but ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}
