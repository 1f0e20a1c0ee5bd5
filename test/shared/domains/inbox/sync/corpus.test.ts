import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import {
  bothListings,
  integrationFor,
  type StoredMail,
  stored,
  syncOnce,
  withoutDovecot,
} from '../../../../support/inbox/inbox.ts';
import { type Mailbox, openMailbox } from '../../../../support/inbox/mailbox.ts';
import { spamAssassin, WHOLE } from '../../../../support/inbox/spam-assassin.ts';
import { openTestStore } from '../../../../support/store.ts';

/** `npm test` takes every so manieth mail of each group; CORPUS=all takes all, which may take so much longer. */
const { EVERY, TIMEOUT_MS } = WHOLE ? { EVERY: 1, TIMEOUT_MS: 3_600_000 } : { EVERY: 6, TIMEOUT_MS: 600_000 };
/** When the first of them arrived. */
const FIRST = Date.parse('2026-01-01T00:00:00Z');
/** The text must have this share of the words that both other parsers find: they do not agree on everything. */
const MOST_WORDS = 0.9;
/** Mails of which less is to be found, and why that is right. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'easy-ham-1/01225.394c24658bf3f9f8f741bcbc94ca017c.txt':
    'the rest is a file, enclosed by its name: an attachment',
  'easy-ham-1/01294.8c242aa8998042dd666b7f9db56a6a3e.txt':
    'the rest is a mail within the mail: an attachment',
  'spam-1/00479.a2cd6780001042d8203b05a6ab0f34ac.txt':
    'the rest is addresses of links, and what breaks words',
  'spam-2/01209.01df2f8f68a70062085ef787973f9ba0.txt': 'the rest is addresses of links',
};
/** Markup that must not pass the sanitiser: it runs, loads by itself or sends. */
const UNSAFE = /<(script|style|iframe|object|embed|form|meta|link)\b|<[^>]*\son\w+\s*=|javascript:/i;
const REMOTE_IMAGE = /<img[^>]+src="(?!cid:)/i;

const absent = withoutDovecot();
let store: Firestore;
let imap: LocalImap;
beforeAll(async () => {
  store = openTestStore();
  if (!absent) imap = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await store?.terminate();
});

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The words of a text: three letters or digits at least, and none of them a character that could not be read. */
const wordsOf = (text: string | undefined | false) => {
  const found = (text || '').toLowerCase().match(/[\p{L}\p{N}\ufffd]{3,}/gu) ?? [];
  return new Set(found.filter((word) => !word.includes('\ufffd')));
};

const common = (one: ReadonlySet<string>, other: ReadonlySet<string>) =>
  new Set([...one].filter((word) => other.has(word)));

const stripped = (html: string | undefined | false) =>
  (html || '').replace(/<!--[\s\S]*?-->|<(style|head|title|script)\b[\s\S]*?<\/\1>|<[^>]*>|&\w+;/gi, ' ');

/** The words that two independent parsers both find in a mail. */
async function wordsOfBoth(raw: Buffer): Promise<Set<string>> {
  const one = await simpleParser(raw, { skipTextToHtml: true, skipImageLinks: true });
  const other = await PostalMime.parse(raw);
  return common(wordsOf(one.text || stripped(one.html)), wordsOf(other.text || stripped(other.html)));
}

/** The mails as the server itself hands them out: no guess about which file became which UID. */
async function* sources({ client }: Mailbox): AsyncGenerator<{ uid: number; source: Buffer }> {
  const lock = await client.getMailboxLock('INBOX');
  try {
    for await (const { uid, source } of client.fetch('1:*', { uid: true, source: true }))
      yield { uid, source: source as Buffer };
  } finally {
    lock.release();
  }
}

it.skipIf(absent)(
  'every mail of the SpamAssassin corpus is stored, none in quarantine, with its text',
  { timeout: TIMEOUT_MS },
  async () => {
    const [user] = imap.users;
    if (!user) throw new Error('there is no account');
    const mails = spamAssassin(EVERY);
    imap.deliver(user.user, mails.values(), (index) => new Date(FIRST + index * 1_000));
    const integration = integrationFor(imap, user);
    const result = await syncOnce(store, integration, { password: user.password, hangUpAfterMs: TIMEOUT_MS });
    expect(result).toMatchObject({
      failure: null,
      tally: { new: mails.size, quarantined: 0, complete: true },
    });
    const mailbox = await openMailbox(imap, user);
    const { server, store: listed } = await bothListings(store, integration, mailbox);
    const places = (all: typeof server) => all.map(({ uid, size }) => [uid, size]);
    expect(server.length).toBe(mails.size);
    expect(places(listed)).toEqual(places(server));
    const names = new Map([...mails].map(([name, mail]) => [digest(mail), name]));
    const kept = new Map((await stored(store, integration)).map((each) => [each.uid, each]));
    const unsafe: string[] = [];
    const without: string[] = [];
    for await (const { uid, source } of sources(mailbox)) {
      const name = names.get(digest(source)) ?? `UID ${uid}, which is no mail of the corpus`;
      const { text, html } = kept.get(uid) as StoredMail;
      const safe = String(html ?? '');
      if (UNSAFE.test(safe) || REMOTE_IMAGE.test(safe)) unsafe.push(name);
      const words = await wordsOfBoth(source);
      // Within the text, not as words of it: HTML sets words apart, or does not, as each reader sees it.
      const read = String(text).toLowerCase();
      const found = [...words].filter((word) => read.includes(word)).length / words.size;
      if (!names.has(digest(source)) || (words.size > 0 && found < MOST_WORDS && !(name in EXPLAINED)))
        without.push(`${name}: ${Math.round(found * 100)} % of ${words.size} words`);
    }
    expect(unsafe).toEqual([]);
    expect(without).toEqual([]);
    await mailbox.close();
  },
);
