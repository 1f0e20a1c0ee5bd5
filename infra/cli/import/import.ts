import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../../shared/doors/clock.ts';
import { loadStoreConfig } from '../../../shared/doors/config.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { requireCredentials } from '../../credentials.ts';
import { findPatient } from '../doctor/patient.ts';
import { IMPORT_HELP } from '../help.ts';
import { UsageError } from '../run-task.ts';
import { printable, type Terminal } from '../terminal.ts';
import { importKinds } from './kinds.ts';
import { type ImportReport, importFile } from './run.ts';

interface Flags {
  dryRun?: true;
  skipFaulty?: true;
  json?: true;
}

const KINDS = Object.keys(importKinds);

/** `ronde import KIND FILE.jsonl`: brings in what the system before had. */
export function addImport(program: Command, terminal: Terminal): void {
  program
    .command('import <kind> <file>')
    .description(`bring in what the system before had, one JSON object per line; kinds: ${KINDS.join(', ')}`)
    .addHelpText('after', IMPORT_HELP)
    .option('--dry-run', 'check every line and say what would be made; nothing is written')
    .option('--skip-faulty', 'write the good lines although others have faults')
    .option('--json', 'print the result as JSON')
    .action(async (kind: string, file: string, flags: Flags) =>
      terminal.exit(await runImport(kind, file, flags, terminal)),
    );
}

async function runImport(kind: string, file: string, flags: Flags, { print }: Terminal): Promise<number> {
  const open = Object.hasOwn(importKinds, kind) ? importKinds[kind] : undefined;
  if (!open) throw new UsageError(`There is no kind ${JSON.stringify(kind)}; there are ${KINDS.join(', ')}.`);
  if (!existsSync(file))
    throw new UsageError(`${file} is not there; give a file with one JSON object per line.`);
  const patient = findPatient();
  const config = loadStoreConfig(patient.environment);
  const { emulatorHost, database } = config.firestore;
  process.stderr.write(`${kind} into ${database} of ${config.project} (${emulatorHost ?? 'Google Cloud'})\n`);
  await requireCredentials(emulatorHost);
  const store = openStore(config);
  const dryRun = flags.dryRun ?? false;
  const options = { file, dryRun, skipFaulty: flags.skipFaulty ?? false, ramp: emulatorHost === undefined };
  try {
    const report = await importFile(store, open, systemClock, options);
    if (flags.json) print(JSON.stringify({ kind, file, dry_run: dryRun, ...report }, null, 2));
    else for (const line of linesOf(report, dryRun, options.skipFaulty)) print(printable(line));
    return report.faults.length > 0 && !options.skipFaulty ? 1 : 0;
  } finally {
    await store.terminate();
  }
}

function linesOf(report: ImportReport, dryRun: boolean, skipFaulty: boolean): string[] {
  const { lines, faults, created, existing, filled, notes } = report;
  const told = faults.map(({ line, message }) => `line ${line}: ${message}`);
  const faulty = new Set(faults.map(({ line }) => line)).size;
  if (faulty > 0 && !skipFaulty)
    told.push(
      `${faulty} of ${lines} lines have faults: nothing was written. Correct them, or leave them out with --skip-faulty.`,
    );
  else if (faulty > 0) told.push(`${faulty} of ${lines} lines have faults and are left out.`);
  if (faulty > 0 && !skipFaulty && !dryRun) return told;
  const [made, there] = dryRun
    ? ['would be made', 'would be given fields they lack']
    : ['made', 'given fields they lacked'];
  const parts = [
    `${created} ${made}`,
    `${existing} there already and left as they are`,
    ...(filled > 0 ? [`${filled} ${there}`] : []),
  ];
  return [...told, ...notes, `${lines} lines: ${parts.join(', ')}`];
}
