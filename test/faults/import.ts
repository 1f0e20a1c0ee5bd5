import { startFunction } from './function-process.ts';
import { deliver } from './harness/delivery.ts';
import {
  type FaultCase,
  type FaultPlan,
  type FaultRun,
  type Figures,
  refuse,
  type Scale,
} from './harness/plan.ts';
import { between } from './harness/random.ts';
import type { Stage } from './harness/stage.ts';
import { documentsIn, killImport, linesOf, prepare, runImport, withFile } from './import/command.ts';
import { faultyLines } from './import/faulty-lines.ts';
import { changeOneVisit, followupRows, type ImportRows, visitRows } from './import/rows.ts';

const MAILER = 'process-followups';
const VISITS: Record<Scale, number> = { sample: 5_000, full: 100_000 };
const FOLLOWUPS: Record<Scale, number> = { sample: 2_000, full: 5_000 };
/** An import is killed after so much of its documents, by this draw; what is sent at once may go beyond it. */
const [LEAST_SHARE, MOST_SHARE] = [0.02, 0.8];
/** An import that was done before it was killed proves nothing, and is done again with another draw. */
const DRAWS = 5;

/** Kills an import in the midst of its writing. Returns how many documents it had written. */
async function killedMidway(run: FaultRun, rows: ImportRows, file: string, count: number): Promise<number> {
  const { stage, random } = run;
  for (let draw = 1; draw <= DRAWS; draw += 1) {
    await prepare(stage);
    const written = Math.ceil(between(random, LEAST_SHARE, MOST_SHARE) * count);
    const kill = { collection: rows.collection, written, arrives: random() < 0.5 };
    const left = await killImport(rows.kind, file, stage, kill);
    if (left > 0 && left < count) return left;
  }
  throw new Error(`in ${DRAWS} draws no import of ${rows.kind} was killed before it was done`);
}

/** Kills an import midway, lets the running system go on, runs it again to the end and judges what is there. */
async function killedAndAgain(
  run: FaultRun,
  rows: ImportRows,
  count: number,
  meanwhile: (stage: Stage) => Promise<void>,
): Promise<Figures> {
  const { stage } = run;
  return await withFile(run, rows.kind, linesOf(rows, count), async (file) => {
    const left = await killedMidway(run, rows, file, count);
    await meanwhile(stage);
    const there = await documentsIn(stage, rows.collection);
    const { code, report } = await runImport(rows.kind, file, stage);
    const wrong = await rows.wrong(stage, count);
    if (code !== 0) wrong.push(`again: the second import ended with ${code}`);
    if (report.existing !== there || report.created !== count - there)
      wrong.push(
        `told: ${report.created} made, ${report.existing} there; ${count - there} and ${there} are right`,
      );
    if (stage.smtp.mails().length > 0) wrong.push(`mailed: ${stage.smtp.mails().length} mails`);
    refuse(wrong);
    return { kills: 1, 'in mid-run': 1, 'written before the kill': left, [rows.kind]: count };
  });
}

/** A round of reminders after the import; the organisation's automatic follow-ups are on. */
async function remind(run: FaultRun): Promise<void> {
  const child = await startFunction(MAILER, run.bundles, run.stage.environment);
  try {
    const answer = await deliver(child.url, run.stage, { occurrence: null });
    const mails = run.stage.smtp.mails().length;
    if (answer?.status !== 200) refuse([`answer: ${answer?.status} of ${MAILER}`]);
    if (mails > 0) refuse([`mailed: ${mails} mails went out for what was imported`]);
  } finally {
    await child.kill();
  }
}

const visits: FaultCase = {
  name: 'visits',
  claim:
    'an import of visits that is killed and run again brings in each once and leaves what changed meanwhile',
  runs: { sample: 1, full: 3 },
  once: (run) => killedAndAgain(run, visitRows, VISITS[run.scale], changeOneVisit),
};

const followups: FaultCase = {
  name: 'followups',
  claim: 'an import of follow-ups that is killed and run again brings in each once, and none is mailed',
  runs: { sample: 1, full: 10 },
  async once(run) {
    const figures = await killedAndAgain(run, followupRows, FOLLOWUPS[run.scale], () => remind(run));
    await remind(run);
    return figures;
  },
};

/** What `ronde import` promises: nothing lost, nothing twice, nothing mailed, whatever ends it. */
export const imports: FaultPlan = {
  name: 'import',
  functions: [MAILER],
  cases: [visits, followups, faultyLines],
};
