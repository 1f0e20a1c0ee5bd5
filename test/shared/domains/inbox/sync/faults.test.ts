import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ImapUser, type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import { MailboxConnection } from '../../../../../shared/domains/inbox/imap/connection.ts';
import type { Integration } from '../../../../../shared/domains/inbox/integration.ts';
import { stopwatch } from '../../../../../shared/doors/clock.ts';
import { type ImapFault, type ImapFaults, startImapFaults } from '../../../../support/inbox/imap-faults.ts';
import { startImapTap } from '../../../../support/inbox/imap-tap.ts';
import {
  bothListings,
  integrationFor,
  stored,
  syncOnce,
  withoutDovecot,
} from '../../../../support/inbox/inbox.ts';
import { type Mailbox, mail, openMailbox } from '../../../../support/inbox/mailbox.ts';
import { openTestStore } from '../../../../support/store.ts';

const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `user${index}`);
const absent = withoutDovecot();
let store: Firestore;
let imap: LocalImap;
let faults: ImapFaults;
let accounts = 0;

beforeAll(async () => {
  store = openTestStore();
  if (absent) return;
  imap = (await startImap({ prefer: 'real', users: ACCOUNTS })) as LocalImap;
  faults = await startImapFaults(imap);
});
afterAll(async () => {
  await faults?.stop();
  await imap?.stop();
  await store?.terminate();
});

/** Creates an account with `count` mails, and its integration through the faults. */
async function filled(
  count: number,
): Promise<{ user: ImapUser; mailbox: Mailbox; integration: Integration }> {
  faults.fault = null;
  const user = imap.users[accounts++];
  if (!user) throw new Error('there are more tests than accounts');
  const mailbox = await openMailbox(imap, user);
  const body = 'All is well. '.repeat(100);
  for (let index = 0; index < count; index += 1)
    await mailbox.append(mail({ 'Message-ID': `<${randomUUID()}@x.test>`, Subject: `Mail ${index}` }, body));
  return { user, mailbox, integration: integrationFor(faults, user) };
}

async function expectSame(integration: Integration, mailbox: Mailbox): Promise<void> {
  const { server, store: kept } = await bothListings(store, integration, mailbox);
  expect(kept).toEqual(server);
}

describe.skipIf(absent)('a server that fails', () => {
  it.each<[string, ImapFault, string]>([
    ['cuts the connection in the middle of a FETCH', { how: 'cut', afterBytes: 9_000 }, 'network'],
    ['says BYE', { how: 'bye' }, 'network'],
    ['refuses connections', { how: 'refuse' }, 'network'],
    ['speaks something else', { how: 'garbage' }, 'network|protocol|timeout'],
    [
      'has too many of us',
      { how: 'login', answer: 'NO [ALERT] Too many simultaneous connections. (Failure)' },
      'busy',
    ],
    [
      'is not available',
      { how: 'login', answer: 'NO [UNAVAILABLE] Temporary authentication failure.' },
      'busy',
    ],
    [
      'knows the password to be wrong',
      { how: 'login', answer: 'NO [AUTHENTICATIONFAILED] Invalid credentials' },
      'auth',
    ],
    ['has let the token expire', { how: 'login', answer: 'NO [EXPIRED] Token expired' }, 'auth'],
  ])('%s: the failure has its own kind, and nothing is lost', async (_name, fault, kind) => {
    const { user, mailbox, integration } = await filled(20);
    faults.fault = fault;
    const { failure } = await syncOnce(store, integration, { password: user.password });
    expect(failure?.kind).toMatch(new RegExp(`^(${kind})$`));
    expect(failure?.detail).not.toContain(user.password);
    faults.fault = null;
    for (let index = 0; index < 3; index += 1)
      await syncOnce(store, integration, { password: user.password });
    await expectSame(integration, mailbox);
    await mailbox.close();
  });

  it('throttles us: it is busy, and no message is blamed for it', async () => {
    const { user, mailbox, integration } = await filled(1);
    faults.fault = {
      how: 'fetch',
      answer: 'BAD Request is throttled. Suggested Backoff Time: 20 milliseconds',
    };
    for (let times = 0; times < 4; times += 1)
      expect(await syncOnce(store, integration, { password: user.password })).toMatchObject({
        failure: { kind: 'busy' },
        tally: { new: 0, quarantined: 0 },
      });
    faults.fault = null;
    expect(await syncOnce(store, integration, { password: user.password })).toMatchObject({
      failure: null,
      tally: { new: 1 },
    });
    await expectSame(integration, mailbox);
    await mailbox.close();
  });

  it('is stalled: its sync is hung up when its time is over', async () => {
    const { user, mailbox, integration } = await filled(20);
    faults.fault = { how: 'stall' };
    const elapsed = stopwatch();
    const { failure } = await syncOnce(store, integration, { password: user.password, hangUpAfterMs: 1_000 });
    expect(failure).not.toBeNull();
    expect(elapsed()).toBeLessThan(15_000);
    faults.fault = null;
    await syncOnce(store, integration, { password: user.password });
    await expectSame(integration, mailbox);
    await mailbox.close();
  });

  it.each<[string, ImapFault]>([
    ['slow to answer', { how: 'latency', ms: 20 }],
    ['slow to send', { how: 'throttle', bytesPerSecond: 200_000 }],
  ])('is %s: the sync takes longer and is complete', async (_name, fault) => {
    const { user, mailbox, integration } = await filled(30);
    faults.fault = fault;
    expect(await syncOnce(store, integration, { password: user.password })).toMatchObject({
      failure: null,
      tally: { new: 30 },
    });
    await expectSame(integration, mailbox);
    await mailbox.close();
  });

  it('breaks whenever messages are fetched: none is blamed, and all are stored when it is well', async () => {
    const { user, mailbox, integration } = await filled(6);
    faults.fault = { how: 'cut', afterBytes: 0 };
    for (let index = 0; index < 12; index += 1)
      await syncOnce(store, integration, { password: user.password });
    expect(await stored(store, integration)).toEqual([]);
    faults.fault = null;
    await syncOnce(store, integration, { password: user.password });
    await expectSame(integration, mailbox);
    await mailbox.close();
  });
});

it.skipIf(absent)(
  'a server hears from us while we are busy elsewhere, and the connection stays',
  async () => {
    const { user, mailbox } = await filled(0);
    await mailbox.close();
    const said: string[] = [];
    const tap = await startImapTap(imap, said);
    const endpoint = { host: imap.host, port: tap.port, secure: false, ca: null };
    const connection = await MailboxConnection.open(endpoint, user, { local: true });
    const heard = () => said.filter((name) => name === 'NOOP').length;
    await connection.during(
      vi.waitFor(() => expect(heard()).toBeGreaterThan(2), { timeout: 30_000 }),
      5,
    );
    expect(await connection.run((client) => client.status('INBOX', { messages: true }))).toMatchObject({
      messages: 0,
    });
    await connection.close();
    await tap.stop();
  },
);
