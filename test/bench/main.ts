import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Bench, type BenchReport, judge } from './bench.ts';
import { benches } from './benches.ts';
import { openLab } from './lab.ts';
import { table } from './table.ts';

const USAGE = `usage: npm run bench -- [name...] [--json] [--quick]; names: ${benches.map(({ name }) => name).join(', ')}`;

/** A mistake of the user, printed as one line without a stack. */
class BenchUsageError extends Error {}

interface Choice {
  chosen: readonly Bench[];
  json: boolean;
  quick: boolean;
}

function choose(args: string[]): Choice {
  let parsed: { values: { json?: boolean; quick?: boolean }; positionals: string[] };
  try {
    const options = { json: { type: 'boolean' }, quick: { type: 'boolean' } } as const;
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new BenchUsageError(`${(error as Error).message}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) throw new BenchUsageError(`there is no bench ${unknown.join(', ')}\n${USAGE}`);
  const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { chosen, json: values.json ?? false, quick: values.quick ?? false };
}

async function main(): Promise<void> {
  const { chosen, json, quick } = choose(process.argv.slice(2));
  const lab = await openLab(`.local/bench-${process.pid}`, {
    quick,
    progress: (line) => void process.stderr.write(`${line}\n`),
  });
  const reports: BenchReport[] = [];
  for (const bench of chosen) {
    const obstacle = bench.findObstacle?.() ?? null;
    if (obstacle !== null) {
      lab.progress(`${bench.name}: skipped, ${obstacle}`);
      continue;
    }
    lab.progress(`${bench.name}: ${bench.compares}`);
    const report = judge(bench, await bench.run(lab));
    reports.push(report);
    if (!json) process.stdout.write(`\n${table(report)}\n`);
  }
  if (json)
    process.stdout.write(`${JSON.stringify({ machine: machine(), quick, benches: reports }, null, 2)}\n`);
  else if (quick)
    process.stdout.write(
      '--quick only shows that the benches work; run them in full for reliable figures.\n',
    );
  if (!reports.every(({ met }) => met)) process.exitCode = 1;
}

function machine(): object {
  return { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? 'unknown', at: new Date() };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main().catch((error: unknown) => {
  const text = error instanceof BenchUsageError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${text}\n`);
  process.exitCode = 2;
});
