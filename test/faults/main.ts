#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { type CaseReport, openGround, runCase } from './harness/campaign.ts';
import type { FaultCase, FaultPlan } from './harness/plan.ts';
import { type SummaryRow, summary } from './harness/summary.ts';
import { plans } from './plans.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const SECOND_MS = 1000;

interface FaultOptions {
  case?: string;
  runs?: number;
  sample?: true;
  seed: number;
}

const wholeNumber = (least: number) => (text: string) => {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
};

/** Finds the requested cases with their plans. Throws an error with all names if one does not exist. */
function choose(name: string | undefined, wanted: string | undefined): [FaultPlan, FaultCase][] {
  const chosen = name === undefined ? plans : plans.filter((plan) => plan.name === name);
  if (chosen.length === 0)
    throw new InvalidArgumentError(
      `There is no task "${name}"; legal: ${plans.map((plan) => plan.name).join(', ')}.`,
    );
  const all = chosen.flatMap((plan) => plan.cases.map((one): [FaultPlan, FaultCase] => [plan, one]));
  const cases = all.filter(([, one]) => wanted === undefined || one.name === wanted);
  if (cases.length > 0) return cases;
  const legal = [...new Set(all.map(([, one]) => one.name))].join(', ');
  throw new InvalidArgumentError(`There is no case "${wanted}"; legal: ${legal}.`);
}

function progressLine(plan: FaultPlan, one: FaultCase, done: number, report: CaseReport): string {
  const kills = report.figures['kills'];
  const parts = [
    `run ${done} of ${report.runs}`,
    ...(kills === undefined ? [] : [`${kills} kills`]),
    ...(report.failures.length === 0 ? [] : [`${report.failures.length} FAILED`]),
    `${(report.ms / SECOND_MS).toFixed(0)} s`,
  ];
  return `${plan.name} ${one.name}: ${parts.join(', ')}`;
}

async function campaign(cases: readonly [FaultPlan, FaultCase][], options: FaultOptions): Promise<number> {
  print(`${cases.length} case(s) from seed ${options.seed}`);
  const ground = await openGround(cases.map(([plan]) => plan));
  const rows: SummaryRow[] = [];
  try {
    print(`Firestore: ${ground.stage.firestoreEngine}`);
    if (ground.stage.firestoreEngine === 'embedded') {
      print(
        "Only Google's emulator judges faults; install Java and the gcloud component cloud-firestore-emulator",
      );
      return 1;
    }
    const scale = options.sample ? 'sample' : 'full';
    for (const [plan, one] of cases) {
      const report = await runCase(plan, one, ground, {
        runs: options.runs ?? one.runs[scale],
        seed: options.seed,
        scale,
        progress: (done, current) => print(progressLine(plan, one, done, current)),
      });
      for (const failure of report.failures) print(`VIOLATION ${failure}`);
      rows.push({ plan: plan.name, case: one.name, report });
    }
  } finally {
    await ground.stop();
  }
  print(`\n${summary(rows)}`);
  return rows.some(({ report }) => report.failures.length > 0) ? 1 : 0;
}

const program = new Command('faults')
  .description('injects every kind of fault into the functions, from a seed, and judges the result')
  .argument('[task]', `one of ${plans.map((plan) => plan.name).join(', ')}; all of them if absent`)
  .option('--case <name>', 'one case only, by its name in the summary')
  .option('--runs <n>', 'runs of each case, instead of its full count', wholeNumber(1))
  .option('--sample', 'the size that npm test takes')
  .option('--seed <s>', 'the seed of the first run; each later run adds 1', wholeNumber(0), 1)
  .exitOverride()
  .showHelpAfterError()
  .action(async (name: string | undefined, options: FaultOptions) => {
    process.exitCode = await campaign(choose(name, options.case), options);
  });

// Engines and functions of this process end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof InvalidArgumentError) process.stderr.write(`error: ${error.message}\n`);
  else if (!(error instanceof CommanderError))
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : 1;
}
