#!/usr/bin/env node
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { BEYOND, CASES, type ProtocolCase } from './cases.ts';
import { describeWalk, type Explored, explore, exploreRandomly } from './explorer.ts';
import { MUTANTS } from './mutants.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
/** A case with more interleavings is cut off, unless `--limit` says otherwise. */
const MAX_WALKS = 6_000;
/** Random walks between two looks at the clock. */
const WALKS_AT_ONCE = 200;

interface CheckOptions {
  seed: number;
  minutes?: number;
  limit: number;
  mutants?: true;
  /** The work of a child process: a list and a place in it. */
  part?: string;
}

/** A finished part, as a child reports it. */
interface PartReport {
  line: string;
  walks: number;
  isGood: boolean;
}

const LISTS = { cases: CASES, beyond: BEYOND, mutants: MUTANTS } as const;
type List = keyof typeof LISTS;

const nameOf = ({ protocol, bounds: { preemptions, faults, kills } }: ProtocolCase) =>
  `${protocol.name}, ${preemptions} preemptions, ${faults} fault, ${kills} kill`;

function report(one: ProtocolCase, { walks, isComplete, failure }: Explored, how: string): PartReport {
  const line = `${nameOf(one)}: ${walks} interleavings, ${how || (isComplete ? 'complete' : 'cut off')}`;
  return failure
    ? { line: `${line}\n${describeWalk(failure)}`, walks, isGood: false }
    : { line, walks, isGood: true };
}

/** Walks by chance until the time is over. */
async function walkFor(one: ProtocolCase, seed: number, minutes: number): Promise<PartReport> {
  const end = performance.now() + minutes * 60_000;
  let walks = 0;
  while (performance.now() < end) {
    const from = seed + walks;
    const done = await exploreRandomly(one.protocol, one.bounds, { seed: from, walks: WALKS_AT_ONCE });
    walks += done.walks;
    if (done.failure) return report(one, { ...done, walks }, `broken from seed ${from}`);
  }
  return report(one, { walks, isComplete: false, failure: null }, `from seed ${seed}`);
}

async function findMutant(place: number, limit: number): Promise<PartReport> {
  const mutant = MUTANTS[place];
  if (!mutant) throw new InvalidArgumentError(`There is no mutant ${place}.`);
  const { walks, failure } = await explore(mutant.protocol, mutant.bounds, limit);
  const found = failure ? `found after ${walks} walks: ${failure.broken[0]}` : `NOT FOUND in ${walks} walks`;
  return { line: `${mutant.name}: ${found}`, walks, isGood: failure !== null };
}

async function workOn(
  list: List,
  place: number,
  { seed, minutes, limit }: CheckOptions,
): Promise<PartReport> {
  if (list === 'mutants') return await findMutant(place, limit);
  const one = LISTS[list][place];
  if (!one) throw new InvalidArgumentError(`There is no case ${place} of ${list}.`);
  if (minutes !== undefined) return await walkFor(one, seed, minutes);
  return report(one, await explore(one.protocol, one.bounds, limit), '');
}

/** Lets a child process work on one part: walks share nothing, and each core takes one. */
function startChild(list: List, place: number, options: CheckOptions): Promise<PartReport> {
  const minutes = options.minutes === undefined ? [] : ['--minutes', String(options.minutes)];
  const bounds = ['--seed', String(options.seed), '--limit', String(options.limit)];
  const args = ['--part', `${list}:${place}`, ...bounds, ...minutes];
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, args);
    child.once('message', (done) => resolve(done as PartReport));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The part ${list}:${place} ended with ${code}.`)));
  });
}

/** Works on all parts, as many at a time as there are cores. Returns the reports in order. */
async function workOnAll(list: List, options: CheckOptions): Promise<PartReport[]> {
  const places = LISTS[list].map((_, place) => place);
  const reports: PartReport[] = [];
  const work = async () => {
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      const done = await startChild(list, place, options);
      reports[place] = done;
      print(done.line);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return reports;
}

async function check(options: CheckOptions): Promise<number> {
  const list = options.mutants ? 'mutants' : options.minutes === undefined ? 'cases' : 'beyond';
  const reports = await workOnAll(list, options);
  const good = reports.filter(({ isGood }) => isGood).length;
  const walks = reports.reduce((all, one) => all + one.walks, 0);
  if (options.mutants) print(`${good} of ${reports.length} mutants found`);
  else print(`${walks} interleavings, ${reports.length - good} broken`);
  return good === reports.length ? 0 : 1;
}

const wholeNumber = (text: string) => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
};

const program = new Command('check:protocols')
  .description('explores the interleavings of the real code: every one within bounds, or random walks beyond')
  .option('--seed <n>', 'the first seed of random walks', wholeNumber, 1)
  .option('--minutes <n>', 'random walks for this long, each case', wholeNumber)
  .option('--limit <n>', 'cuts a case off after this many interleavings', wholeNumber, MAX_WALKS)
  .option('--mutants', 'plants faults instead, each of which must be found')
  .option('--part <list:place>', 'one part, for the child processes')
  .parse();

const options = program.opts<CheckOptions>();
const [list, place] = options.part?.split(':') ?? [];
if (list && place) {
  const done = await workOn(list as List, Number(place), options);
  process.send?.(done, () => process.exit(0));
} else process.exitCode = await check(options);
