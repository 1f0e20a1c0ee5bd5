import { startFunction } from './function-process.ts';
import { deliver } from './harness/delivery.ts';
import {
  type FaultCase,
  type FaultPlan,
  type FaultRun,
  type Figures,
  type RunScale,
  refuse,
} from './harness/plan.ts';
import { between } from './harness/random.ts';
import type { FaultStage } from './harness/stage.ts';
import { documentsIn, killImport, linesOf, prepare, runImport, withFile } from './import/command.ts';
import { faultyLines } from './import/faulty-lines.ts';
import { changeOneVisit, followupRows, type ImportRows, visitRows } from './import/rows.ts';

const MAILER = 'process-followups';
const VISITS: Record<RunScale, number> = { sample: 5_000, full: 100_000 };
const FOLLOWUPS: Record<RunScale, number> = { sample: 2_000, full: 5_000 };
/** Limits of the share of documents after which an import is killed. Writes in transit may exceed it. */
const [LEAST_SHARE, MOST_SHARE] = [0.02, 0.8];
/** An import that ended before its kill proves nothing and is repeated with another draw. */
const DRAWS = 5;

/** Kills an import while it writes. Returns the number of documents it has written. */
async function killMidway(run: FaultRun, rows: ImportRows, file: string, count: number): Promise<number> {
  const { stage, random } = run;
  for (let draw = 1; draw <= DRAWS; draw += 1) {
    await prepare(stage);
    const written = Math.ceil(between(random, LEAST_SHARE, MOST_SHARE) * count);
    const kill = { collection: rows.collection, written, arrives: random() < 0.5 };
    const left = await killImport(rows.kind, file, stage, kill);
    if (left > 0 && left < count) return left;
  }
  throw new Error(`none of ${DRAWS} imports of ${rows.kind} was killed before its end`);
}

/** Kills an import midway, lets the running system continue, runs the import again and judges the result. */
async function killAndRepeat(
  run: FaultRun,
  rows: ImportRows,
  count: number,
  betweenRuns: (stage: FaultStage) => Promise<void>,
): Promise<Figures> {
  const { stage } = run;
  return await withFile(run, rows.kind, linesOf(rows, count), async (file) => {
    const left = await killMidway(run, rows, file, count);
    await betweenRuns(stage);
    const there = await documentsIn(stage, rows.collection);
    const { code, report } = await runImport(rows.kind, file, stage);
    const wrong = await rows.wrong(stage, count);
    if (code !== 0) wrong.push(`again: the second import ended with ${code}`);
    if (report.existing !== there || report.created !== count - there)
      wrong.push(
        `reported: ${report.created} created, ${report.existing} existing; ${count - there} and ${there} are right`,
      );
    if (stage.smtp.mails().length > 0) wrong.push(`mailed: ${stage.smtp.mails().length} mails`);
    refuse(wrong);
    return { kills: 1, 'in mid-run': 1, 'written before the kill': left, [rows.kind]: count };
  });
}

/** Sends due reminders after the import, with the organisation's automatic follow-ups on. */
async function remind(run: FaultRun): Promise<void> {
  const child = await startFunction(MAILER, run.bundles, run.stage.environment);
  try {
    const answer = await deliver(child.url, run.stage, { occurrence: null });
    const mails = run.stage.smtp.mails().length;
    if (answer?.status !== 200) refuse([`answer: ${answer?.status} of ${MAILER}`]);
    if (mails > 0) refuse([`mailed: ${mails} mails went out for imported follow-ups`]);
  } finally {
    await child.kill();
  }
}

const visits: FaultCase = {
  name: 'visits',
  claim: 'an import of visits that is killed and run again creates each once and keeps changes in between',
  runs: { sample: 1, full: 3 },
  once: (run) => killAndRepeat(run, visitRows, VISITS[run.scale], changeOneVisit),
};

const followups: FaultCase = {
  name: 'followups',
  claim: 'an import of follow-ups that is killed and run again creates each once and mails none',
  runs: { sample: 1, full: 10 },
  async once(run) {
    const figures = await killAndRepeat(run, followupRows, FOLLOWUPS[run.scale], () => remind(run));
    await remind(run);
    return figures;
  },
};

/** The promises of `ronde import`: nothing lost, nothing twice, nothing mailed, however it ends. */
export const imports: FaultPlan = {
  name: 'import',
  functions: [MAILER],
  cases: [visits, followups, faultyLines],
};
