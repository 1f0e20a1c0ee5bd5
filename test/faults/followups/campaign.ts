import type { DocumentData, DocumentSnapshot } from '@google-cloud/firestore';
import { type LocalSmtp, startSmtp } from '../../../infra/local/smtp/smtp.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { CLAIM_LEASE_MS } from '../../../shared/doors/mail/claims.ts';
import { seed } from '../../support/documents.ts';
import { followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { type ClockedProcess, startClockedFunction } from '../function-process.ts';
import { type DeliveryAnswer, deliver } from '../harness/delivery.ts';
import { refuse, Violation } from '../harness/plan.ts';
import type { FaultStage } from '../harness/stage.ts';

const NAME = 'process-followups';
/** The time after which a killed run's lease and unused claims have expired. */
const LATER_MS = CLAIM_LEASE_MS + 1_000;
/** A killed run needs one run that takes over and one that finds nothing left. */
const MAX_RUNS = 6;

/** The end of one follow-up: its mails, its record's state, and if a person is asked. */
export interface FollowupEnd {
  id: string;
  mails: number;
  state: string | undefined;
  level: number;
  parked: string | null;
}

/** One run of the case: its mail server, the proxy before it, and a clock that advances from kill to kill. */
export class Campaign {
  readonly stage: FaultStage;
  readonly smtp: LocalSmtp;
  readonly relay: SmtpFaults;
  readonly ids: readonly string[];
  now = systemClock();

  private constructor(stage: FaultStage, smtp: LocalSmtp, relay: SmtpFaults, ids: readonly string[]) {
    this.stage = stage;
    this.smtp = smtp;
    this.relay = relay;
    this.ids = ids;
  }

  static async begin(
    stage: FaultStage,
    items: number,
    more: (id: string) => DocumentData = () => ({}),
  ): Promise<Campaign> {
    await stage.reset();
    const smtp = await startSmtp({ clock: systemClock });
    const relay = await startSmtpFaults(smtp);
    const ids = Array.from({ length: items }, (_, index) => `f-${index}`);
    const due = stamp(systemClock().getTime() - 3_600_000);
    const documents = ids.map((id): [string, object] => [
      id,
      followupFields({ customer: { name: id, email: `${id}@example.test` }, next_due_at: due, ...more(id) }),
    ]);
    await seed(stage.store(), 'followups', new Map(documents));
    const organisations = documents.map(([, fields]) => (fields as { org_id: string }).org_id);
    await seed(
      stage.store(),
      'billing_settings',
      new Map(organisations.map((org): [string, object] => [org, settingsFields()])),
    );
    return new Campaign(stage, smtp, relay, ids);
  }

  async start(port: number, environment = this.stage.environment): Promise<ClockedProcess> {
    const mail = { EMAIL_HOST: '127.0.0.1', EMAIL_PORT: String(port) };
    return await startClockedFunction(NAME, this.now, { ...environment, ...mail });
  }

  async skipClaims(): Promise<void> {
    this.now = new Date(this.now.getTime() + LATER_MS);
    await this.stage.redis.del(`lease:${NAME}`);
  }

  /** Runs the task again, each time a claim's duration later, until no follow-up is due. */
  async settle(): Promise<void> {
    for (let index = 0; index < MAX_RUNS; index += 1) {
      const child = await this.start(this.smtp.port);
      const answer = await deliver(child.url, this.stage, { occurrence: null }).finally(() => child.kill());
      if (answer?.outcome === 'nothing_to_do') return;
      refuse(findWrongAnswer(answer));
      await this.skipClaims();
    }
    throw new Violation([`lost: something is still due after ${MAX_RUNS} runs`]);
  }

  async readEnds(): Promise<FollowupEnd[]> {
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

/** Returns the faults in the answer of an undisturbed run. */
export function findWrongAnswer(answer: DeliveryAnswer | null): string[] {
  if (answer?.status !== 200) return [`answer: ${answer?.status} ${JSON.stringify(answer?.body)}`];
  const { candidates = 0, acted = 0, skipped = 0, failed = 0 } = answer.counts ?? {};
  return candidates === acted + skipped + failed
    ? []
    : [`counts: ${JSON.stringify(answer.counts)} do not add up`];
}

/** Returns the illegal parts of a follow-up's end. */
export function findWrongEnd({ id, mails, state, level, parked }: FollowupEnd): string[] {
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
