import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReadMessage } from '../../../../../shared/domains/inbox/message/message.ts';
import { readFolders } from '../../../../../shared/domains/inbox/sync/folder/read-folders.ts';
import { type BeingStored, storeMessages } from '../../../../../shared/domains/inbox/sync/store-messages.ts';
import { integrationFor } from '../../../../support/inbox/inbox.ts';
import { openTestStore } from '../../../../support/store.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
let store: Firestore;
beforeAll(() => {
  store = openTestStore();
});
afterAll(() => store?.terminate());

/** A mail as far as threads look at it. */
interface Mail {
  id: string | null;
  references: string[];
}

function read({ id, references }: Mail, uid: number): ReadMessage {
  return {
    ...{ uid, messageId: id, inReplyTo: references.at(-1) ?? null, references, from: null },
    ...{ authors: [], subject: '', snippet: '', writer: 'person', report: null, complaint: false },
    ...{ receivedAt: NOW, flags: [] },
    fields: { references, ...(id === null ? {} : { message_id: id }) },
  };
}

/** Stores mails group by group, one after another or two at a time; which of them are in one thread. */
async function threadsOf(groups: readonly (readonly Mail[])[], atOnce: 1 | 2 = 1) {
  const orgId = randomUUID();
  const server = { host: 'localhost', port: 143 };
  const mailbox = integrationFor(server, { user: 'anna', password: '' }, { orgId });
  const [[folder] = []] = await readFolders(store, [mailbox]);
  if (!folder) throw new Error('the mailbox has no folder');
  await folder.save({ uidValidity: '1' });
  const opened = { uidValidity: '1', uidNext: 1, exists: 0, modseq: null, outbound: false };
  let uid = 0;
  const begun: BeingStored[] = [];
  for (const group of groups) {
    const messages = group.map((mail) => {
      uid += 1;
      return read(mail, uid);
    });
    await begun.at(-atOnce)?.stored;
    begun.push(
      storeMessages(
        { mailbox, folder, opened, now: NOW, replacements: null, signals: undefined, mayGoOn: () => true },
        messages,
        begun.at(-1) ?? null,
      ),
    );
  }
  await begun.at(-1)?.stored;
  const { docs } = await store.collection('inbox_messages').where('org_id', '==', orgId).get();
  const threads = Map.groupBy(docs, (doc) => doc.get('thread_id') as string);
  const named = [...threads.values()].map((members) =>
    members.map((doc) => String(doc.get('message_id') ?? doc.get('uid'))).sort(),
  );
  return named.map((ids) => ids.join(' ')).sort();
}

const mail = (id: string, ...references: string[]): Mail => ({ id, references });

it.each<[string, Mail[]]>([
  ['a question, its answer, and the answer to that', [mail('a'), mail('b', 'a'), mail('c', 'a', 'b')]],
  ['answers that name only what they answer', [mail('a'), mail('b', 'a'), mail('c', 'b'), mail('d', 'c')]],
  ['two mails that name each other', [mail('a', 'b'), mail('b', 'a'), mail('c', 'b')]],
  ['answers to a mail that is not here', [mail('b', 'a'), mail('c', 'a'), mail('d', 'a', 'c')]],
])('%s are one thread, in whatever order they come', async (_name, mails) => {
  const all = mails.map(({ id }) => id).join(' ');
  const orders = [mails, mails.toReversed(), [...mails.slice(1), ...mails.slice(0, 1)]];
  for (const order of orders) {
    expect(await threadsOf([order])).toEqual([all]);
    const singly = order.map((one) => [one]);
    expect(await threadsOf(singly)).toEqual([all]);
    expect(await threadsOf(singly, 2)).toEqual([all]);
  }
});

it('mails that name nothing in common, or have no Message-ID, are threads of their own', async () => {
  const mails: Mail[] = [mail('a'), mail('b', 'x'), mail('c', 'y'), { id: null, references: [] }];
  expect(await threadsOf([mails.slice(0, 2), mails.slice(2)])).toEqual(['4', 'a', 'b', 'c']);
});

/** Mails, each an answer to an earlier one, that name all their ancestors (RFC 5322, 3.6.4), some of the nearest, or one. */
const conversation = fc
  .array(fc.record({ parent: fc.nat(), named: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 9,
  })
  .map((answers) => {
    const chains: string[][] = [[]];
    const mails = [mail('m0')];
    for (const [index, { parent, named }] of answers.entries()) {
      const above = parent % (index + 1);
      const chain = [...(chains[above] ?? []), `m${above}`];
      chains.push(chain);
      mails.push(mail(`m${index + 1}`, ...chain.slice(-named)));
    }
    return mails;
  })
  .chain((mails) =>
    fc.record({
      mails: fc.shuffledSubarray(mails, { minLength: mails.length, maxLength: mails.length }),
      cuts: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
    }),
  );

it.each([1, 2] as const)(
  'a conversation is one thread, whatever of it is stored when, %d at a time',
  async (atOnce) => {
    await fc.assert(
      fc.asyncProperty(conversation, async ({ mails, cuts }) => {
        const edges = [0, ...cuts.filter((cut) => cut < mails.length).sort(), mails.length];
        const groups = edges.slice(1).map((end, index) => mails.slice(edges[index], end));
        expect(await threadsOf(groups, atOnce)).toEqual([
          mails
            .map(({ id }) => id)
            .sort()
            .join(' '),
        ]);
      }),
      { seed: 20260304, numRuns: 60 },
    );
  },
);
