import { UidSet } from '../../../shared/domains/inbox/imap/uid-set.ts';
import { folderKey } from '../../../shared/domains/inbox/message/identity.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { startFunction } from '../function-process.ts';
import { type DeliveryAnswer, deliver } from '../harness/delivery.ts';
import { type FaultRun, refuse, Violation } from '../harness/plan.ts';
import { sharedMailbox } from './shared-mailbox.ts';

export const NAME = 'sync-inbox';
/** A sync that is cut short, one that continues, one that finds nothing left, and some in reserve. */
const MAX_RUNS = 8;

/** One run of a case on one mailbox of N mails, with its stored messages. */
export class MailboxTrial {
  readonly run: FaultRun;
  readonly count: number;
  readonly id: string;

  private constructor(run: FaultRun, count: number, id: string) {
    this.run = run;
    this.count = count;
    this.id = id;
  }

  /** Empties the stores and stores the mailbox's integration. */
  static async begin(run: FaultRun, count: number): Promise<MailboxTrial> {
    await run.stage.reset();
    const { imap, user } = await sharedMailbox(count);
    const { id, fields } = integrationDocument(run.stage, imap, user);
    await run.stage.store().doc(`inbox_integrations/${id}`).create(fields);
    return new MailboxTrial(run, count, id);
  }

  /** Runs the task once in a new process, which `during` may kill. Returns null if it died before it answered. */
  async runTask(
    environment: Record<string, string>,
    during: (child: Awaited<ReturnType<typeof startFunction>>) => () => void = () => () => undefined,
  ): Promise<DeliveryAnswer | null> {
    const child = await startFunction(NAME, this.run.bundles, environment);
    const callOff = during(child);
    try {
      return await deliver(child.url, this.run.stage, { occurrence: null });
    } finally {
      await child.kill();
      callOff();
    }
  }

  /** Skips half a minute: the leases of a killed run expire. */
  async expireLeases(): Promise<void> {
    await this.run.stage.redis.del(`lease:${NAME}`, `lease:mailbox:${this.id}`);
  }

  cursor() {
    return this.run.stage.store().doc(`inbox_integrations/${this.id}/folders/${folderKey('INBOX')}`);
  }

  /**
   * Requires that the cursor is never ahead of the store and that no message is stored twice. Returns their number.
   */
  async judgeMidway(): Promise<number> {
    // Reads the cursor first, so that messages stored between both reads cannot seem missing.
    const said = UidSet.parse(((await this.cursor().get()).get('uids') as string | undefined) ?? '');
    const kept = await this.stored();
    const uids = new Set(kept.map(({ uid }) => uid));
    const ahead = [...said].filter((uid) => !uids.has(uid));
    refuse([
      ...(ahead.length > 0 ? [`ahead: the cursor names ${ahead.length} messages that are not stored`] : []),
      ...(uids.size < kept.length ? [`twice: ${kept.length - uids.size} messages are stored twice`] : []),
    ]);
    return kept.length;
  }

  /** Runs the task until nothing is left. Then every message must be stored once. */
  async settle(): Promise<void> {
    for (let index = 0; index < MAX_RUNS; index += 1) {
      const answer = await this.runTask(this.run.stage.environment);
      if (answer?.status !== 200)
        throw new Violation([`answer: ${answer?.status} ${JSON.stringify(answer?.body)}`]);
      const { announced } = answer.body['messages'] as { announced: number };
      if (announced === 0 && answer.outcome === 'succeeded') return await this.judge();
    }
    throw new Violation([`lost: something is still left after ${MAX_RUNS} runs`]);
  }

  private async judge(): Promise<void> {
    await this.judgeMidway();
    const kept = await this.stored();
    const ids = new Set(kept.map(({ messageId }) => messageId));
    const lost = Array.from({ length: this.count }, (_, index) => `<m${index}@x.test>`).filter(
      (id) => !ids.has(id),
    );
    const said = UidSet.parse((await this.cursor().get()).get('uids') as string);
    refuse([
      ...(lost.length > 0 ? [`lost: ${lost.length} messages, such as ${lost[0]}`] : []),
      ...(kept.length > this.count ? [`twice: ${kept.length} documents of ${this.count} messages`] : []),
      ...(said.size === this.count ? [] : [`cursor: it names ${said.size} messages of ${this.count}`]),
    ]);
  }

  private async stored(): Promise<{ uid: number; messageId: string }[]> {
    const { docs } = await this.run.stage
      .store()
      .collection('inbox_messages')
      .select('uid', 'message_id')
      .get();
    return docs.map((doc) => ({ uid: doc.get('uid') as number, messageId: String(doc.get('message_id')) }));
  }
}
