import { AHEAD } from '../harness/clock-ahead.ts';
import { killAt, killPoint, type WorkSize } from '../harness/kill.ts';
import { type FaultCase, type FaultRun, type RunScale, refuse } from '../harness/plan.ts';
import { pick } from '../harness/random.ts';
import { MailboxTrial } from './mailbox-trial.ts';

const MAILS: Record<RunScale, number> = { sample: 300, full: 3_000 };
/** Each kill comes within this share of a whole first sync. */
const KILLED_WITHIN: Record<RunScale, number> = { sample: 0.5, full: 0.25 };
/** Full scale needs about twenty kills. The limit lets the other cases run if a mailbox never gets complete. */
const MAX_KILLS: Record<RunScale, number> = { sample: 3, full: 60 };
const HOUR_MS = 3_600_000;

let measured: Promise<WorkSize> | undefined;

/** Measures an undisturbed first sync, once per process. */
async function measure(run: FaultRun): Promise<WorkSize> {
  const trial = await MailboxTrial.begin(run, MAILS[run.scale]);
  run.stage.tap.reset();
  const answer = await trial.runTask(run.stage.tapped);
  return { ms: answer?.ms ?? 0, chunks: run.stage.tap.sent() };
}

/** Kills a run at a seeded point. Returns if it died before it answered, and the number of stored messages. */
async function killOnce(trial: MailboxTrial, { random, stage }: FaultRun, within: WorkSize) {
  const point = killPoint(random);
  const answer = await trial.runTask(stage.tapped, (child) => killAt(point, within, stage.tap, child));
  const stored = await trial.judgeMidway();
  await trial.expireLeases();
  return { midRun: answer === null, stored };
}

/**
 * Kills the deployed bundle by SIGKILL at random points of a first sync until all messages are stored. Every run
 * after the first continues where a killed one stopped.
 */
export const kill: FaultCase = {
  name: 'kill',
  claim: 'a killed first sync loses no message, stores none twice, and its cursor is never ahead',
  runs: { sample: 1, full: 6 },
  async once(run) {
    measured ??= measure(run);
    const { ms, chunks } = await measured;
    const share = KILLED_WITHIN[run.scale];
    const within = { ms: ms * share, chunks: chunks * share };
    const trial = await MailboxTrial.begin(run, MAILS[run.scale]);
    let [kills, midRun, stored] = [0, 0, 0];
    while (stored < trial.count && kills < MAX_KILLS[run.scale]) {
      const after = await killOnce(trial, run, within);
      kills += 1;
      midRun += after.midRun ? 1 : 0;
      stored = after.stored;
    }
    await trial.settle();
    return { kills, 'in mid-run': midRun, messages: trial.count };
  },
};

/** Several processes at one mailbox without any lease, since Redis is out of reach. */
export const overlap: FaultCase = {
  name: 'overlap',
  claim: 'syncs of one mailbox that overlap without a lease store each message once',
  runs: { sample: 1, full: 20 },
  async once(run) {
    const trial = await MailboxTrial.begin(run, MAILS[run.scale]);
    const alone = { ...run.stage.environment, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' };
    const answers = await Promise.all([1, 2, 3].map(() => trial.runTask(alone)));
    refuse(
      answers.flatMap((answer) =>
        answer?.status === 200 ? [] : [`answer: ${JSON.stringify(answer?.body)}`],
      ),
    );
    await trial.judgeMidway();
    await trial.settle();
    return { syncs: answers.length, messages: trial.count };
  },
};

/** Does what the product never does: deletes the cursor or writes nonsense into it. */
async function damageCursor(trial: MailboxTrial, { random }: FaultRun): Promise<void> {
  const ref = trial.cursor();
  const kind = pick(random, ['deleted', 'nonsense', 'below zero', 'another number'] as const);
  if (!(await ref.get()).exists) return;
  if (kind === 'deleted') await ref.delete();
  else if (kind === 'nonsense') await ref.update({ uids: 'nonsense' });
  else if (kind === 'below zero') await ref.update({ last_uid: -5, backfill_uid: Number.NaN });
  else await ref.update({ uid_validity: '0', highest_modseq: 7 });
}

/** Deletes or damages the cursor between runs that are cut short, with clocks that disagree by hours. */
export const cursor: FaultCase = {
  name: 'cursor',
  claim: 'a deleted or damaged cursor and jumping clocks lose and double no message',
  runs: { sample: 1, full: 20 },
  async once(run) {
    measured ??= measure(run);
    const whole = await measured;
    const trial = await MailboxTrial.begin(run, MAILS[run.scale]);
    const harms = 3;
    for (let index = 0; index < harms; index += 1) {
      const byMs = Math.round((run.random() * 2 - 1) * 6 * HOUR_MS);
      const point = killPoint(run.random);
      const jumped = {
        ...run.stage.tapped,
        NODE_OPTIONS: `--import=${AHEAD}`,
        CLOCK_AHEAD_MS: String(byMs),
      };
      await trial.runTask(jumped, (child) => killAt(point, whole, run.stage.tap, child));
      await trial.expireLeases();
      await damageCursor(trial, run);
    }
    await trial.settle();
    return { harms, messages: trial.count };
  },
};
