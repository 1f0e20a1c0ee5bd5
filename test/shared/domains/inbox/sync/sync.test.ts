import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import type { Integration } from '../../../../../shared/domains/inbox/integration.ts';
import { folderKey } from '../../../../../shared/domains/inbox/message/identity.ts';
import type { InboxSignal } from '../../../../../shared/domains/inbox/message/signals.ts';
import {
  bothListings,
  everStored,
  integrationFor,
  stored,
  syncOnce,
  withoutDovecot,
} from '../../../../support/inbox/inbox.ts';
import { type Mailbox, mail, openMailbox } from '../../../../support/inbox/mailbox.ts';
import { openTestStore } from '../../../../support/store.ts';

/** The capabilities of a server without extensions. */
const PLAIN = 'IMAP4rev1 UIDPLUS LITERAL+ SPECIAL-USE LIST-EXTENDED';

/** A fresh account for each test. */
const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `user${index}`);

const absent = withoutDovecot();
let store: Firestore;
beforeAll(() => {
  store = openTestStore();
});
afterAll(() => store?.terminate());

/** The cursor of a folder, as it is kept. */
const cursorOf = async (integration: Integration, folder = 'INBOX') =>
  (await store.doc(`inbox_integrations/${integration.id}/folders/${folderKey(folder)}`).get()).data();

describe.skipIf(absent).each([
  ['with CONDSTORE', undefined],
  ['without CONDSTORE or any extension', PLAIN],
])('synchronising a mailbox of a server %s', (_name, capability) => {
  let imap: LocalImap;
  let mailbox: Mailbox;
  let integration: Integration;
  let password: string;
  let accounts = 0;

  beforeAll(async () => {
    imap = (await startImap({
      prefer: 'real',
      users: ACCOUNTS,
      ...(capability ? { capability } : {}),
    })) as LocalImap;
  });
  afterAll(() => imap?.stop());
  beforeEach(async () => {
    const user = imap.users[accounts++];
    if (!user) throw new Error('there are more tests than accounts');
    password = user.password;
    mailbox = await openMailbox(imap, user);
    integration = integrationFor(imap, user);
    return () => mailbox.close();
  });

  const sync = (more: Partial<Parameters<typeof syncOnce>[2]> = {}) =>
    syncOnce(store, integration, { password, ...more });
  const append = async (count: number, folder = 'INBOX') => {
    const uids: number[] = [];
    for (let index = 0; index < count; index += 1)
      uids.push(
        await mailbox.append(mail({ 'Message-ID': `<${randomUUID()}@x.test>`, Subject: `Mail ${index}` }), {
          folder,
        }),
      );
    return uids;
  };
  const expectSame = async (folder = 'INBOX') => {
    const { server, store: kept } = await bothListings(store, integration, mailbox, folder);
    expect(kept).toEqual(server);
  };

  it('the first sync stores every message, the second finds nothing to do', async () => {
    await append(5);
    await mailbox.append(mail({ Subject: 'flagged' }), { flags: ['\\Seen', '\\Flagged', 'custom'] });
    expect(await sync()).toMatchObject({
      failure: null,
      tally: { new: 6, announced: 6, stored: 6, complete: true },
    });
    await expectSame();
    const again = await sync();
    expect(again.tally).toMatchObject({ new: 0, updated: 0, removed: 0, announced: 0 });
    expect(again.usage).toMatchObject({
      firestore_writes: capability ? expect.any(Number) : 0,
      firestore_reads: 1,
    });
    expect((await sync()).usage.firestore_writes).toBe(0);
  });

  it('an empty mailbox is empty, and then is not', async () => {
    expect(await sync()).toMatchObject({ failure: null, tally: { new: 0, complete: true } });
    await append(1);
    expect((await sync()).tally.new).toBe(1);
    await expectSame();
  });

  it('new mail, changed flags and removed mail show; a removal is confirmed by a second sync', async () => {
    const uids = await append(6);
    await sync();
    await append(2);
    await mailbox.within('INBOX', async (client) => {
      await client.messageFlagsAdd([uids[0] as number], ['\\Seen', '\\Answered'], { uid: true });
      await client.messageDelete(uids.slice(1, 3), { uid: true });
    });
    expect((await sync()).tally).toMatchObject({ new: 2, updated: 1, removed: 0 });
    expect((await stored(store, integration)).length).toBe(8);
    expect((await sync()).tally).toMatchObject({ new: 0, removed: 2 });
    await expectSame();
    await mailbox.within('INBOX', (client) =>
      client.messageFlagsRemove([uids[0] as number], ['\\Seen'], { uid: true }),
    );
    expect((await sync()).tally).toMatchObject({ updated: 1 });
    await expectSame();
  });

  it('a removal and an arrival that leave the count as it was are both found', async () => {
    const uids = await append(3);
    await sync();
    await mailbox.within('INBOX', (client) => client.messageDelete([uids[1] as number], { uid: true }));
    await append(1);
    await sync();
    await sync();
    await expectSame();
  });

  it('a message that moves to another folder is there, and no longer here', async () => {
    integration = { ...integration, folders: ['INBOX', 'Archive'] };
    const uids = await append(3);
    await sync();
    await mailbox.within('INBOX', (client) =>
      client.messageMove([uids[1] as number], 'Archive', { uid: true }),
    );
    await sync();
    await sync();
    await expectSame('INBOX');
    await expectSame('Archive');
  });

  it('a folder that is renamed away is removed after two syncs, and comes back as itself', async () => {
    await mailbox.client.mailboxCreate('Clients');
    await append(3, 'Clients');
    integration = { ...integration, folders: ['INBOX', 'Clients', 'Customers'] };
    await sync();
    await mailbox.client.mailboxRename('Clients', 'Customers');
    for (let index = 0; index < 3; index += 1) expect((await sync()).failure).toBeNull();
    expect(await stored(store, integration, 'Clients')).toEqual([]);
    await expectSame('Customers');
    await mailbox.client.mailboxRename('Customers', 'Clients');
    for (let index = 0; index < 3; index += 1) await sync();
    expect(await stored(store, integration, 'Customers')).toEqual([]);
    await expectSame('Clients');
  });

  it('a new UIDVALIDITY makes new documents of the same mails, none of them new, none answered twice', async () => {
    const heard: InboxSignal[] = [];
    const replies = () => heard.filter((each) => each.kind === 'mail' && each.references.length > 0);
    await append(3);
    await mailbox.append(mail({ 'In-Reply-To': '<sent@us.test>' }));
    await sync({ heard });
    expect(replies()).toHaveLength(1);
    const before = await stored(store, integration);
    await imap.doveadm('mailbox', 'update', '-u', integration.user, '--uid-validity', '4242', 'INBOX');
    await append(1);
    expect((await sync({ heard })).tally).toMatchObject({ new: 1, removed: 0 });
    await sync({ heard });
    await expectSame();
    expect(replies()).toHaveLength(1);
    const after = await stored(store, integration);
    expect(
      after
        .map(({ replaces }) => replaces)
        .filter(Boolean)
        .sort(),
    ).toEqual(before.map(({ id }) => id).sort());
    expect(new Set(after.map(({ uid_validity }) => uid_validity))).toEqual(new Set(['4242']));
    expect(await cursorOf(integration)).toMatchObject({ uid_validity: '4242', resets: 1 });
  });

  it('a UIDVALIDITY that changes sync by sync is refused after the fifth, until it has settled', async () => {
    await append(2);
    await sync();
    const change = (validity: number) =>
      imap.doveadm('mailbox', 'update', '-u', integration.user, '--uid-validity', String(validity), 'INBOX');
    for (let count = 1; count <= 5; count += 1) {
      await change(5_000 + count);
      expect((await sync()).failure).toBeNull();
    }
    await change(6_000);
    expect((await sync()).failure).toMatchObject({ kind: 'protocol' });
    await change(6_001);
    expect((await sync()).failure).toMatchObject({ kind: 'protocol' });
    expect((await sync()).failure).toBeNull();
    await expectSame();
    await change(6_002);
    expect((await sync()).failure).toMatchObject({ kind: 'protocol' });
    expect((await sync()).failure).toBeNull();
    await sync();
    await change(6_003);
    expect((await sync()).failure).toBeNull();
    await expectSame();
  });

  it('a mailbox that is deleted and made again loses what is no longer in it', async () => {
    await mailbox.client.mailboxCreate('Work');
    await append(4, 'Work');
    integration = { ...integration, folders: ['Work'] };
    await sync();
    await mailbox.client.mailboxDelete('Work');
    await mailbox.client.mailboxCreate('Work');
    await imap.doveadm('mailbox', 'update', '-u', integration.user, '--uid-validity', '77', 'Work');
    await append(2, 'Work');
    await sync();
    await sync();
    await expectSame('Work');
    expect((await stored(store, integration)).length).toBe(2);
  });

  it('UIDs as large as they can be are UIDs', async () => {
    await append(1);
    await imap.doveadm('mailbox', 'update', '-u', integration.user, '--min-next-uid', '4294967290', 'INBOX');
    await append(2);
    await sync();
    await expectSame();
    expect(await cursorOf(integration)).toMatchObject({ last_uid: 4294967291, backfill_uid: 1 });
    expect((await sync()).tally.announced).toBe(0);
  });

  it('a cursor that is deleted or damaged is learnt again, and nothing is stored twice', async () => {
    const uids = await append(5);
    await sync();
    const before = await everStored(store, integration);
    const ref = store.doc(`inbox_integrations/${integration.id}/folders/${folderKey('INBOX')}`);
    await ref.delete();
    await mailbox.within('INBOX', async (client) => {
      await client.messageFlagsAdd([uids[0] as number], ['\\Seen'], { uid: true });
      await client.messageDelete([uids[4] as number], { uid: true });
    });
    expect((await sync()).tally.new).toBe(0);
    await sync();
    await expectSame();
    await ref.update({ uids: 'nonsense', last_uid: -5 });
    expect((await sync()).tally.new).toBe(0);
    await expectSame();
    expect((await everStored(store, integration)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  it('time that is up in the middle is gone on from, new mail first', async () => {
    await append(12);
    let left = 2;
    await sync({ mayGoOn: () => left-- > 0 });
    await append(1);
    for (let index = 0; index < 3; index += 1) await sync();
    await expectSame();
  });

  it('only mail since the day that is asked for is stored', async () => {
    await mailbox.append(mail({ Subject: 'old' }), { date: new Date('2020-01-01T12:00:00Z') });
    await mailbox.append(mail({ Subject: 'recent' }), { date: new Date('2026-03-01T12:00:00Z') });
    integration = { ...integration, since: new Date('2026-01-01T00:00:00Z') };
    await sync();
    expect((await stored(store, integration)).map(({ subject }) => subject)).toEqual(['recent']);
    const again = await sync();
    expect(again.tally).toMatchObject({ announced: 0, complete: true });
  });

  it('two syncs at once store each message once, and the cursor is never ahead', async () => {
    await append(30);
    const syncs = await Promise.allSettled([sync(), sync(), sync()]);
    for (const each of syncs)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ name: 'Overtaken' });
    await sync();
    await expectSame();
    expect((await everStored(store, integration)).length).toBe(30);
  });

  it('the mailbox itself is never changed', async () => {
    await append(3);
    const before = await mailbox.listing();
    await sync();
    expect(await mailbox.listing()).toEqual(before);
  });
});
