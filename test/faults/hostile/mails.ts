import type { LocalImap } from '../../../infra/local/imap/imap.ts';
import { startImap } from '../../../infra/local/imap/imap.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { mail } from '../../support/inbox/mailbox.ts';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultCase, type FaultRun, type Figures, type RunScale, refuse } from '../harness/plan.ts';
import { peakMemoryMb, watchBlocks } from './process-figures.ts';
import { randomMail } from './random-mail.ts';

const NAME = 'sync-inbox';
const COUNTS: Record<RunScale, number> = { sample: 60, full: 1_000 };
const GOOD = 3;
const GOOD_MAILS = 5;
const FIRST = new Date('2026-03-04T10:00:00Z');
/** A mail is quarantined in its third sync; the others reserve. */
const MAX_RUNS = 6;
/** The most CPU time that one piece of work may take, and the most memory of the process. */
export const MOST_CPU_MS = 1_000;
export const MOST_MEMORY_MB = 300;
/**
 * The same for what the watch sees of a sample. It runs beside other tests, where the watch may come late and count several
 * pieces as one.
 */
const MOST_SEEN_MS: Record<RunScale, number> = { sample: 4 * MOST_CPU_MS, full: MOST_CPU_MS };
/** As on Google Cloud (infra/scheduler.yaml). */
const NODE_OPTIONS = '--max-semi-space-size=8';

/** A mailbox of random mails beside ordinary ones. Its full count of runs takes 10,000 mails. */
export const hostileMails: FaultCase = {
  name: 'hostile-mails',
  claim: 'random hostile mails block no process, stay within its memory, and keep no other mailbox waiting',
  runs: { sample: 1, full: 10 },
  async once(run) {
    await run.stage.reset();
    const users = ['hostile', ...Array.from({ length: GOOD }, (_, index) => `good${index}`)];
    const imap = await startImap({ prefer: 'real', users });
    if (!imap) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    try {
      const ids = await fillMailboxes(run, imap);
      const environment = { ...run.stage.environment, NODE_OPTIONS };
      const child = await startFunction(NAME, run.bundles, environment);
      try {
        return await syncAll(run, child, ids);
      } finally {
        await child.kill();
      }
    } finally {
      await imap.stop();
    }
  },
};

/** Fills the mailboxes. Returns the ids of their integrations, the hostile one first. */
async function fillMailboxes({ stage, random, scale }: FaultRun, imap: LocalImap): Promise<string[]> {
  const ids: string[] = [];
  for (const user of imap.users) {
    const mails =
      ids.length === 0
        ? Array.from({ length: COUNTS[scale] }, (_, each) => randomMail(random, `h${each}`))
        : Array.from({ length: GOOD_MAILS }, () => mail());
    imap.deliver(user.user, mails, () => FIRST);
    const { id, fields } = integrationDocument(stage, imap, user);
    await stage.store().doc(`inbox_integrations/${id}`).create(fields);
    ids.push(id);
  }
  return ids;
}

/** Runs the task until every mail is stored or set aside. The ordinary mailboxes must be served in the first run. */
async function syncAll(
  { stage, scale }: FaultRun,
  child: FunctionProcess,
  [hostile = '', ...good]: readonly string[],
): Promise<Figures> {
  let longestMs = 0;
  for (let count = 1; ; count += 1) {
    const blocks = watchBlocks(child.url, child.pid);
    const answer = await deliver(child.url, stage, { occurrence: null });
    longestMs = Math.max(longestMs, await blocks.stop());
    const kept = await countStored(stage, hostile);
    refuse([
      ...(answer?.status === 200 ? [] : [`answer: ${answer?.status} ${JSON.stringify(answer?.body)}`]),
      ...(await unserved(stage, good)),
      ...(count < MAX_RUNS ? [] : [`lost: ${kept} of ${COUNTS[scale]} hostile mails after ${count} runs`]),
    ]);
    if (kept < COUNTS[scale]) continue;
    const memoryMb = peakMemoryMb(child.pid);
    refuse([
      ...(longestMs <= MOST_SEEN_MS[scale] ? [] : [`blocked: one piece of work took ${longestMs} ms of CPU`]),
      ...(memoryMb <= MOST_MEMORY_MB ? [] : [`memory: the process had ${memoryMb.toFixed(0)} MB`]),
    ]);
    process.stdout.write(
      `  longest piece ${longestMs} ms, peak ${memoryMb.toFixed(0)} MB, ${count} run(s)\n`,
    );
    return { mails: kept, 'set aside': await countQuarantined(stage, hostile) };
  }
}

async function unserved(stage: FaultRun['stage'], ids: readonly string[]): Promise<string[]> {
  const counts = await Promise.all(ids.map((id) => countStored(stage, id)));
  return counts.flatMap((count, index) =>
    count === GOOD_MAILS ? [] : [`waits: good${index} has ${count} of ${GOOD_MAILS} mails`],
  );
}

const messagesOf = (stage: FaultRun['stage'], id: string) =>
  stage.store().collection('inbox_messages').where('integration_id', '==', id);

const countStored = async (stage: FaultRun['stage'], id: string): Promise<number> =>
  (await messagesOf(stage, id).count().get()).data().count;

const countQuarantined = async (stage: FaultRun['stage'], id: string): Promise<number> =>
  (await messagesOf(stage, id).where('in_quarantine', '==', true).count().get()).data().count;
