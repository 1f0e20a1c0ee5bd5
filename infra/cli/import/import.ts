import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../../shared/doors/clock.ts';
import { loadStoreConfig } from '../../../shared/doors/config.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { requireCredentials } from '../../credentials.ts';
import { findPatient } from '../doctor/patient.ts';
import { IMPORT_HELP } from '../help.ts';
import { type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { importKinds } from './kinds.ts';
import { type ImportReport, importFile } from './run.ts';

interface ImportFlags {
  dryRun?: true;
  skipFaulty?: true;
  json?: true;
}

const KINDS = Object.keys(importKinds);

/** Adds `ronde import KIND FILE.jsonl`: imports the data of the previous system. */
export function addImport(program: Command, terminal: Terminal): void {
  program
    .command('import <kind> <file>')
    .description(
      `import the data of the previous system, one JSON object per line; kinds: ${KINDS.join(', ')}`,
    )
    .addHelpText('after', IMPORT_HELP)
    .option('--dry-run', 'check every line and report what would be created; writes nothing')
    .option('--skip-faulty', 'write the good lines even if others have faults')
    .option('--json', 'print the result as JSON')
    .action(async (kind: string, file: string, flags: ImportFlags) =>
      terminal.exit(await runImport(kind, file, flags, terminal)),
    );
}

async function runImport(
  kind: string,
  file: string,
  flags: ImportFlags,
  { print }: Terminal,
): Promise<number> {
  const open = Object.hasOwn(importKinds, kind) ? importKinds[kind] : undefined;
  if (!open) throw new UsageError(`There is no kind ${JSON.stringify(kind)}; there are ${KINDS.join(', ')}.`);
  if (!existsSync(file))
    throw new UsageError(`${file} does not exist; give a file with one JSON object per line.`);
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
    else for (const line of describeReport(report, dryRun, options.skipFaulty)) print(toPrintable(line));
    return report.faults.length > 0 && !options.skipFaulty ? 1 : 0;
  } finally {
    await store.terminate();
  }
}

function describeReport(report: ImportReport, dryRun: boolean, skipFaulty: boolean): string[] {
  const { lines, faults, created, existing, filled, notes } = report;
  const lineTexts = faults.map(({ line, message }) => `line ${line}: ${message}`);
  const faulty = new Set(faults.map(({ line }) => line)).size;
  if (faulty > 0 && !skipFaulty)
    lineTexts.push(
      `${faulty} of ${lines} lines have faults: nothing was written. Correct them, or skip them with --skip-faulty.`,
    );
  else if (faulty > 0) lineTexts.push(`${faulty} of ${lines} lines have faults and are skipped.`);
  if (faulty > 0 && !skipFaulty && !dryRun) return lineTexts;
  const [createdText, filledText] = dryRun
    ? ['would be created', 'would get the fields they lack']
    : ['created', 'got the fields they lacked'];
  const parts = [
    `${created} ${createdText}`,
    `${existing} exist already and stay unchanged`,
    ...(filled > 0 ? [`${filled} ${filledText}`] : []),
  ];
  return [...lineTexts, ...notes, `${lines} lines: ${parts.join(', ')}`];
}
