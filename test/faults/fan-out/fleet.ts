import { type ImapUser, type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { startFunction } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultRun, Violation } from '../harness/plan.ts';
import { DispatchedRun, NAME } from './dispatched-run.ts';

const MAILS = 3;

/** The result of one run over all mailboxes. */
export interface FleetRun {
  ms: number;
  /** Every stored message: its id and its identity. */
  stored: ReadonlySet<string>;
  kills: number;
  doubled: number;
  /** The dispatcher's time, or 0 if the run dispatched nothing. */
  dispatchMs: number;
}

/** Returns the differences between the messages stored by two runs. */
export function findDifferences(
  how: string,
  wanted: ReadonlySet<string>,
  got: ReadonlySet<string>,
): string[] {
  const lost = [...wanted].filter((one) => !got.has(one));
  const more = [...got].filter((one) => !wanted.has(one));
  return [
    ...(lost.length > 0 ? [`lost ${how}: ${lost.length} messages, such as ${lost[0]}`] : []),
    ...(more.length > 0 ? [`twice ${how}: ${more.length} messages more, such as ${more[0]}`] : []),
  ];
}

interface StoredIntegration {
  id: string;
  fields: Record<string, unknown>;
}

/** A Dovecot with its mailboxes, and their integrations before any sync. */
export class Fleet {
  readonly size: number;
  readonly #run: FaultRun;
  readonly #imap: LocalImap;
  readonly #integrations: readonly StoredIntegration[];

  private constructor(run: FaultRun, imap: LocalImap, integrations: readonly StoredIntegration[]) {
    this.#run = run;
    this.#imap = imap;
    this.#integrations = integrations;
    this.size = integrations.length;
  }

  static async begin(run: FaultRun, size: number): Promise<Fleet> {
    const names = Array.from({ length: size }, (_, index) => `box${index}`);
    const imap = await startImap({ prefer: 'real', users: names });
    if (!imap) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    for (const user of imap.users) await fill(imap, user);
    const integrations = imap.users.map((user) => integrationDocument(run.stage, imap, user));
    return new Fleet(run, imap, integrations);
  }

  /** Deletes all synchronised messages. */
  async #forget(): Promise<void> {
    await this.#run.stage.reset();
    const writer = this.#run.stage.store().bulkWriter({ throttling: false });
    for (const { id, fields } of this.#integrations)
      void writer.create(this.#run.stage.store().doc(`inbox_integrations/${id}`), fields);
    await writer.close();
  }

  async #stored(): Promise<ReadonlySet<string>> {
    const { docs } = await this.#run.stage.store().collection('inbox_messages').get();
    const messages = docs.map((doc) => `${doc.id} ${doc.get('integration_id')} ${doc.get('message_id')}`);
    const wanted = this.size * MAILS;
    if (docs.length !== wanted) throw new Violation([`stored: ${docs.length} messages of ${wanted}`]);
    return new Set(messages);
  }

  async runInPlace(): Promise<FleetRun> {
    await this.#forget();
    const { stage, bundles } = this.#run;
    const child = await startFunction(NAME, bundles, stage.environment);
    try {
      const answer = await deliver(child.url, stage, { occurrence: null });
      if (answer?.outcome !== 'succeeded' || answer.counts?.acted !== this.size)
        throw new Violation([`in place: ${JSON.stringify(answer?.body)}`]);
      return { ms: answer.ms, stored: await this.#stored(), kills: 0, doubled: 0, dispatchMs: 0 };
    } finally {
      await child.kill();
    }
  }

  /** Dispatches a run. With `killAfterMs`, kills the dispatcher after this time and delivers its occurrence again. */
  async runDispatched(options: { disturbed?: boolean; killAfterMs?: number } = {}): Promise<FleetRun> {
    const { disturbed = false, killAfterMs = null } = options;
    await this.#forget();
    const dispatched = await DispatchedRun.begin(this.#run, disturbed);
    try {
      const times = await dispatched.until(this.size, killAfterMs);
      const { kills, doubled } = dispatched;
      if (disturbed && (kills === 0 || doubled === 0))
        throw new Error(`nothing was disturbed: ${kills} kills, ${doubled} doubled`);
      return { ...times, stored: await this.#stored(), kills, doubled };
    } finally {
      await dispatched.stop();
    }
  }

  stop(): Promise<void> {
    return this.#imap.stop();
  }
}

async function fill(imap: LocalImap, user: ImapUser): Promise<void> {
  const mailbox = await openMailbox(imap, user);
  for (let index = 0; index < MAILS; index += 1)
    await mailbox.append(mail({ 'Message-ID': `<${user.user}-${index}@x.test>`, Subject: `Mail ${index}` }));
  await mailbox.close();
}
