import type { DocumentSnapshot } from '@google-cloud/firestore';
import { type LocalSmtp, startSmtp } from '../../infra/local/smtp.ts';
import { systemClock } from '../../shared/clock.ts';
import { newMeter } from '../../shared/cost.ts';
import { settleUnknown } from '../../shared/followups/settle.ts';
import { CLAIM_LEASE_MS } from '../../shared/mail/claims.ts';
import { seed } from '../support/documents.ts';
import { followupFields, settingsFields, stamp } from '../support/followups.ts';
import { type FaultPoint, type SmtpFaults, startSmtpFaults } from '../support/smtp-faults.ts';
import { type ClockedProcess, startClockedFunction } from './function-process.ts';
import { type Answer, deliver } from './harness/delivery.ts';
import { killAt, killPoint, type Measure } from './harness/kill.ts';
import {
  type FaultCase,
  type FaultPlan,
  type FaultRun,
  type Figures,
  refuse,
  type Scale,
  Violation,
} from './harness/plan.ts';
import { between, pick } from './harness/random.ts';
import type { Stage } from './harness/stage.ts';

const NAME = 'process-followups';
const ITEMS: Record<Scale, number> = { sample: 30, full: 50 };
/** After this long a killed run's lease and the claims it had not begun are gone. */
const LATER_MS = CLAIM_LEASE_MS + 1_000;
/** A killed run needs one that takes over, and one that finds nothing left. */
const MAX_ROUNDS = 6;
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

/** One follow-up's end: how many mails arrived, its record's state, and whether a person is asked. */
interface Fate {
  id: string;
  mails: number;
  state: string | undefined;
  level: number;
  parked: string | null;
}

/** One run of the case: its mail server, the relay before it, and a clock that goes forward from kill to kill. */
class Campaign {
  readonly stage: Stage;
  readonly smtp: LocalSmtp;
  readonly relay: SmtpFaults;
  readonly ids: readonly string[];
  now = systemClock();

  private constructor(stage: Stage, smtp: LocalSmtp, relay: SmtpFaults, ids: readonly string[]) {
    this.stage = stage;
    this.smtp = smtp;
    this.relay = relay;
    this.ids = ids;
  }

  static async begin({ stage, scale }: FaultRun): Promise<Campaign> {
    await stage.reset();
    const smtp = await startSmtp({ clock: systemClock });
    const relay = await startSmtpFaults(smtp);
    const ids = Array.from({ length: ITEMS[scale] }, (_, index) => `f-${index}`);
    const due = stamp(systemClock().getTime() - 3_600_000);
    const documents = ids.map((id): [string, object] => [
      id,
      followupFields({ customer: { name: id, email: `${id}@example.test` }, next_due_at: due }),
    ]);
    await seed(stage.store(), 'followups', new Map(documents));
    await stage.store().doc('billing_settings/org-1').set(settingsFields());
    return new Campaign(stage, smtp, relay, ids);
  }

  async start(port: number, environment = this.stage.environment): Promise<ClockedProcess> {
    const mail = { EMAIL_HOST: '127.0.0.1', EMAIL_PORT: String(port) };
    return await startClockedFunction(NAME, this.now, { ...environment, ...mail });
  }

  async later(): Promise<void> {
    this.now = new Date(this.now.getTime() + LATER_MS);
    await this.stage.redis.del(`lease:${NAME}`);
  }

  /** Runs again and again, each as much later as a claim lasts, until nothing is due. */
  async settle(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const child = await this.start(this.smtp.port);
      const answer = await deliver(child.url, this.stage, { occurrence: null }).finally(() => child.kill());
      if (answer?.outcome === 'nothing_to_do') return;
      refuse(wrongAnswer(answer));
      await this.later();
    }
    throw new Violation([`lost: something is still due after ${MAX_ROUNDS} rounds`]);
  }

  async fates(): Promise<Fate[]> {
    const arrived = new Map<string, number>();
    for (const { to } of this.smtp.mails()) arrived.set(to[0] ?? '', (arrived.get(to[0] ?? '') ?? 0) + 1);
    const store = this.stage.store();
    const refs = this.ids.flatMap((id) => [
      store.doc(`followups/${id}`),
      store.doc(`followups/${id}/sends/1`),
    ]);
    const docs = await store.getAll(...refs);
    return this.ids.map((id, index) => {
      const [followup, send] = docs.slice(index * 2) as [DocumentSnapshot, DocumentSnapshot];
      const mails = arrived.get(`${id}@example.test`) ?? 0;
      const level = followup.get('level') as number;
      return { id, mails, state: send.get('state'), level, parked: followup.get('parked')?.reason ?? null };
    });
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await this.smtp.stop();
  }
}

function wrongAnswer(answer: Answer | null): string[] {
  if (answer?.status !== 200) return [`answer: ${answer?.status} ${JSON.stringify(answer?.body)}`];
  const { candidates = 0, acted = 0, skipped = 0, failed = 0 } = answer.counts ?? {};
  return candidates === acted + skipped + failed
    ? []
    : [`counts: ${JSON.stringify(answer.counts)} do not add up`];
}

/** What a follow-up's end may not be. */
function faultOf({ id, mails, state, level, parked }: Fate): string[] {
  if (mails > 1) return [`twice: ${id} got ${mails} mails`];
  if (state === 'unknown')
    return level === 0 && parked === 'unknown_delivery'
      ? []
      : [`wrong: ${id} is unknown, at level ${level} and ${parked}`];
  if (state !== 'sent') return [`lost: ${id} has the state ${state}`];
  return mails === 1 && level === 1
    ? []
    : [`wrong: ${id} is sent, got ${mails} mails and is at level ${level}`];
}

let measured: Promise<Measure> | undefined;

/** What an undisturbed run takes; once per process. */
async function measure(run: FaultRun): Promise<Measure> {
  const campaign = await Campaign.begin(run);
  const child = await campaign.start(campaign.relay.port, run.stage.tapped);
  try {
    run.stage.tap.reset();
    const answer = await deliver(child.url, run.stage, { occurrence: null });
    refuse(wrongAnswer(answer));
    return { ms: answer?.ms ?? 0, chunks: run.stage.tap.sent() };
  } finally {
    await child.kill();
    await campaign.stop();
  }
}

/** Kills a run at a seeded point: after a time, at a write to a store, or while the mail server is at a point of a dialogue. */
async function killedRun(campaign: Campaign, run: FaultRun, whole: Measure): Promise<void> {
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
  { ms }: Measure,
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

/** A person looks whether the mail is there, and says so; then everybody has had exactly one. */
async function settleByHand(campaign: Campaign, unknown: readonly Fate[]): Promise<string[]> {
  const store = campaign.stage.store();
  const context = { store, meter: newMeter(), now: campaign.now, decider: { runId: null, by: 'a person' } };
  for (const { id, mails } of unknown)
    if (!(await settleUnknown(context, id, mails === 1 ? 'sent' : 'not_sent', 'looked in the mailbox')))
      return [`wrong: ${id} is unknown and cannot be settled`];
  await campaign.later();
  await campaign.settle();
  const fates = await campaign.fates();
  return fates.flatMap((fate) =>
    fate.mails === 1 && fate.state === 'sent' ? faultOf(fate) : [`lost: ${fate.id} after settling`],
  );
}

const kill: FaultCase = {
  name: 'kill',
  claim:
    'a run that is killed loses no mail, sends none twice, and is in doubt only about those that were on their way',
  runs: { sample: 3, full: 100 },
  async once(run): Promise<Figures> {
    measured ??= measure(run);
    const whole = await measured;
    const campaign = await Campaign.begin(run);
    try {
      const kills = 1 + Math.floor(run.random() * 3);
      for (let index = 0; index < kills; index += 1) {
        await killedRun(campaign, run, whole);
        await campaign.later();
      }
      await campaign.settle();
      const fates = await campaign.fates();
      const unknown = fates.filter(({ state }) => state === 'unknown');
      refuse(fates.flatMap(faultOf));
      refuse(await settleByHand(campaign, unknown));
      const arrived = unknown.filter(({ mails }) => mails === 1).length;
      return { kills, mails: fates.length, unknown: unknown.length, 'of them arrived': arrived };
    } finally {
      await campaign.stop();
    }
  },
};

/** The reminders: its own kinds of faults, since what a kill leaves in doubt is for a person to settle. */
export const processFollowups: FaultPlan = { name: NAME, functions: [NAME], cases: [kill] };
