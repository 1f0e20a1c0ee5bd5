import { randomUUID } from 'node:crypto';
import { atLeast, type Bench, measure } from '../bench.ts';
import { type Lab, type Project, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';
import { type LoadRun, load } from './load.ts';

const ROUTE = '/api/v1/visits';
/**
 * Open visits that receive heartbeats in turn: many more than connections, so that no two heartbeats meet at one
 * visit.
 */
const BEATING_VISITS = 1_000;

const page = () => ({
  visit_id: randomUUID(),
  session_id: 'tab-1',
  path: '/repairs/42',
  title: 'A repair and what became of it',
  referrer: 'https://www.example.test/repairs',
});

/** Starts `count` visits one after the other. Returns a function that makes the next heartbeat. */
async function beating(url: string, headers: Record<string, string>, count: number) {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = page();
    const json = { 'Content-Type': 'application/json', ...headers };
    const response = await fetch(url + ROUTE, { method: 'POST', headers: json, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(`visits answered ${response.status} to a start`);
    ids.push(body.visit_id);
  }
  let turn = 0;
  return () => {
    turn += 1;
    return { path: `${ROUTE}/${ids[turn % count]}/heartbeat`, body: { engaged_ms: turn } };
  };
}

interface MeasuredLoads {
  starts: LoadRun[];
  heartbeats: LoadRun[];
  bare: LoadRun[];
  megabytes: { ours: number; bare: number };
}

/** Loads both processes in turn, in separate projects of one emulator. */
async function measureBoth(lab: Lab, ours: Project, bare: Project, token: string): Promise<MeasuredLoads> {
  const visits = await lab.start('visits', ours.environment);
  const peer = await lab.start('bare-write', bare.environment);
  const sign = { Authorization: `Bearer ${token}` };
  const seconds = lab.quick ? 3 : 8;
  const start = () => ({ path: ROUTE, body: page() });
  try {
    const beat = await beating(visits.url, sign, BEATING_VISITS);
    await load(visits, 3, sign, start);
    await load(visits, 3, sign, beat);
    await load(peer, 3, {}, start);
    const runs = await interleave(lab.quick ? 2 : 7, {
      starts: () => load(visits, seconds, sign, start),
      bare: () => load(peer, seconds, {}, start),
      heartbeats: () => load(visits, seconds, sign, beat),
    });
    return { ...runs, megabytes: { ours: usage(visits).peakMegabytes, bare: usage(peer).peakMegabytes } };
  } finally {
    await visits.kill();
    await peer.kill();
  }
}

/** Measures the load that one instance of the visits API bears. */
export const visitsApi: Bench = {
  name: 'visits-api',
  compares:
    'one visits process (token, body, conditional write) against a bare handler with one Firestore write, 32 connections; a heartbeat reads and writes',
  targets: { 'starts / bare': atLeast(0.8) },
  async run(lab) {
    await lab.build(['visits'], ['bare-write']);
    const { starts, heartbeats, bare, megabytes } = await lab.withEngines(async (engines) => {
      const token = await engines.issuer.userToken('usertest1');
      return await measureBoth(lab, engines.project(), engines.project(), token);
    });
    const of = (runs: LoadRun[], what: keyof LoadRun) => runs.map((run) => run[what]);
    const rates = { starts: of(starts, 'perSecond'), heartbeats: of(heartbeats, 'perSecond') };
    return {
      'starts / bare': measure('ratio', pairedRatios(rates.starts, of(bare, 'perSecond'))),
      'heartbeats / bare': measure('ratio', pairedRatios(rates.heartbeats, of(bare, 'perSecond'))),
      'p99 of starts / bare': measure('ratio', pairedRatios(of(starts, 'p99'), of(bare, 'p99'))),
      'CPU time, starts / bare': measure(
        'ratio',
        pairedRatios(of(starts, 'cpuMicroseconds'), of(bare, 'cpuMicroseconds')),
      ),
      'CPU time, heartbeats / bare': measure(
        'ratio',
        pairedRatios(of(heartbeats, 'cpuMicroseconds'), of(bare, 'cpuMicroseconds')),
      ),
      starts: measure('requests/s', rates.starts),
      heartbeats: measure('requests/s', rates.heartbeats),
      bare: measure('requests/s', of(bare, 'perSecond')),
      'starts, p50': measure('ms', of(starts, 'p50')),
      'starts, p99': measure('ms', of(starts, 'p99')),
      'heartbeats, p99': measure('ms', of(heartbeats, 'p99')),
      'bare, p99': measure('ms', of(bare, 'p99')),
      'visits, peak memory': measure('MB', [megabytes.ours]),
      'bare, peak memory': measure('MB', [megabytes.bare]),
    };
  },
};
