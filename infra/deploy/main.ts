import { parseArgs } from 'node:util';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { ScheduleError } from '../scheduler/parse.ts';
import { makePlan } from './plan.ts';

const REQUIRED = { type: 'string' } as const;

/**
 * Prints the plan of deploy.sh for bash: a record per line, its fields separated by tabs. Reads the environment and
 * .env.production. Faults go to stderr and end with 1; with --lenient they end with 0 and are records too.
 */
function main(): number {
  loadDotEnv('.env.production');
  const { values } = parseArgs({
    options: {
      project: REQUIRED,
      number: REQUIRED,
      region: REQUIRED,
      only: { type: 'string' },
      operator: { type: 'string' },
      closed: { type: 'boolean' },
      lenient: { type: 'boolean' },
    },
  });
  const { project = '', number = '', region = '', only, operator, closed, lenient } = values;
  const options = { project, number, region, only: only?.split(','), operator, open: !closed };
  const { records, faults } = makePlan(options, process.env);
  for (const fault of faults) process.stderr.write(`${lenient ? 'would stop here: ' : ''}${fault}\n`);
  if (faults.length > 0 && !lenient) return 1;
  const lines = [...records, ...faults.map((fault) => ['fault', fault])];
  process.stdout.write(lines.map((fields) => `${fields.join('\t')}\n`).join(''));
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  // A mistake of the operator is printed in a line; anything else is a bug and shows its stack.
  const isMistake = error instanceof ScheduleError || /^--only|^Unknown option/.test(error.message);
  process.stderr.write(`${isMistake ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
