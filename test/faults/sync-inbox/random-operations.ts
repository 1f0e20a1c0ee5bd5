import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import type { Integration } from '../../../shared/domains/inbox/integration.ts';
import { bothListings, integrationFor, syncOnce } from '../../support/inbox/inbox.ts';
import { type Mailbox, mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { type FaultCase, type FaultRun, type RunScale, refuse } from '../harness/plan.ts';
import { pick, type Random } from '../harness/random.ts';

const OPERATIONS: Record<RunScale, number> = { sample: 300, full: 10_000 };
/** Compares mailbox and store after this many operations, so that a difference appears near its cause. */
const COMPARE_EVERY = 500;
/** A removal appears within three syncs, a new UIDVALIDITY within four. */
const LAST_SYNCS = 4;
const USER = 'anna';
const FOLDERS: [string, ...string[]] = ['INBOX', 'Archive', 'Work'];
const FLAGS: [string, ...string[]] = ['\\Seen', '\\Flagged', '\\Answered', 'later', 'urgent'];
/** New mail is the most frequent operation. */
const KINDS = ['append', 'append', 'append', 'flag', 'unflag', 'delete', 'move', 'uidvalidity'] as const;
/** UIDVALIDITY changes rarely, since each change makes new documents for a whole folder. */
const SHARE_OF_RESETS = 0.1;
const SHARE_OF_SYNCS = 0.2;

/** Does one operation of a person or a server's administrator. Returns false if the mailbox had no message for it. */
async function operate(imap: LocalImap, mailbox: Mailbox, random: Random): Promise<boolean> {
  const folder = pick(random, FOLDERS);
  const kind = pick(random, KINDS);
  if (kind === 'append') {
    await mailbox.append(mail({ 'Message-ID': `<${random()}@x.test>` }), { folder });
    return true;
  }
  if (kind === 'uidvalidity') {
    if (random() > SHARE_OF_RESETS) return false;
    const validity = String(1 + Math.floor(random() * 4_000_000_000));
    if (mailbox.client.mailbox) await mailbox.client.mailboxClose();
    await imap.doveadm('mailbox', 'update', '-u', USER, '--uid-validity', validity, folder);
    return true;
  }
  const uids = (await mailbox.listing(folder)).filter(() => random() < 0.2).map(({ uid }) => uid);
  if (uids.length === 0) return false;
  const other = pick(random, FOLDERS.filter((each) => each !== folder) as [string, ...string[]]);
  await mailbox.within(folder, async (client) => {
    const options = { uid: true };
    if (kind === 'flag') await client.messageFlagsAdd(uids, [pick(random, FLAGS)], options);
    if (kind === 'unflag') await client.messageFlagsRemove(uids, [pick(random, FLAGS)], options);
    if (kind === 'delete') await client.messageDelete(uids, options);
    if (kind === 'move') await client.messageMove(uids, other, options);
  });
  return true;
}

/** Returns the differences between the server's listing and the store, by folder. */
async function findDifferences(run: FaultRun, integration: Integration, mailbox: Mailbox): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    const { server, store } = await bothListings(run.stage.store(), integration, mailbox, folder);
    const [theirs, ours] = [server, store].map((list) => new Set(list.map((each) => JSON.stringify(each))));
    const only = (one: Set<string> | undefined, other: Set<string> | undefined) =>
      [...(one ?? [])].filter((each) => !other?.has(each));
    for (const each of only(theirs, ours)) found.push(`lost: ${folder} has ${each} on the server only`);
    for (const each of only(ours, theirs)) found.push(`wrong: ${folder} has ${each} in the store only`);
    if (server.length !== store.length)
      found.push(`wrong: ${folder} has ${server.length} messages and ${store.length} documents`);
  }
  return found.slice(0, 20);
}

/** Random operations on a mailbox in random order, with syncs between them that are cut short. */
export const randomOperations: FaultCase = {
  name: 'random',
  claim: 'after random operations with syncs between them, the store equals the server',
  runs: { sample: 1, full: 1 },
  async once(run) {
    await run.stage.reset();
    const { random } = run;
    const imap = await startImap({ prefer: 'real', users: [USER] });
    const [user] = imap?.users ?? [];
    if (!imap || !user) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    const mailbox = await openMailbox(imap, user);
    try {
      await mailbox.client.mailboxCreate('Work');
      const integration = integrationFor(imap, user, { folders: FOLDERS });
      const sync = (mayGoOn = () => true) =>
        syncOnce(run.stage.store(), integration, { password: user.password, mayGoOn });
      const requireSame = async () => {
        for (let index = 0; index < LAST_SYNCS; index += 1) {
          const { failure } = await sync();
          refuse(failure ? [`failed: ${failure.kind}: ${failure.detail}`] : []);
        }
        refuse(await findDifferences(run, integration, mailbox));
      };
      let done = 0;
      while (done < OPERATIONS[run.scale]) {
        if (!(await operate(imap, mailbox, random))) continue;
        done += 1;
        let groups = Math.floor(random() * 4);
        if (random() < SHARE_OF_SYNCS) await sync(() => groups-- > 0);
        if (done % COMPARE_EVERY === 0) await requireSame();
      }
      await requireSame();
      return { operations: done };
    } finally {
      await mailbox.close();
      await imap.stop();
    }
  },
};
