import { parseArgs } from 'node:util';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { ScheduleError } from '../scheduler/parse.ts';
import { makePlan } from './plan.ts';

const NEEDED = { type: 'string' } as const;

/**
 * What deploy.sh is to do, for bash: a record per line, its fields separated by tabs. Reads the environment and
 * .env.production. Faults go to stderr and end with 1; with --lenient they are only told.
 */
function main(): number {
  loadDotEnv('.env.production');
  const { values } = parseArgs({
    options: {
      project: NEEDED,
      number: NEEDED,
      region: NEEDED,
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
  const told = [...records, ...faults.map((fault) => ['fault', fault])];
  process.stdout.write(told.map((fields) => `${fields.join('\t')}\n`).join(''));
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  // The operator's mistakes are told in a line; anything else is a bug, with its stack.
  const mistake = error instanceof ScheduleError || /^--only|^Unknown option/.test(error.message);
  process.stderr.write(`${mistake ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
