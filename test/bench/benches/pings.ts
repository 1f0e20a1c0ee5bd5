import { atLeast, type Bench, measure } from '../bench.ts';
import { type Lab, type Project, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';
import { type LoadRun, load } from './load.ts';

const ROUTE = '/v1/activity/ping';

const ping = () => ({ path: ROUTE, body: {} });

async function compare(lab: Lab, project: Project, token: string) {
  const [presence, bare] = await Promise.all([
    lab.start('presence', project.environment),
    lab.start('bare-ping', project.environment),
  ]);
  const sign = { Authorization: `Bearer ${token}` };
  const seconds = lab.quick ? 3 : 8;
  try {
    await load(presence, 3, sign, ping);
    await load(bare, 3, {}, ping);
    const runs = await interleave(lab.quick ? 2 : 7, {
      ours: () => load(presence, seconds, sign, ping),
      bare: () => load(bare, seconds, {}, ping),
    });
    return { ...runs, megabytes: usage(presence).peakMegabytes };
  } finally {
    await presence.kill();
    await bare.kill();
  }
}

/** Measures the load that one instance of presence bears. */
export const pings: Bench = {
  name: 'pings',
  compares:
    'one presence process (token, session, one command) against a bare handler with one SET, 32 connections',
  targets: { 'pings / bare': atLeast(0.7) },
  async run(lab) {
    await lab.build(['presence'], ['bare-ping']);
    const { ours, bare, megabytes } = await lab.withEngines(async (engines) =>
      compare(lab, engines.project(), await engines.issuer.userToken('usertest1')),
    );
    const of = (runs: LoadRun[], what: keyof LoadRun) => runs.map((run) => run[what]);
    return {
      'pings / bare': measure('ratio', pairedRatios(of(ours, 'perSecond'), of(bare, 'perSecond'))),
      pings: measure('requests/s', of(ours, 'perSecond')),
      bare: measure('requests/s', of(bare, 'perSecond')),
      'pings, p99': measure('ms', of(ours, 'p99')),
      'bare, p99': measure('ms', of(bare, 'p99')),
      'peak memory': measure('MB', [megabytes]),
    };
  },
};
