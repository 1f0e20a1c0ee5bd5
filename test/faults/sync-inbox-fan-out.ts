import { type ImapUser, type LocalImap, startImap } from '../../infra/local/imap.ts';
import { startMetadata } from '../../infra/local/metadata.ts';
import { type LocalTasks, startLocalTasks } from '../../infra/local/tasks.ts';
import type { Disturb } from '../../infra/local/tasks-dispatch.ts';
import { systemClock } from '../../shared/clock.ts';
import { BATCH_BACKOFF_SECONDS } from '../../shared/task/fan-out.ts';
import { makeQueue, QUEUE } from '../support/fan-out-queue.ts';
import { type FrontEnd, startFrontEnd } from '../support/front-end.ts';
import { integrationDocument } from '../support/integrations.ts';
import { mail, openMailbox } from '../support/mailbox.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { deliver } from './harness/delivery.ts';
import { type FaultCase, type FaultRun, refuse, type Scale, Violation } from './harness/plan.ts';
import type { Random } from './harness/random.ts';
import type { Stage } from './harness/stage.ts';

const NAME = 'sync-inbox';
const MAILBOXES: Record<Scale, number> = { sample: 20, full: 200 };
const PROCESSES: Record<Scale, number> = { sample: 2, full: 4 };
const MAILS = 3;
/** How many of the deliveries come twice; at least one does. */
const DOUBLED = 0.05;
/** A batch of eight small mailboxes takes about this long: a kill in it comes in its midst. */
const KILL_WITHIN_MS = 400;
/** The first process has the dispatcher; the second is killed in the midst of its first batch. */
const VICTIM = 1;

/** 200 mailboxes over four processes: once in place, once handed on, once with a process killed and deliveries doubled. */
export const fanOut: FaultCase = {
  name: 'fan-out',
  claim:
    'mailboxes handed to several processes end as in one, though one is killed and deliveries come twice',
  runs: { sample: 1, full: 1 },
  async once(run) {
    const fleet = await Fleet.begin(run);
    try {
      const inPlace = await fleet.inPlace();
      const handedOn = await fleet.handedOn({ disturbed: false });
      const disturbed = await fleet.handedOn({ disturbed: true });
      refuse([
        ...differences('handed on', inPlace.stored, handedOn.stored),
        ...differences('with a process killed', inPlace.stored, disturbed.stored),
      ]);
      return {
        mailboxes: fleet.size,
        processes: PROCESSES[run.scale],
        'in place (ms)': Math.round(inPlace.ms),
        'handed on (ms)': Math.round(handedOn.ms),
        kills: disturbed.kills,
        doubled: disturbed.doubled,
      };
    } finally {
      await fleet.stop();
    }
  },
};

interface Round {
  ms: number;
  /** Every message that is stored: its id and what identifies it. */
  stored: ReadonlySet<string>;
  kills: number;
  doubled: number;
}

function differences(how: string, wanted: ReadonlySet<string>, got: ReadonlySet<string>): string[] {
  const lost = [...wanted].filter((one) => !got.has(one));
  const more = [...got].filter((one) => !wanted.has(one));
  return [
    ...(lost.length > 0 ? [`lost ${how}: ${lost.length} messages, such as ${lost[0]}`] : []),
    ...(more.length > 0 ? [`twice ${how}: ${more.length} messages more, such as ${more[0]}`] : []),
  ];
}

interface Stored {
  id: string;
  fields: Record<string, unknown>;
}

/** A Dovecot with its mailboxes, and their integrations as they are before any round. */
class Fleet {
  readonly size: number;
  readonly #run: FaultRun;
  readonly #imap: LocalImap;
  readonly #integrations: readonly Stored[];

  private constructor(run: FaultRun, imap: LocalImap, integrations: readonly Stored[]) {
    this.#run = run;
    this.#imap = imap;
    this.#integrations = integrations;
    this.size = integrations.length;
  }

  static async begin(run: FaultRun): Promise<Fleet> {
    const names = Array.from({ length: MAILBOXES[run.scale] }, (_, index) => `box${index}`);
    const imap = await startImap({ prefer: 'real', users: names });
    if (!imap) throw new Error('there is no IMAP server');
    for (const user of imap.users) await fill(imap, user);
    const integrations = imap.users.map((user) => integrationDocument(run.stage, imap, user));
    return new Fleet(run, imap, integrations);
  }

  /** Forgets all that was synchronised. */
  async #forget(): Promise<void> {
    await this.#run.stage.reset();
    const writer = this.#run.stage.store().bulkWriter({ throttling: false });
    for (const { id, fields } of this.#integrations)
      void writer.create(this.#run.stage.store().doc(`inbox_integrations/${id}`), fields);
    await writer.close();
  }

  async #stored(): Promise<ReadonlySet<string>> {
    const { docs } = await this.#run.stage.store().collection('inbox_messages').get();
    const told = docs.map((doc) => `${doc.id} ${doc.get('integration_id')} ${doc.get('message_id')}`);
    const wanted = this.size * MAILS;
    if (docs.length !== wanted) throw new Violation([`stored: ${docs.length} messages of ${wanted}`]);
    return new Set(told);
  }

  async inPlace(): Promise<Round> {
    await this.#forget();
    const { stage, bundles } = this.#run;
    const child = await startFunction(NAME, bundles, stage.environment);
    try {
      const answer = await deliver(child.url, stage, { occurrence: null });
      if (answer?.outcome !== 'succeeded' || answer.counts?.acted !== this.size)
        throw new Violation([`in place: ${JSON.stringify(answer?.body)}`]);
      return { ms: answer.ms, stored: await this.#stored(), kills: 0, doubled: 0 };
    } finally {
      await child.kill();
    }
  }

  async handedOn({ disturbed }: { disturbed: boolean }): Promise<Round> {
    await this.#forget();
    const round = await FanOutRound.begin(this.#run, disturbed);
    try {
      const ms = await round.until(this.size);
      const { kills, doubled } = round;
      if (disturbed && (kills === 0 || doubled === 0))
        throw new Error(`nothing was disturbed: ${kills} kills, ${doubled} doubled`);
      return { ms, stored: await this.#stored(), kills, doubled };
    } finally {
      await round.stop();
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

interface Parts {
  metadata: { stop(): Promise<void> };
  queue: LocalTasks;
  front: FrontEnd;
  clock: { aheadMs: number };
  disturbances: { kill: () => void; twice: () => void };
}

/** Several processes behind one address, a Cloud Tasks that calls it, and one run that is handed on. */
class FanOutRound {
  kills = 0;
  doubled = 0;
  readonly #stage: Stage;
  readonly #processes: FunctionProcess[] = [];
  readonly #parts: { stop(): Promise<void> }[];
  readonly #front: FrontEnd;
  readonly #queue: LocalTasks;
  /** How far the clock of Cloud Tasks is ahead. */
  readonly #clock = { aheadMs: 0 };

  private constructor(stage: Stage, parts: Parts) {
    this.#stage = stage;
    this.#front = parts.front;
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#parts = [parts.front, parts.queue, parts.metadata];
    parts.disturbances.kill = () => this.#kill();
    parts.disturbances.twice = () => {
      this.doubled += 1;
    };
  }

  static async begin({ stage, bundles, random, scale }: FaultRun, disturbed: boolean): Promise<FanOutRound> {
    const clock = { aheadMs: 0 };
    const disturbances = { kill: () => {}, twice: () => {} };
    const metadata = await startMetadata(async () => 'nobody asks');
    const queue = await startLocalTasks({
      clock: () => new Date(systemClock().getTime() + clock.aheadMs),
      signOidc: (email, audience) => stage.issuer.googleToken({ email, audience }),
      firing: true,
      disturb: disturbed ? doubling(random, () => disturbances.twice()) : () => null,
    });
    const kill = () => setTimeout(() => disturbances.kill(), random() * KILL_WITHIN_MS);
    const front = await startFrontEnd(disturbed ? onFirst(VICTIM, kill) : undefined);
    const round = new FanOutRound(stage, { metadata, queue, front, clock, disturbances });
    await makeQueue(queue.url, stage.environment['GOOGLE_CLOUD_PROJECT'] ?? '', {
      rateLimits: { maxConcurrentDispatches: 8 },
    });
    const environment = {
      ...stage.environment,
      ...{ TASKS_QUEUE: QUEUE, RONDE_TASKS: queue.url, RONDE_METADATA: metadata.url },
      FUNCTION_URLS: front.url,
    };
    for (let index = 0; index < PROCESSES[scale]; index += 1) {
      const child = await startFunction(NAME, bundles, environment);
      round.#processes.push(child);
      front.add(child);
    }
    return round;
  }

  #kill(): void {
    this.kills += 1;
    void this.#processes[VICTIM]?.kill();
  }

  /** Hands a run on and waits until its last batch is done and its record closed; returns how long that took. */
  async until(mailboxes: number): Promise<number> {
    const begun = performance.now();
    const answer = await deliver(this.#front.url, this.#stage, { occurrence: null });
    if (answer?.outcome !== 'dispatched')
      throw new Violation([`dispatcher: ${JSON.stringify(answer?.body)}`]);
    await this.#queue.idle();
    while (this.#queue.tasks().length > 0) {
      // Nobody is at work: what is still leased is a killed process's, and its back-off is not waited for.
      const { redis } = this.#stage;
      for (const lease of await redis.keys('lease:*')) await redis.pexpire(lease, 0);
      this.#clock.aheadMs += (BATCH_BACKOFF_SECONDS + 1) * 1000;
      await this.#queue.tick();
    }
    const ms = performance.now() - begun;
    const run = (await this.#stage.store().doc(`task_runs/${answer.runId}`).get()).data();
    const { candidates, acted } = (run?.counts ?? {}) as Partial<Record<string, number>>;
    if (run?.outcome !== 'succeeded' || candidates !== mailboxes || acted !== mailboxes)
      throw new Violation([`ledger: ${JSON.stringify({ ...run, notes: undefined })}`]);
    return ms;
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) await child.kill();
    for (const part of this.#parts) await part.stop();
  }
}

/** Some deliveries come twice, the first of them for sure. */
function doubling(random: Random, tell: () => void): Disturb {
  let seen = 0;
  return () => {
    seen += 1;
    if (seen > 1 && random() >= DOUBLED) return null;
    tell();
    return 'twice';
  };
}

/** Calls back when this instance is given its first request. */
function onFirst(wanted: number, callback: () => void): (index: number) => void {
  let told = false;
  return (index) => {
    if (index !== wanted || told) return;
    told = true;
    callback();
  };
}
