import { type FaultCase, type FaultRun, refuse, type Scale } from '../harness/plan.ts';
import { pick, type Random } from '../harness/random.ts';
import { documentsIn, linesOf, prepare, runImport, withFile } from './command.ts';
import { followupRows, type ImportRows, visitRows } from './rows.ts';

/** The lines that are spoilt, counted from 1. */
const FAULTY_LINES = [17, 4_711] as const;
const VISITS: Record<Scale, number> = { sample: 5_000, full: 100_000 };
const FOLLOWUPS = 5_000;

/** A line that is spoilt, and what is told of it. */
type Spoilt = (line: Record<string, unknown>) => [text: string, told: string];

const changed =
  (fields: Record<string, unknown>, told: string): Spoilt =>
  (line) => [JSON.stringify({ ...line, ...fields }), told];

const SPOILT_EVERYWHERE: readonly [Spoilt, ...Spoilt[]] = [
  (line) => [JSON.stringify(line).slice(0, -1), 'is no JSON object'],
  (line) => [`[${JSON.stringify(line)}]`, 'is no JSON object'],
  changed({ colour: 'blue' }, 'colour: no such field; legal: '),
];
const SPOILT: Record<string, readonly [Spoilt, ...Spoilt[]]> = {
  visits: [
    ...SPOILT_EVERYWHERE,
    changed(
      { start_time: '15/01/2024 14:30' },
      'start_time "15/01/2024 14:30": must be an instant with its offset',
    ),
    changed(
      { end_time: '2024-01-01T00:00:00Z' },
      'end_time "2024-01-01T00:00:00Z": must not be before start_time',
    ),
    changed({ path: undefined }, 'path is missing'),
  ],
  followups: [
    ...SPOILT_EVERYWHERE,
    changed({ amount_due: 'free' }, 'amount_due "free": must be an amount'),
    changed({ level: 2 }, 'last_sent_at is missing: must be given where level is above 0'),
    changed({ source_id: 'inv-3' }, 'is about the same document as line 4'),
  ],
};

/** Refuses a file with two spoilt lines, names both with their reason, and has written nothing. */
async function refusesSpoilt(run: FaultRun, rows: ImportRows, count: number): Promise<void> {
  const { stage, random } = run;
  await prepare(stage);
  const lines = linesOf(rows, count);
  const told = FAULTY_LINES.map((number) => {
    const [text, message] = spoil(rows, number - 1, random);
    lines[number - 1] = text;
    return { line: number, message };
  });
  const { code, report } = await withFile(run, rows.kind, lines, (file) => runImport(rows.kind, file, stage));
  const left = await documentsIn(stage, rows.collection);
  const isTold =
    report.faults.length === told.length &&
    told.every(({ line, message }, index) => {
      const fault = report.faults[index];
      return fault?.line === line && fault.message.includes(message);
    });
  refuse([
    ...(code === 1 && report.lines === count ? [] : [`answer: exit ${code} after ${report.lines} lines`]),
    ...(isTold ? [] : [`told: ${JSON.stringify(report.faults)}; right: ${JSON.stringify(told)}`]),
    ...(left === 0 ? [] : [`written: ${left} documents of a file with faults`]),
  ]);
}

const spoil = (rows: ImportRows, index: number, random: Random) =>
  pick(random, SPOILT[rows.kind] ?? SPOILT_EVERYWHERE)(rows.line(index));

/** Faults in two lines of a large file; see the claim. */
export const faultyLines: FaultCase = {
  name: 'faulty-lines',
  claim: `an import names each of two spoilt lines, ${FAULTY_LINES.join(' and ')}, by its number and reason, and writes nothing`,
  runs: { sample: 1, full: 6 },
  async once(run) {
    const count = VISITS[run.scale];
    await refusesSpoilt(run, visitRows, count);
    await refusesSpoilt(run, followupRows, FOLLOWUPS);
    return { visits: count, followups: FOLLOWUPS, faults: 2 * FAULTY_LINES.length };
  },
};
