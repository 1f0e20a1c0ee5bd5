import { settleUnknown } from '../../../shared/domains/followups/settle.ts';
import type { FaultPoint } from '../../support/smtp-faults.ts';
import type { ClockedProcess } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { killAt, killPoint, type WorkSize } from '../harness/kill.ts';
import { type FaultCase, type FaultRun, type Figures, type RunScale, refuse } from '../harness/plan.ts';
import { between, pick } from '../harness/random.ts';
import { Campaign, type FollowupEnd, findWrongAnswer, findWrongEnd } from './campaign.ts';

const ITEMS: Record<RunScale, number> = { sample: 30, full: 50 };
const POINTS = [
  'greeting',
  'ehlo',
  'mail',
  'rcpt',
  'data',
  'body',
  'dot',
  'answer',
] as const satisfies readonly FaultPoint[];

let measured: Promise<WorkSize> | undefined;

/** Measures an undisturbed run, once per process. */
async function measure(run: FaultRun): Promise<WorkSize> {
  const campaign = await Campaign.begin(run.stage, ITEMS[run.scale]);
  const child = await campaign.start(campaign.relay.port, run.stage.tapped);
  try {
    run.stage.tap.reset();
    const answer = await deliver(child.url, run.stage, { occurrence: null });
    refuse(findWrongAnswer(answer));
    return { ms: answer?.ms ?? 0, chunks: run.stage.tap.sent() };
  } finally {
    await child.kill();
    await campaign.stop();
  }
}

/** Kills a run at a seeded point: after a time, at a write to a store, or at a point of a mail dialogue. */
async function killedRun(campaign: Campaign, run: FaultRun, whole: WorkSize): Promise<void> {
  const { stage, random } = run;
  const child = await campaign.start(campaign.relay.port, stage.tapped);
  const inDialogue = random() < 0.5;
  const callOff = inDialogue
    ? inDialogueKill(campaign, run, whole, child)
    : killAt(killPoint(random), whole, stage.tap, child);
  await deliver(child.url, stage, { occurrence: null });
  await child.kill();
  callOff();
}

function inDialogueKill(
  { relay }: Campaign,
  { random }: FaultRun,
  { ms }: WorkSize,
  child: ClockedProcess,
): () => void {
  const at = pick(random, POINTS);
  const timer = setTimeout(
    () => {
      relay.struck().then(() => child.kill());
      relay.fault = { at, how: 'hang' };
    },
    between(random, 0, ms),
  );
  return () => {
    clearTimeout(timer);
    relay.fault = null;
  };
}

/** Settles uncertain mails like a person who looks for each mail. Then every customer must have exactly one. */
async function settleByHand(campaign: Campaign, unknown: readonly FollowupEnd[]): Promise<string[]> {
  const store = campaign.stage.store();
  const context = { store, now: campaign.now, decider: { runId: null, by: 'a person' } };
  for (const { id, mails } of unknown)
    if (!(await settleUnknown(context, id, mails === 1 ? 'sent' : 'not_sent', 'looked in the mailbox')))
      return [`wrong: ${id} is unknown and cannot be settled`];
  await campaign.skipClaims();
  await campaign.settle();
  const fates = await campaign.readEnds();
  return fates.flatMap((fate) =>
    fate.mails === 1 && fate.state === 'sent' ? findWrongEnd(fate) : [`lost: ${fate.id} after settling`],
  );
}

/** SIGKILL at seeded points of stores and dialogues. A person settles the uncertain mails. */
export const killAndSettle: FaultCase = {
  name: 'kill-and-settle',
  claim:
    'a run that is killed loses no mail, sends none twice, and is in doubt only about those that were on their way',
  runs: { sample: 2, full: 100 },
  async once(run): Promise<Figures> {
    measured ??= measure(run);
    const whole = await measured;
    const campaign = await Campaign.begin(run.stage, ITEMS[run.scale]);
    try {
      const kills = 1 + Math.floor(run.random() * 3);
      for (let index = 0; index < kills; index += 1) {
        await killedRun(campaign, run, whole);
        await campaign.skipClaims();
      }
      await campaign.settle();
      const fates = await campaign.readEnds();
      const unknown = fates.filter(({ state }) => state === 'unknown');
      refuse(fates.flatMap(findWrongEnd));
      refuse(await settleByHand(campaign, unknown));
      const arrived = unknown.filter(({ mails }) => mails === 1).length;
      return { kills, mails: fates.length, unknown: unknown.length, 'of them arrived': arrived };
    } finally {
      await campaign.stop();
    }
  },
};
