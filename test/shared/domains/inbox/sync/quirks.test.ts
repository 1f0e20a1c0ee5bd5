import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Integration } from '../../../../../shared/domains/inbox/integration.ts';
import type { InboxSignal } from '../../../../../shared/domains/inbox/message/signals.ts';
import { integrationFor, type StoredMail, stored, syncOnce } from '../../../../support/inbox/inbox.ts';
import { fieldAccounts, moreAccounts } from '../../../../support/inbox/quirks/accounts.ts';
import { many, plain } from '../../../../support/inbox/quirks/mail.ts';
import {
  asked,
  type QuirkAccount,
  type QuirkCommand,
  type QuirkServer,
  startQuirks,
} from '../../../../support/inbox/quirks/server.ts';
import { openTestStore } from '../../../../support/store.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const HOUR_MS = 3_600_000;
/** The server that fails for some sessions is ill while this is true. */
let isIll = false;
const breaksOff = ({ command, args, socket }: QuirkCommand, isMeant: boolean) => {
  if (!isIll || command !== 'UID FETCH' || !isMeant || !/BODY|ENVELOPE/.test(args)) return false;
  socket.destroy();
  return true;
};
const field = fieldAccounts();
const ill: QuirkAccount = { messages: many(2), on: (command) => breaksOff(command, true) };
const poisoned: QuirkAccount = {
  messages: [...many(2), plain(3, { inReplyTo: '<ours@x>' }), plain(4)],
  on: (command) =>
    breaksOff(
      command,
      asked(command).some.some(({ mail }) => mail.uid === 3),
    ),
};
const accounts: Record<string, QuirkAccount> = {
  ...field,
  ...moreAccounts(),
  ill,
  poisoned,
  tokenend: fieldAccounts()['bye'] as QuirkAccount,
};
const accountOf = (user: string) => accounts[user] as QuirkAccount;
let store: Firestore;
let server: QuirkServer;
beforeAll(async () => {
  store = openTestStore();
  server = await startQuirks(accounts);
});
afterAll(async () => {
  await server?.stop();
  await store?.terminate();
});

const mailboxFor = (user: string, changes: Partial<Integration> = {}) =>
  integrationFor(server, { user, password: 'x' }, changes);

interface Outcome {
  mails: StoredMail[];
  last: Awaited<ReturnType<typeof syncOnce>>;
}

async function synchronise(mailbox: Integration, syncs: number, heard?: InboxSignal[]): Promise<Outcome> {
  let last = await syncOnce(store, mailbox, { password: 'x', now: NOW, ...(heard ? { heard } : {}) });
  for (let more = 1; more < syncs; more += 1)
    last = await syncOnce(store, mailbox, { password: 'x', now: NOW, ...(heard ? { heard } : {}) });
  return { mails: await stored(store, mailbox), last };
}

const textsOf = (mails: readonly StoredMail[]) => mails.map((mail) => mail['text'] as string);
const hello = (count: number) => Array.from({ length: count }, (_, index) => `Hello ${index + 1}`);

describe('a server that says things otherwise', () => {
  it.each([
    ...Object.entries({ yahoo1000: 240, yahooold: 50, searchempty: 5, searchbad: 3, splitsearch: 6 }),
    ...Object.entries({ nouidnext: 5, uidnextlie: 4, uidnextzero: 4, splitfetch: 4, nouid: 4, neveruid: 3 }),
    ...Object.entries({
      condbad: 6,
      modseq0: 4,
      modseqlie: 4,
      expunge: 8,
      courier: 3,
      nildelim: 3,
      nsfails: 3,
    }),
    ...Object.entries({ utf8name: 2, nopartial: 3, quotedname: 3, oktext: 3, shrink: 20, flagsnomod: 4 }),
    ...Object.entries({ nodate: 3, baddate: 8, nilenvelope: 4, messagelimit: 70, silentlimit: 25 }),
    ...Object.entries({
      nothingsaid: 4,
      itemwise: 3,
      neverdescribed: 3,
      quotedtext: 3,
      lowercase: 3,
      bothends: 60,
    }),
  ])('%s: all %i mails are stored with their texts, in one sync', async (user, count) => {
    const { mails, last } = await synchronise(mailboxFor(user), 1);
    expect(textsOf(mails)).toEqual(hello(count));
    expect(last).toMatchObject({ failure: null, tally: { complete: true, gaps: [], quarantined: 0 } });
  });

  it.each(['yahoo1000', 'yahooold', 'nouidnext', 'uidnextlie', 'searchempty', 'messagelimit', 'condbad'])(
    '%s: new mail is found in the next sync, and nothing is removed',
    async (user) => {
      const mailbox = mailboxFor(user);
      const { mails: before } = await synchronise(mailbox, 1);
      const account = accountOf(user);
      account.messages = [...account.messages, plain(account.messages.length + 1)];
      const { mails, last } = await synchronise(mailbox, 3);
      account.messages = account.messages.slice(0, -1);
      expect(mails.length).toBe(before.length + 1);
      expect(last.tally.gaps).toEqual([]);
    },
  );

  it('middlecut: mail that the search leaves out is found though the UIDs have gaps', async () => {
    const mailbox = mailboxFor('middlecut');
    const { mails, last } = await synchronise(mailbox, 1);
    expect(mails).toHaveLength(60);
    expect(last.tally.gaps).toEqual([]);
    expect(server.said.get('middlecut')?.length).toBeLessThan(120);
  });

  it('messagelimit: with a first date the mail before it is left out, though the search is cut', async () => {
    const { mails, last } = await synchronise(mailboxFor('yahooold', { since: new Date('2026-03-04') }), 1);
    expect(mails).toHaveLength(50);
    const later = await synchronise(mailboxFor('searchempty', { since: new Date('2026-03-05') }), 1);
    expect([last.tally.gaps, later.mails, later.last.tally.gaps]).toEqual([[], [], []]);
  });

  it('existsmore: the folder says both numbers, and its mail is there', async () => {
    const { mails, last } = await synchronise(mailboxFor('existsmore'), 2);
    expect(textsOf(mails)).toEqual(hello(5));
    expect(last.tally.gaps).toEqual([{ folder: 'INBOX', exists: 9, stored: 5 }]);
  });

  it.each(['uidv0', 'uidvbig', 'uidvnone'])(
    '%s: a folder without a UIDVALIDITY fails, and says so',
    async (user) => {
      const { mails, last } = await synchronise(mailboxFor(user), 1);
      expect([mails, last.failure?.kind]).toEqual([[], 'protocol']);
      expect(last.failure?.detail).toContain('UIDVALIDITY');
    },
  );

  it.each([
    ['nologin', 'network'],
    ['overquota', 'busy'],
    ['inuse', 'busy'],
    ['exthrottle', 'busy'],
  ])('%s: the failure is %s in each sync, and no mail is blamed', async (user, kind) => {
    const { mails, last } = await synchronise(mailboxFor(user), 4);
    expect([mails, last.failure?.kind]).toEqual([[], kind]);
  });

  it('fetchempty: a server that returns none of its mails is at fault, not they', async () => {
    const { mails, last } = await synchronise(mailboxFor('fetchempty'), 4);
    expect([mails, last.tally.gaps]).toEqual([[], [{ folder: 'INBOX', exists: 4, stored: 0 }]]);
  });

  it('bye: what came before the connection ended is there, the rest comes in the next sync', async () => {
    const { mails, last } = await synchronise(mailboxFor('bye'), 3);
    expect([mails.length, last.failure]).toEqual([150, null]);
  });

  it('tokenend: a new token goes on in the same sync', async () => {
    const { mails, last } = await synchronise(mailboxFor('tokenend', { method: 'xoauth2' }), 1);
    expect([mails.length, last.failure]).toEqual([150, null]);
  });

  it('condbad: flags are compared if the server refuses to name the changed ones', async () => {
    const mailbox = mailboxFor('condbad');
    await synchronise(mailbox, 2);
    const [first] = accountOf('condbad').messages;
    if (first) first.flags = '(\\Seen)';
    const { mails, last } = await synchronise(mailbox, 1);
    if (first) first.flags = '()';
    expect([mails[0]?.flags, last.failure, last.tally.updated]).toEqual([['\\Seen'], null, 1]);
  });
});

describe('a message that a server says otherwise', () => {
  it.each([
    ['nilstruct', 'I am the text'],
    ['nilchild', 'Hello 2'],
    ['emptystruct', 'Hello 2'],
    ['stringstruct', 'café'],
    ['nilparts', 'In the whole'],
    ['extraparen', 'Hello 2'],
    ['exchcrlf', 'Hello 2'],
    ['unescaped', 'Hello 2'],
    ['eightbit', 'Hello 2'],
  ])('%s: its text is %s, and the others come', async (user, text) => {
    const { mails } = await synchronise(mailboxFor(user), 3);
    const [first, second, third] = mails;
    expect([first?.['text'], second?.['text']]).toEqual(['Hello 1', text]);
    if (third) expect(third['text']).toBe('Hello 3');
  });

  it('nilbody: NIL is an empty text; envelope and signals count at once, and the text is asked for again', async () => {
    const heard: InboxSignal[] = [];
    const mailbox = mailboxFor('nilbody');
    const { mails } = await synchronise(mailbox, 1, heard);
    expect(mails[1]).toMatchObject({
      subject: 'Re: rappel, NIL body',
      text: '',
      text_missing: true,
      quarantined: null,
    });
    expect(heard.some((each) => each.kind === 'mail' && each.references.includes('<ours@x>'))).toBe(true);
    const [, second] = accountOf('nilbody').messages;
    if (second) second.parts = { 1: Buffer.from('Here it is') };
    await syncOnce(store, mailbox, { password: 'x', now: new Date(NOW.getTime() + HOUR_MS) });
    if (second) second.parts = {};
    const after = (await stored(store, mailbox))[1];
    expect([after?.['text'], after?.['text_missing']]).toEqual(['Here it is', undefined]);
  });

  it('emptytext: a text that never comes is marked, and blocks nothing', async () => {
    const { mails, last } = await synchronise(mailboxFor('emptytext'), 1);
    expect(mails.map((mail) => mail['text_missing'] ?? false)).toEqual([false, true, false]);
    expect(last.tally.gaps).toEqual([]);
  });

  it('zerobyte, wrongsize, gmx: a mail without text has none, and a wrong size hides none', async () => {
    const [zero, wrong, gmx] = [
      (await synchronise(mailboxFor('zerobyte'), 1)).mails,
      (await synchronise(mailboxFor('wrongsize'), 1)).mails,
      (await synchronise(mailboxFor('gmx'), 1)).mails,
    ];
    expect(textsOf(zero)).toEqual(['', 'Hello 2']);
    expect(zero[0]?.['text_missing']).toBeUndefined();
    expect(textsOf(wrong)).toEqual(['Size says nought, text is here']);
    expect(textsOf(gmx)).toEqual(['html text']);
  });

  it('eightbit: raw characters of Windows-1252 are read in names and subjects', async () => {
    const { mails } = await synchronise(mailboxFor('eightbit'), 1);
    expect([mails[1]?.['subject'], mails[1]?.['from'].name]).toEqual([
      'Relance facture impayée',
      'René Weiss',
    ]);
    const nil = (await synchronise(mailboxFor('nilenvelope'), 1)).mails;
    expect(nil.map((mail) => mail['subject'])).toEqual(['Mail 1', '', '', 'éèà']);
  });

  it('headeronly: what the envelope leaves out is read from the header, and the answer counts', async () => {
    const heard: InboxSignal[] = [];
    const { mails } = await synchronise(mailboxFor('headeronly'), 1, heard);
    expect(mails[1]).toMatchObject({
      subject: 'Re: Relance impayée',
      from: { name: 'Weiss, René', address: 'rene@kunde.example' },
      message_id: '<h2@kunde.example>',
    });
    expect(heard.some((each) => each.kind === 'mail' && each.references.includes('<ours@x>'))).toBe(true);
  });

  it('baddate, nodate: a date that cannot be is the Date field, and none is after tomorrow', async () => {
    const { mails } = await synchronise(mailboxFor('baddate'), 1);
    const days = mails.map((mail) => mail['received_at'].toDate().toISOString().slice(0, 10));
    expect(days).toEqual([...Array(6).fill('2026-03-04'), '2026-03-05', '2026-03-04']);
    expect((await synchronise(mailboxFor('nodate'), 1)).mails[1]?.['received_at'].toDate()).toEqual(
      new Date('2026-03-04T08:00:00Z'),
    );
  });

  it('hugelit: one that the server gives only as a whole, too large, is set aside, and the others come', async () => {
    const { mails } = await synchronise(mailboxFor('hugelit'), 6);
    expect(textsOf(mails)).toEqual(['Hello 1', '', 'Hello 3']);
    expect(mails[1]?.['quarantined']).toMatchObject({ attempts: 3 });
  });

  it.each(['yahoobad', 'yahoobad2', 'badfetch', 'nofetch', 'tempfail', 'serverbug'])(
    '%s: one that the server refuses is set aside after three syncs, and the others come in the first',
    async (user) => {
      const mailbox = mailboxFor(user);
      const { mails, last } = await synchronise(mailbox, 1);
      expect(mails.filter((mail) => mail['quarantined'] === null)).toHaveLength(29);
      expect(last.tally.gaps).toEqual([{ folder: 'INBOX', exists: 30, stored: 29 }]);
      const after = await synchronise(mailbox, 2);
      const aside = after.mails.filter((mail) => mail['quarantined'] !== null);
      expect(aside).toMatchObject([{ uid: 17, quarantined: { attempts: 3 } }]);
      expect(after.last.tally.gaps).toEqual([]);
    },
  );
});

describe('a server that is ill', () => {
  it('blames no mail, however often it breaks off, and stores it when it is well', async () => {
    const mailbox = mailboxFor('ill');
    await synchronise(mailbox, 1);
    ill.messages = many(3);
    isIll = true;
    const { mails, last } = await synchronise(mailbox, 5);
    expect([mails.length, last.failure?.kind]).toEqual([2, 'network']);
    isIll = false;
    const well = await synchronise(mailbox, 1);
    expect(textsOf(well.mails)).toEqual(hello(3));
  });

  it('puts a mail that breaks each connection into quarantine, and has it back with its signals', async () => {
    const mailbox = mailboxFor('poisoned');
    isIll = true;
    const { mails } = await synchronise(mailbox, 6);
    expect(mails.map(({ uid, quarantined }) => [uid, quarantined?.attempts ?? 0])).toEqual([
      [1, 0],
      [2, 0],
      [3, 3],
      [4, 0],
    ]);
    const heard: InboxSignal[] = [];
    const at = (hours: number) => ({ password: 'x', now: new Date(NOW.getTime() + hours * HOUR_MS), heard });
    expect(await syncOnce(store, mailbox, at(1))).toMatchObject({ failure: null });
    isIll = false;
    await syncOnce(store, mailbox, at(1.5));
    expect(heard).toEqual([]);
    await syncOnce(store, mailbox, at(2));
    expect(heard.some((each) => each.kind === 'mail' && each.references.includes('<ours@x>'))).toBe(true);
    const third = (await stored(store, mailbox))[2];
    expect(third).toMatchObject({ text: 'Hello 3', quarantined: null, message_id: '<m3@kunde.example>' });
    expect(third?.['in_quarantine']).toBeUndefined();
  });
});

describe('a folder', () => {
  it('that is not on the server in two syncs is named', async () => {
    const mailbox = mailboxFor('renamed', { folders: ['INBOX', 'Envoyés'] });
    const { last: first } = await synchronise(mailbox, 1);
    expect(first.tally.gaps).toEqual([]);
    const { last } = await synchronise(mailbox, 1);
    expect(last.tally.gaps).toEqual([{ folder: 'Envoyés', exists: null, stored: 0 }]);
  });

  it('that moved to another server keeps its mail: it is known by its Message-ID', async () => {
    const mailbox = mailboxFor('migrate');
    await synchronise(mailbox, 1);
    accountOf('migrate').uidValidity = 77;
    for (const mail of accountOf('migrate').messages) mail.size += 40;
    const heard: InboxSignal[] = [];
    const { mails, last } = await synchronise(mailbox, 1, heard);
    expect([mails.length, last.tally.new, last.tally.removed, heard]).toEqual([5, 0, 0, []]);
  });

  it('loses the mail that the server loses, in two syncs', async () => {
    const mailbox = mailboxFor('shrink');
    await synchronise(mailbox, 1);
    const { messages } = accountOf('shrink');
    accountOf('shrink').messages = messages.slice(5);
    const { mails, last } = await synchronise(mailbox, 2);
    accountOf('shrink').messages = messages;
    expect([mails.length, last.tally.removed, last.tally.gaps]).toEqual([15, 5, []]);
  });
});
