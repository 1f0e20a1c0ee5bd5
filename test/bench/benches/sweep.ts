import { REPORT_MS } from '../../../shared/runtime/progress.ts';
import { atLeast, atMost, type Bench, measure } from '../bench.ts';
import type { Engines, Lab } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';
import { BARE, callSweep, NAIVE, type SweepRun, sweepOnce, TASK } from './sweep-run.ts';

/** The run's record, the search for abandoned runs, and the empty end of a stream. */
const CONSTANT_READS = 3;
const WRITES = 'writes beyond one per visit, and one for each 5 s of work';
/** The run's record, opened and closed. */
const CONSTANT_WRITES = 2;

/** Returns how often a run has reported its progress. */
const countReports = (visits: number, run: SweepRun | undefined) =>
  Math.floor(((visits / (run?.perSecond ?? Number.NaN)) * 1000) / REPORT_MS);

/** Measures the cost of a scheduled run that finds no visit to close, as on most nights. */
async function idleCost(lab: Lab, engines: Engines): Promise<Record<string, number>> {
  const project = engines.project();
  const process = await lab.start(TASK, project.environment);
  try {
    const occurrence = { 'X-CloudScheduler-ScheduleTime': new Date().toISOString() };
    const { cost = {} } = await callSweep(process.url, project, 0, occurrence);
    return cost;
  } finally {
    await process.kill();
  }
}

/** Compares the closing of stale visits with bare writes and with the naive loop, and measures its cost. */
export const sweep: Bench = {
  name: 'sweep',
  compares: `${TASK} against a bare streamed query with batched updates, and against reading all and updating one by one (a part of the visits; compared per visit)`,
  targets: {
    'throughput / bare': atLeast(0.8),
    'throughput / naive': atLeast(5),
    'reads beyond one per visit': atMost(CONSTANT_READS),
    [WRITES]: atMost(CONSTANT_WRITES),
    'reads when there is nothing to do': atMost(CONSTANT_READS),
  },
  async run(lab) {
    await lab.build([TASK], [BARE, NAIVE]);
    const visits = lab.quick ? 10_000 : 100_000;
    const naiveVisits = lab.quick ? 1_000 : 5_000;
    const once = (name: string, count: number) => () =>
      lab.withEngines((engines) => sweepOnce(lab, engines, name, count));
    const runs = await interleave(lab.quick ? 2 : 5, {
      ours: once(TASK, visits),
      bare: once(BARE, visits),
      naive: once(NAIVE, naiveVisits),
    });
    const idle = await lab.withEngines((engines) => idleCost(lab, engines));
    const of = (side: keyof typeof runs, what: 'perSecond' | 'megabytes' | 'cpuMicroseconds') =>
      runs[side].map((run) => run[what]);
    const beyond = (kind: string) =>
      runs.ours.map((run: SweepRun) => (run.cost[kind] ?? Number.NaN) - visits);
    return {
      'throughput / bare': measure('ratio', pairedRatios(of('ours', 'perSecond'), of('bare', 'perSecond'))),
      'throughput / naive': measure('ratio', pairedRatios(of('ours', 'perSecond'), of('naive', 'perSecond'))),
      'reads beyond one per visit': measure('reads', beyond('firestore_reads')),
      [WRITES]: measure(
        'writes',
        beyond('firestore_writes').map((writes, round) => writes - countReports(visits, runs.ours[round])),
      ),
      'reads when there is nothing to do': measure('reads', [idle.firestore_reads ?? Number.NaN]),
      [`ours, ${visits} visits`]: measure('visits/s', of('ours', 'perSecond')),
      [`bare, ${visits} visits`]: measure('visits/s', of('bare', 'perSecond')),
      [`naive, ${naiveVisits} visits`]: measure('visits/s', of('naive', 'perSecond')),
      'CPU time, ours / bare': measure(
        'ratio',
        pairedRatios(of('ours', 'cpuMicroseconds'), of('bare', 'cpuMicroseconds')),
      ),
      'ours, CPU time per visit': measure('µs', of('ours', 'cpuMicroseconds')),
      'bare, CPU time per visit': measure('µs', of('bare', 'cpuMicroseconds')),
      'ours, peak memory': measure('MB', of('ours', 'megabytes')),
      'bare, peak memory': measure('MB', of('bare', 'megabytes')),
      'ours, list price': measure(
        'USD',
        runs.ours.map((run) => run.cost.usd ?? Number.NaN),
      ),
    };
  },
};
