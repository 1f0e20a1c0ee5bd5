import { setTimeout as delay } from 'node:timers/promises';
import { nodeOptions } from '../../../infra/deploy/environment.ts';
import { type ImapUser, type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { atLeast, atMost, type Bench, type BenchMeasure, below, measure } from '../bench.ts';
import { generatedMails, heavyMail } from '../inbox/mails.ts';
import { hasMbsync, setUpMbsync } from '../inbox/mbsync.ts';
import { type Engines, type Lab, type Project, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';

const TASK = 'sync-inbox';
/**
 * Node's memory limits in a container with the 512Mi of infra/scheduler.yaml: half for old objects, and by default a
 * 128th of that for a semi-space (V8, heap.cc). Without such a limit V8 would hardly collect on this machine.
 */
function asDeployed(): Record<string, string> {
  const deployed = readSchedule().functions.find(({ name }) => name === TASK);
  const semi = deployed ? nodeOptions(deployed).NODE_OPTIONS : undefined;
  return { NODE_OPTIONS: `--max-old-space-size=256 ${semi ?? '--max-semi-space-size=2'}` };
}
/** Enough mails to connect the process and compile its code before the measurement. */
const WARM_UP = 200;
const MAILS_OF_MANY = 50;
const HEAVY_BYTES = 25_000_000;
/** mbsync waits a second at a directory that changed a moment ago. */
const MBSYNC_REST_MS = 2_000;

interface InboxResult {
  seconds: number;
  reads: number;
  writes: number;
  megabytes: number;
}

/** Returns a result of mbsync, whose cost is not counted. */
const toMbsyncResult = (seconds: number): InboxResult => ({
  seconds,
  reads: Number.NaN,
  writes: Number.NaN,
  megabytes: Number.NaN,
});

const addMailbox = async (project: Project, imap: LocalImap, user: ImapUser) => {
  const { id, fields } = integrationDocument(project, imap, user);
  await project.store.doc(`inbox_integrations/${id}`).create(fields);
  return project.store.doc(`inbox_integrations/${id}`);
};

/** Runs one warm process and measures each run; `work` adds mailboxes in between. */
async function withTask<T>(
  lab: Lab,
  engines: Engines,
  imap: LocalImap,
  work: (project: Project, run: (synced: number, fresh: number) => Promise<InboxResult>) => Promise<T>,
): Promise<T> {
  const project = engines.project();
  const process = await lab.start(TASK, { ...project.environment, ...asDeployed() });
  const run = async (synced: number, fresh: number): Promise<InboxResult> => {
    const began = performance.now();
    const response = await fetch(process.url, {
      method: 'POST',
      headers: { 'X-Cron-Secret': project.secret },
    });
    const seconds = (performance.now() - began) / 1000;
    // biome-ignore lint/suspicious/noExplicitAny: checked by what is expected of it
    const answer = (await response.json()) as any;
    if (answer.integrations?.synced !== synced || answer.messages?.new !== fresh || answer.complete !== true)
      throw new Error(`${synced} mailboxes, ${fresh} mails expected, but ${JSON.stringify(answer)}`);
    const { firestore_reads: reads, firestore_writes: writes } = answer.cost;
    return { seconds, reads, writes, megabytes: usage(process).peakMegabytes };
  };
  try {
    const warm = await addMailbox(project, imap, account(imap, 'warm'));
    await run(1, WARM_UP);
    await run(1, 0);
    await warm.update({ active: false });
    return await work(project, run);
  } finally {
    await process.kill();
  }
}

function account(imap: LocalImap, name: string): ImapUser {
  const found = imap.users.find(({ user }) => user === name);
  if (!found) throw new Error(`the IMAP server has no account ${name}`);
  return found;
}

const many = (imap: LocalImap) => imap.users.filter(({ user }) => user.startsWith('many'));

/** Measures the first sync of a mailbox, and the cost of a run without mailboxes. */
async function firstSync(lab: Lab, engines: Engines, imap: LocalImap, user: string, mails: number) {
  return await withTask(lab, engines, imap, async (project, run) => {
    const idle = await run(0, 0);
    await addMailbox(project, imap, account(imap, user));
    const first = await run(1, mails);
    lab.progress(
      `  ${TASK}: ${mails} mails in ${first.seconds.toFixed(1)} s, ${first.megabytes.toFixed(0)} MB`,
    );
    return { ...first, perSecond: mails / first.seconds, writesEach: (first.writes - idle.writes) / mails };
  });
}

/** Measures runs over many mailboxes without changes. */
async function noChange(lab: Lab, engines: Engines, imap: LocalImap, rounds: number) {
  return await withTask(lab, engines, imap, async (project, run) => {
    const idle = await run(0, 0);
    const users = many(imap);
    await Promise.all(users.map((user) => addMailbox(project, imap, user)));
    await run(users.length, users.length * MAILS_OF_MANY);
    await run(users.length, 0);
    const mbsync = hasMbsync() ? setUpMbsync(imap, users) : null;
    try {
      await mbsync?.run();
      await delay(mbsync ? MBSYNC_REST_MS : 0);
      const sides = await interleave(rounds, {
        ours: () => run(users.length, 0),
        theirs: async () => toMbsyncResult((await mbsync?.run()) ?? Number.NaN),
      });
      const each = (what: 'reads' | 'writes') =>
        sides.ours.map((round) => (round[what] - idle[what]) / users.length);
      return {
        ours: sides.ours.map(({ seconds }) => users.length / seconds),
        theirs: sides.theirs.map(({ seconds }) => users.length / seconds),
        reads: each('reads'),
        writes: each('writes'),
      };
    } finally {
      mbsync?.remove();
    }
  });
}

async function copyByMbsync(lab: Lab, imap: LocalImap, user: string, mails: number): Promise<First> {
  if (!hasMbsync()) return { ...toMbsyncResult(Number.NaN), perSecond: Number.NaN, writesEach: Number.NaN };
  const mbsync = setUpMbsync(imap, [account(imap, user)]);
  try {
    const seconds = await mbsync.run();
    lab.progress(`  mbsync: ${mails} mails in ${seconds.toFixed(1)} s`);
    return { ...toMbsyncResult(seconds), perSecond: mails / seconds, writesEach: Number.NaN };
  } finally {
    mbsync.remove();
  }
}

/** Compares mailboxes into Firestore with mbsync, a program that many people use to copy them to disk. */
export const inbox: Bench = {
  name: 'inbox',
  compares: `${TASK} into Firestore against mbsync onto disk (all its defaults), both from the same Dovecot; memory over five times as many mails`,
  targets: {
    'first sync, mails per second / mbsync': atLeast(1),
    'no-change round, mailboxes per second / mbsync': atLeast(1),
    'peak memory': below(250),
    'growth over five times as many mails': atMost(60),
    'growth for an attachment of 25 MB': atMost(60),
    'writes per new mail': atMost(2),
    'writes per mailbox without a change': atMost(1),
    'reads per mailbox without a change': atMost(2),
  },
  async run(lab) {
    const [mails, boxes, rounds] = lab.quick ? [1_000, 20, 2] : [10_000, 200, 3];
    if (!hasMbsync())
      lab.progress('  mbsync is not on this machine (apt-get install isync): no ratio is measured');
    await lab.build([TASK], []);
    const names = Array.from({ length: boxes }, (_, index) => `many${index}`);
    const users = ['warm', 'mixed', 'few', 'five', 'light', 'heavy', ...names];
    const imap = await startImap({ prefer: 'real', users, connectionsPerUser: 100 });
    if (!imap) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    try {
      fill(imap, mails, names);
      const first = (user: string, count: number) => () =>
        lab.withEngines((engines) => firstSync(lab, engines, imap, user, count));
      const sides = await interleave(rounds, {
        ours: first('mixed', mails),
        theirs: () => copyByMbsync(lab, imap, 'mixed', mails),
      });
      const memory = await interleave(lab.quick ? 1 : rounds, {
        less: first('few', mails),
        more: first('five', 5 * mails),
      });
      const attachment = await interleave(lab.quick ? 1 : rounds, {
        less: first('light', MAILS_OF_MANY),
        more: first('heavy', MAILS_OF_MANY + 1),
      });
      const quiet = await lab.withEngines((engines) => noChange(lab, engines, imap, lab.quick ? 3 : 7));
      return figures(sides, memory, attachment, quiet);
    } finally {
      await imap.stop();
    }
  },
};

/** Fills the mailboxes of all parts. Mails are an hour apart. */
function fill(imap: LocalImap, mails: number, names: readonly string[]): void {
  const now = systemClock().getTime();
  const deliver = (user: string, count: number, kind: 'mixed' | 'text') =>
    imap.deliver(user, generatedMails(count, kind), (index) => new Date(now - (count - index) * 3_600_000));
  deliver('warm', WARM_UP, 'mixed');
  deliver('mixed', mails, 'mixed');
  deliver('few', mails, 'text');
  deliver('five', 5 * mails, 'text');
  for (const name of ['light', 'heavy']) deliver(name, MAILS_OF_MANY, 'text');
  imap.deliver('heavy', [heavyMail(HEAVY_BYTES)], () => new Date(now));
  for (const name of names) deliver(name, MAILS_OF_MANY, 'text');
}

type First = Awaited<ReturnType<typeof firstSync>>;
/** Runs with few and with many mails. */
type Peaks = { less: First[]; more: First[] };

function figures(
  sides: { ours: First[]; theirs: First[] },
  memory: Peaks,
  attachment: Peaks,
  quiet: Awaited<ReturnType<typeof noChange>>,
): Record<string, BenchMeasure> {
  const [rates, theirs] = [sides.ours, sides.theirs].map((all) => all.map(({ perSecond }) => perSecond)) as [
    number[],
    number[],
  ];
  const peaks = (all: readonly First[]) => all.map(({ megabytes }) => megabytes);
  const growth = ({ less, more }: Peaks) =>
    peaks(more).map((peak, round) => peak - (peaks(less)[round] ?? Number.NaN));
  return {
    'first sync, mails per second / mbsync': measure('ratio', pairedRatios(rates, theirs)),
    'no-change round, mailboxes per second / mbsync': measure(
      'ratio',
      pairedRatios(quiet.ours, quiet.theirs),
    ),
    'peak memory': measure('MB', peaks(sides.ours)),
    'growth over five times as many mails': measure('MB', growth(memory)),
    'growth for an attachment of 25 MB': measure('MB', growth(attachment)),
    'writes per new mail': measure(
      'writes',
      sides.ours.map(({ writesEach }) => writesEach),
    ),
    'writes per mailbox without a change': measure('writes', quiet.writes),
    'reads per mailbox without a change': measure('reads', quiet.reads),
    'ours, first sync': measure('mails/s', rates),
    'mbsync, first sync': measure('mails/s', theirs),
    'ours, first sync of five times as many': measure(
      'mails/s',
      memory.more.map(({ perSecond }) => perSecond),
    ),
    'ours, no change': measure('mailboxes/s', quiet.ours),
    'mbsync, no change': measure('mailboxes/s', quiet.theirs),
    'peak memory, five times as many': measure('MB', peaks(memory.more)),
  };
}
