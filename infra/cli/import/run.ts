import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Firestore } from '@google-cloud/firestore';
import { type Clock, stopwatch } from '../../../shared/doors/clock.ts';
import type { ImportContext, ImportKind, Row } from '../../../shared/doors/import/kind.ts';
import { foreseeRows, type Written, writeRows } from '../../../shared/doors/import/write.ts';
import { rampUp } from '../../../shared/doors/store/ramp.ts';
import { progressBar } from '../progress.ts';
import { type Fault, readChunks } from './check.ts';

/** Commits under way at once. More make the emulator no faster, and Google's Firestore is held to the ramp anyway. */
const IN_FLIGHT = 4;

export interface ImportOptions {
  file: string;
  dryRun: boolean;
  skipFaulty: boolean;
  /** Google's Firestore is written to as fast as it likes (see rampUp); an emulator as fast as it can. */
  ramp: boolean;
}

export interface ImportReport extends Written {
  lines: number;
  faults: Fault[];
  /** What else was done, in sentences. */
  notes: string[];
  /** False where faults kept anything from being written. */
  written: boolean;
}

/** Reads the whole file and checks every line; then, unless there are faults, reads it again and writes. */
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
  await check(store, kind, options, report);
  if (report.faults.length > 0 && !options.skipFaulty) return report;
  report.notes = (await kind.before?.(options.dryRun)) ?? [];
  if (options.dryRun) return report;
  report.written = true;
  await write(store, kind, options, report);
  return report;
}

async function check(
  store: Firestore,
  kind: ImportKind,
  { file, dryRun }: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const size = Math.max(1, statSync(file).size);
  const bar = progressBar('check');
  for await (const { rows, faults, lines, bytes } of readChunks(file, kind)) {
    for (const fault of faults) report.faults.push(fault);
    report.lines = lines;
    if (dryRun) add(report, await foreseeRows(store, rows));
    bar.at(
      bytes / size,
      `${lines} lines${report.faults.length > 0 ? `, ${report.faults.length} faults` : ''}`,
    );
  }
  bar.clear();
}

async function write(
  store: Firestore,
  kind: ImportKind,
  { file, ramp, skipFaulty }: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const bar = progressBar('write');
  const elapsed = stopwatch();
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  let failure: unknown;
  const send = async (rows: readonly Row[]) => {
    try {
      add(report, await writeRows(store, rows));
    } catch (error) {
      failure ??= error;
    }
  };
  for await (const { rows, faults, lines } of readChunks(file, kind)) {
    if (faults[0] && !skipFaulty)
      failure ??= new Error(
        `Line ${faults[0].line} ${faults[0].message}: it was right a moment ago; leave the file alone.`,
      );
    if (ramp) await sleep(Math.max(0, rampUp(sent) - elapsed()));
    while (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
    if (failure !== undefined) break;
    sent += rows.length;
    const one: Promise<void> = send(rows).finally(() => underWay.delete(one));
    underWay.add(one);
    bar.at(lines / report.lines, `${lines} of ${report.lines}, ${Math.round((sent * 1000) / elapsed())}/s`);
  }
  await Promise.all(underWay);
  bar.clear();
  if (failure === undefined) return;
  const reason = failure instanceof Error ? failure.message : String(failure);
  throw new Error(
    `${reason}\n${report.created} documents were written before; run the same command again to go on.`,
    { cause: failure },
  );
}

function add(report: Written, { created, filled, existing }: Written): void {
  report.created += created;
  report.filled += filled;
  report.existing += existing;
}
