import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapUser, type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import {
  integrationFor,
  type StoredMail,
  stored,
  syncOnce,
  withoutDovecot,
} from '../../../../support/inbox/inbox.ts';
import { mimeCases } from '../../../../support/inbox/mime.ts';
import { openTestStore } from '../../../../support/store.ts';

const absent = withoutDovecot();
const cases = mimeCases();
let store: Firestore;
let imap: LocalImap;
let mails: StoredMail[] = [];
beforeAll(async () => {
  store = openTestStore();
  if (absent) return;
  imap = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
  const user = imap.users[0] as ImapUser;
  imap.deliver(
    user.user,
    cases.map(({ raw }) => raw),
    (index) => new Date(Date.UTC(2026, 2, 4, 0, index)),
  );
  const integration = integrationFor(imap, user);
  await syncOnce(store, integration, { password: user.password });
  mails = await stored(store, integration);
});
afterAll(async () => {
  await imap?.stop();
  await store?.terminate();
});

describe.skipIf(absent)('a broken or rare mail that Dovecot describes', () => {
  it.each(cases)('$name: it is stored as it reads', ({ name, text, subject, from, attachments }) => {
    const id = `<${Buffer.from(name).toString('hex')}@kunde.example>`;
    const mail = mails.find((each) => each.message_id === id);
    expect(mail?.['text']).toBe(text);
    if (subject !== undefined) expect(mail?.['subject']).toBe(subject);
    if (from !== undefined) expect(`${mail?.['from'].name} <${mail?.['from'].address}>`).toBe(from);
    const listed = (mail?.['attachments'] ?? []) as { filename: string | null; mime_type: string }[];
    if (attachments)
      expect(listed.map(({ filename, mime_type }) => `${filename} ${mime_type}`)).toEqual(attachments);
  });
});
