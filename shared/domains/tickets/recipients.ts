import type { DocumentSnapshot, Firestore, Transaction } from '@google-cloud/firestore';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import { MAX_RECIPIENTS } from './limits.ts';
import type { RecipientEntry, RecipientList, RecipientView } from './recipient.ts';

export interface RecipientContext {
  store: Firestore;
}

/** A fault of one entry that only shows beside what is stored; `index` is its place in the list that was sent. */
export class RecipientFault extends Error {
  readonly index: number;
  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

const all = (store: Firestore) => store.collection('alert_recipients');

/** Reads all recipients, by id. */
export async function readRecipientList({ store }: RecipientContext): Promise<RecipientList> {
  const { docs } = await all(store).get();
  const recipients = docs.map((doc) => ({
    ...(toJson(doc.data()) as Omit<RecipientView, 'id' | 'updated_at'>),
    id: doc.id,
    updated_at: versionOf(doc),
  }));
  return { recipients, updated_at: newest(docs) };
}

/**
 * Saves entries in one transaction: a recipient is found by id, else by address, else made. Each address is kept once: of
 * several recipients that have it, the one that is written stays. `requireVersion` throws where the list, or one of the
 * recipients, is not the one that was read. Throws RecipientFault for an entry that does not fit what is stored.
 */
export async function saveRecipients(
  { store }: RecipientContext,
  entries: readonly RecipientEntry[],
  requireVersion: (current: string | null, entry?: RecipientEntry) => void,
): Promise<void> {
  await store.runTransaction(async (transaction) => {
    const { docs } = await transaction.get(all(store));
    requireVersion(newest(docs));
    const stored = docs.map(toStored);
    const saves = merged(entries, stored);
    const made = saves.filter(({ target }) => target === null).length;
    if (stored.length + made > MAX_RECIPIENTS)
      throw new RecipientFault(0, `there would be more than ${MAX_RECIPIENTS}; use a mailing list's address`);
    const targets = new Set(saves.map(({ target }) => target));
    const others = stored.filter((one) => !targets.has(one));
    for (const save of saves) write(transaction, store, save, others, requireVersion);
  });
}

interface Stored {
  snapshot: DocumentSnapshot;
  id: string;
  address: string | null;
  active: boolean;
}

const toStored = (snapshot: DocumentSnapshot): Stored => ({
  snapshot,
  id: snapshot.id,
  address: normaliseAddress(String(snapshot.get('email') ?? '')),
  active: snapshot.get('active') === true,
});

interface Save {
  entry: RecipientEntry;
  /** The stored recipient that it changes; null: a new one. */
  target: Stored | null;
  /** The address it will have; null where what is stored is none and no other was sent. */
  address: string | null;
  /** Other recipients that were sent with the same address: they become this one. */
  absorbed: Stored[];
}

/** One save per recipient and address. Of entries that mean the same, the first decides, and one active one suffices. */
function merged(entries: readonly RecipientEntry[], stored: readonly Stored[]): Save[] {
  const saves: Save[] = [];
  for (const [index, entry] of entries.entries()) {
    const target = targetOf(entry, index, stored);
    const address = entry.email ?? target?.address ?? null;
    if (target === null) requireWhole(entry, index);
    const same = saves.find(
      (save) => (target !== null && save.target === target) || (address !== null && save.address === address),
    );
    if (!same) {
      saves.push({ entry: { ...entry }, target, address, absorbed: [] });
      continue;
    }
    if (entry.active) same.entry.active = true;
    if (target !== null && target !== same.target) same.absorbed.push(target);
  }
  return saves;
}

function targetOf({ id, email }: RecipientEntry, index: number, stored: readonly Stored[]): Stored | null {
  if (id !== undefined) {
    const found = stored.find((one) => one.id === id);
    if (found) return found;
    throw new RecipientFault(
      index,
      `id: there is no recipient ${JSON.stringify(id)}; leave id out for a new one`,
    );
  }
  if (email === undefined) throw new RecipientFault(index, 'email: must be given where there is no id');
  const same = stored.filter(({ address }) => address === email);
  return same.find(({ active }) => active) ?? same[0] ?? null;
}

function requireWhole({ name }: RecipientEntry, index: number): void {
  if (name === undefined) throw new RecipientFault(index, 'name: must be given for a new recipient');
}

function write(
  transaction: Transaction,
  store: Firestore,
  { entry, target, address, absorbed }: Save,
  others: readonly Stored[],
  requireVersion: (current: string | null, entry?: RecipientEntry) => void,
): void {
  const { id: _id, updated_at: carried, ...fields } = entry;
  if (carried !== undefined) requireVersion(target ? versionOf(target.snapshot) : null, entry);
  const email = address === null ? {} : { email: address };
  if (target) transaction.update(target.snapshot.ref, { ...fields, ...email });
  else transaction.create(all(store).doc(), { active: true, locale: 'fr', ...fields, ...email });
  for (const other of others) {
    const isSame = address !== null && other.address === address;
    if (isSame || absorbed.includes(other)) transaction.delete(other.snapshot.ref);
  }
}

/** Versions are ISO 8601, so they sort as text. */
function newest(snapshots: readonly DocumentSnapshot[]): string | null {
  return (
    snapshots
      .flatMap((snapshot) => versionOf(snapshot) ?? [])
      .sort()
      .at(-1) ?? null
  );
}
