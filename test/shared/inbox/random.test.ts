import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type LocalImap, startImap } from '../../../infra/local/imap.ts';
import { loadConfig } from '../../../shared/config.ts';
import { openStore } from '../../../shared/store/firestore.ts';
import { pick, type Random, seededRandom } from '../../faults/harness/random.ts';
import { bothListings, integrationFor, round, withoutDovecot } from '../../support/inbox.ts';
import { type Mailbox, mail, openMailbox } from '../../support/mailbox.ts';

const OPERATIONS = 300;
const FOLDERS: [string, ...string[]] = ['INBOX', 'Archive', 'Work'];
const FLAGS: [string, ...string[]] = ['\\Seen', '\\Flagged', '\\Answered', 'later', 'urgent'];
const absent = withoutDovecot();
let store: Firestore;
let imap: LocalImap;
beforeAll(async () => {
  store = openStore(
    loadConfig({
      GOOGLE_CLOUD_PROJECT: `ronde-${randomUUID().slice(0, 8)}`,
      FIRESTORE_EMULATOR_HOST: inject('firestoreHost'),
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: 'none',
    }),
  );
  if (!absent) imap = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await store?.terminate();
});

/** Something that a person, or a server's administrator, does to a mailbox. */
async function operate(mailbox: Mailbox, random: Random): Promise<string> {
  const folder = pick(random, FOLDERS);
  const kind = pick(random, [
    'append',
    'append',
    'append',
    'flag',
    'unflag',
    'delete',
    'move',
    'uidvalidity',
  ] as const);
  if (kind === 'append') await mailbox.append(mail({ 'Message-ID': `<${random()}@x.test>` }), { folder });
  else if (kind === 'uidvalidity') {
    // Seldom, as in life.
    if (random() > 0.15) return 'nothing';
    const validity = String(1 + Math.floor(random() * 4_000_000_000));
    await mailbox.client.mailboxClose();
    await imap.doveadm('mailbox', 'update', '-u', 'anna', '--uid-validity', validity, folder);
  } else {
    const listed = await mailbox.listing(folder);
    if (listed.length === 0) return 'nothing';
    const uids = listed.filter(() => random() < 0.2).map(({ uid }) => uid);
    if (uids.length === 0) return 'nothing';
    const options = { uid: true };
    const other = pick(random, FOLDERS.filter((each) => each !== folder) as [string, ...string[]]);
    await mailbox.within(folder, async (client) => {
      if (kind === 'flag') await client.messageFlagsAdd(uids, [pick(random, FLAGS)], options);
      if (kind === 'unflag') await client.messageFlagsRemove(uids, [pick(random, FLAGS)], options);
      if (kind === 'delete') await client.messageDelete(uids, options);
      if (kind === 'move') await client.messageMove(uids, other, options);
    });
  }
  return kind;
}

it.skipIf(absent)(
  `after ${OPERATIONS} operations at random, with rounds between them, the store is what the server is`,
  { timeout: 300_000 },
  async () => {
    const random = seededRandom(42);
    const [user] = imap.users;
    if (!user) throw new Error('there is no account');
    const mailbox = await openMailbox(imap, user);
    await mailbox.client.mailboxCreate('Work');
    const integration = integrationFor(imap, user, { folders: FOLDERS });
    const sync = (mayGoOn = () => true) => round(store, integration, { password: user.password, mayGoOn });
    for (let done = 0; done < OPERATIONS; done += 1) {
      await operate(mailbox, random);
      let groups = Math.floor(random() * 4);
      if (random() < 0.2) await sync(() => groups-- > 0);
    }
    for (let index = 0; index < 4; index += 1) expect((await sync()).failure).toBeNull();
    for (const folder of FOLDERS) {
      const { server, store: kept } = await bothListings(store, integration, mailbox, folder);
      expect(kept).toEqual(server);
    }
    await mailbox.close();
  },
);
