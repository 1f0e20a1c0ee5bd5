import { type Bench, below, measure } from '../bench.ts';
import { type Lab, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';

const TASK = 'close-inactive-visits';

interface Start {
  ms: number;
  megabytes: number;
}

/** Starts a function, sends one request, and returns the total time. */
async function coldStart(
  lab: Lab,
  name: string,
  env: Record<string, string>,
  ask: { path: string; headers?: Record<string, string>; status: number },
): Promise<Start> {
  const began = performance.now();
  const process = await lab.start(name, env);
  try {
    const response = await fetch(process.url + ask.path, { method: 'POST', headers: ask.headers ?? {} });
    const text = await response.text();
    const ms = performance.now() - began;
    if (response.status !== ask.status)
      throw new Error(`${name} answered ${response.status}, not ${ask.status}: ${text}`);
    return { ms, megabytes: usage(process).peakMegabytes };
  } finally {
    await process.kill();
  }
}

/** Measures how long a caller waits for an instance that must start first. */
export const coldStartBench: Bench = {
  name: 'cold-start',
  compares: `spawn to first answer of ${TASK} (refused; a dry run on running engines) against a hello-world function on the same framework`,
  targets: { 'refused / hello': below(2.2) },
  async run(lab) {
    await lab.build([TASK], ['hello']);
    return await lab.withEngines(async (engines) => {
      const { environment, secret } = engines.project();
      const sign = { 'X-Cron-Secret': secret };
      const starts = await interleave(lab.quick ? 5 : 21, {
        hello: () => coldStart(lab, 'hello', {}, { path: '/', status: 200 }),
        refused: () => coldStart(lab, TASK, environment, { path: '/', status: 401 }),
        dryRun: () =>
          coldStart(lab, TASK, environment, { path: '/?dry_run=true', headers: sign, status: 200 }),
      });
      const of = (side: keyof typeof starts, what: keyof Start) => starts[side].map((start) => start[what]);
      return {
        'refused / hello': measure('ratio', pairedRatios(of('refused', 'ms'), of('hello', 'ms'))),
        'dry run / hello': measure('ratio', pairedRatios(of('dryRun', 'ms'), of('hello', 'ms'))),
        hello: measure('ms', of('hello', 'ms')),
        refused: measure('ms', of('refused', 'ms')),
        'dry run': measure('ms', of('dryRun', 'ms')),
        'hello, peak memory': measure('MB', of('hello', 'megabytes')),
        'refused, peak memory': measure('MB', of('refused', 'megabytes')),
        'dry run, peak memory': measure('MB', of('dryRun', 'megabytes')),
      };
    });
  },
};
