import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Erasure, PersonalPlace } from '../../../doors/erase/erase.ts';
import { streamQuery } from '../../../doors/store/firestore.ts';
import type { Address } from '../message/message.ts';

/** The fields by which a sync knows a message again: without them, the next one would fetch the mail again. */
const PLACE = [
  'org_id',
  'integration_id',
  'folder',
  'uid_validity',
  'uid',
  'received_at',
  'removed_at',
  'flags',
  'seen',
  'size',
] as const;
const EMPTY = {
  from: null,
  to: [],
  cc: [],
  references: [],
  attachments: [],
  subject: '',
  snippet: '',
  text: '',
  auto_reply: false,
  quarantined: null,
  erased: true,
};

/** Mail from and to a person, where their address was given for it: an empty shell stays, by which it is not fetched again. */
export const inboxPlaces: readonly PersonalPlace[] = [
  {
    collection: 'inbox_messages',
    says: 'mail from or to the addresses given with --email: emptied (the mailbox itself is not changed; delete it there)',
    retention: { kept: 'as long as the mailbox; sync_from bounds what is fetched; ronde erase --email' },
    async *find({ mailAddresses }, { store }) {
      if (mailAddresses.length === 0) return;
      const wanted = new Set(mailAddresses);
      const all = store.collection('inbox_messages').select('from', 'to', 'cc', ...PLACE);
      for await (const snapshot of streamQuery(all))
        if (correspondents(snapshot).some((address) => wanted.has(address))) yield emptied(snapshot);
    },
  },
];

function correspondents(snapshot: QueryDocumentSnapshot): string[] {
  const lists = ['from', 'to', 'cc'].flatMap(
    (name) => (snapshot.get(name) as Address | Address[] | null) ?? [],
  );
  return lists.map(({ address }) => String(address).toLowerCase());
}

function emptied(snapshot: QueryDocumentSnapshot): Erasure {
  const place = PLACE.map((name) => [name, snapshot.get(name) ?? null]);
  return {
    do: 'anonymise',
    ref: snapshot.ref,
    fields: { ...Object.fromEntries(place), ...EMPTY, thread_id: snapshot.id },
    seen: snapshot.updateTime,
    whole: true,
  };
}
