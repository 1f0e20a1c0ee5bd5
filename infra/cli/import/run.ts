import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Firestore } from '@google-cloud/firestore';
import { type Clock, stopwatch } from '../../../shared/doors/clock.ts';
import type { ImportContext, ImportKind, Row } from '../../../shared/doors/import/kind.ts';
import { foreseeRows, type Written, writeRows } from '../../../shared/doors/import/write.ts';
import { rampUp } from '../../../shared/doors/store/ramp.ts';
import { openProgressBar } from '../progress.ts';
import { type LineFault, readChunks } from './check.ts';

/** Parallel commits. More do not speed up the emulator, and the ramp bounds Google's Firestore anyway. */
const IN_FLIGHT = 4;

export interface ImportOptions {
  file: string;
  dryRun: boolean;
  skipFaulty: boolean;
  /** Keeps writes to Firestore's recommended rates (see rampUp); an emulator needs no bound. */
  ramp: boolean;
}

export interface ImportReport extends Written {
  lines: number;
  faults: LineFault[];
  /** Other effects, as sentences. */
  notes: string[];
  /** False if faults prevented writing. */
  written: boolean;
}

/** Checks every line of the file. Without faults, reads the file again and writes. */
export async function importFile(
  store: Firestore,
  open: (context: ImportContext) => ImportKind,
  clock: Clock,
  options: ImportOptions,
): Promise<ImportReport> {
  const kind = open({ store, now: clock() });
  const report: ImportReport = {
    lines: 0,
    faults: [],
    notes: [],
    written: false,
    created: 0,
    filled: 0,
    existing: 0,
  };
  await checkFile(store, kind, options, report);
  if (report.faults.length > 0 && !options.skipFaulty) return report;
  report.notes = (await kind.before?.(options.dryRun)) ?? [];
  if (options.dryRun) return report;
  report.written = true;
  await writeFile(store, kind, options, report);
  return report;
}

async function checkFile(
  store: Firestore,
  kind: ImportKind,
  { file, dryRun }: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const size = Math.max(1, statSync(file).size);
  const bar = openProgressBar('check');
  for await (const { rows, faults, lines, bytes } of readChunks(file, kind)) {
    for (const fault of faults) report.faults.push(fault);
    report.lines = lines;
    if (dryRun) addCounts(report, await foreseeRows(store, rows));
    bar.at(
      bytes / size,
      `${lines} lines${report.faults.length > 0 ? `, ${report.faults.length} faults` : ''}`,
    );
  }
  bar.clear();
}

async function writeFile(
  store: Firestore,
  kind: ImportKind,
  { file, ramp, skipFaulty }: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const bar = openProgressBar('write');
  const elapsed = stopwatch();
  const pending = new Set<Promise<void>>();
  let sent = 0;
  let failure: unknown;
  const send = async (rows: readonly Row[]) => {
    try {
      addCounts(report, await writeRows(store, rows));
    } catch (error) {
      failure ??= error;
    }
  };
  for await (const { rows, faults, lines } of readChunks(file, kind)) {
    if (faults[0] && !skipFaulty)
      failure ??= new Error(
        `Line ${faults[0].line} ${faults[0].message}: the file has changed since the check; do not edit it during an import.`,
      );
    if (ramp) await sleep(Math.max(0, rampUp(sent) - elapsed()));
    while (pending.size >= IN_FLIGHT) await Promise.race(pending);
    if (failure !== undefined) break;
    sent += rows.length;
    const one: Promise<void> = send(rows).finally(() => pending.delete(one));
    pending.add(one);
    bar.at(lines / report.lines, `${lines} of ${report.lines}, ${Math.round((sent * 1000) / elapsed())}/s`);
  }
  await Promise.all(pending);
  bar.clear();
  if (failure === undefined) return;
  const reason = failure instanceof Error ? failure.message : String(failure);
  throw new Error(
    `${reason}\n${report.created} documents were written before; run the same command again to continue.`,
    { cause: failure },
  );
}

function addCounts(report: Written, { created, filled, existing }: Written): void {
  report.created += created;
  report.filled += filled;
  report.existing += existing;
}
