import { type FaultCase, type FaultRun, type RunScale, refuse } from '../harness/plan.ts';
import { pick, type Random } from '../harness/random.ts';
import { documentsIn, linesOf, prepare, runImport, withFile } from './command.ts';
import { followupRows, type ImportRows, visitRows } from './rows.ts';

/** The numbers of the faulty lines, counted from 1. */
const FAULTY_LINES = [17, 4_711] as const;
const VISITS: Record<RunScale, number> = { sample: 5_000, full: 100_000 };
const FOLLOWUPS = 5_000;

/** A faulty line and its expected message. */
type FaultyLine = (line: Record<string, unknown>) => [text: string, message: string];

const changeFields =
  (fields: Record<string, unknown>, message: string): FaultyLine =>
  (line) => [JSON.stringify({ ...line, ...fields }), message];

const FAULTS_OF_ALL: readonly [FaultyLine, ...FaultyLine[]] = [
  (line) => [JSON.stringify(line).slice(0, -1), 'is no JSON object'],
  (line) => [`[${JSON.stringify(line)}]`, 'is no JSON object'],
  changeFields({ colour: 'blue' }, 'colour: no such field; legal: '),
];
const FAULTS: Record<string, readonly [FaultyLine, ...FaultyLine[]]> = {
  visits: [
    ...FAULTS_OF_ALL,
    changeFields(
      { start_time: '15/01/2024 14:30' },
      'start_time "15/01/2024 14:30": must be an instant with its offset',
    ),
    changeFields(
      { end_time: '2024-01-01T00:00:00Z' },
      'end_time "2024-01-01T00:00:00Z": must not be before start_time',
    ),
    changeFields({ path: undefined }, 'path is missing'),
  ],
  followups: [
    ...FAULTS_OF_ALL,
    changeFields({ amount_due: 'free' }, 'amount_due "free": must be an amount'),
    changeFields({ level: 2 }, 'last_sent_at is missing: must be given where level is above 0'),
    changeFields({ source_id: 'inv-3' }, 'is about the same document as line 4'),
  ],
};

/**
 * Requires that the import rejects a file with two faulty lines, names both with their reasons, and writes nothing.
 */
async function rejectFaultyLines(run: FaultRun, rows: ImportRows, count: number): Promise<void> {
  const { stage, random } = run;
  await prepare(stage);
  const lines = linesOf(rows, count);
  const expected = FAULTY_LINES.map((number) => {
    const [text, message] = pickFault(rows, number - 1, random);
    lines[number - 1] = text;
    return { line: number, message };
  });
  const { code, report } = await withFile(run, rows.kind, lines, (file) => runImport(rows.kind, file, stage));
  const left = await documentsIn(stage, rows.collection);
  const isReported =
    report.faults.length === expected.length &&
    expected.every(({ line, message }, index) => {
      const fault = report.faults[index];
      return fault?.line === line && fault.message.includes(message);
    });
  refuse([
    ...(code === 1 && report.lines === count ? [] : [`answer: exit ${code} after ${report.lines} lines`]),
    ...(isReported ? [] : [`reported: ${JSON.stringify(report.faults)}; right: ${JSON.stringify(expected)}`]),
    ...(left === 0 ? [] : [`written: ${left} documents of a file with faults`]),
  ]);
}

const pickFault = (rows: ImportRows, index: number, random: Random) =>
  pick(random, FAULTS[rows.kind] ?? FAULTS_OF_ALL)(rows.line(index));

/** Two faulty lines in a large file. */
export const faultyLines: FaultCase = {
  name: 'faulty-lines',
  claim: `an import reports both faulty lines, ${FAULTY_LINES.join(' and ')}, with number and reason, and writes nothing`,
  runs: { sample: 1, full: 6 },
  async once(run) {
    const count = VISITS[run.scale];
    await rejectFaultyLines(run, visitRows, count);
    await rejectFaultyLines(run, followupRows, FOLLOWUPS);
    return { visits: count, followups: FOLLOWUPS, faults: 2 * FAULTY_LINES.length };
  },
};
