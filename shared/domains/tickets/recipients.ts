import type { DocumentSnapshot, Firestore, Transaction } from '@google-cloud/firestore';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { writeAttempt } from '../../doors/store/counted.ts';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import { MAX_RECIPIENTS } from './limits.ts';
import type { RecipientEntry, RecipientList, RecipientView } from './recipient.ts';

export interface RecipientContext {
  store: Firestore;
}

/** A fault of one entry that shows only beside the stored recipients. `index` is its place in the request. */
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
 * Saves entries in one transaction. A recipient is found by id, else by address, else created; each address is kept once.
 * `requireVersion` throws if the list or a recipient has changed. Throws RecipientFault for an entry that does not fit.
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
    const saves = mergeEntries(entries, stored);
    const made = saves.filter(({ target }) => target === null).length;
    if (stored.length + made > MAX_RECIPIENTS)
      throw new RecipientFault(0, `there would be more than ${MAX_RECIPIENTS}; use a mailing list's address`);
    const targets = new Set(saves.map(({ target }) => target));
    const others = stored.filter((one) => !targets.has(one));
    for (const save of saves) {
      const { entry, target, address, absorbed } = save;
      if (entry.updated_at !== undefined) requireVersion(target ? versionOf(target.snapshot) : null, entry);
      const isReplaced = (other: Stored) =>
        absorbed.includes(other) || (address !== null && other.address === address);
      writeRecipient(transaction, store, save);
      for (const { snapshot } of others.filter(isReplaced)) transaction.delete(snapshot.ref);
    }
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
  /** The stored recipient that it changes; null for a new one. */
  target: Stored | null;
  /** Its new address; null if the stored one is invalid and the entry has none. */
  address: string | null;
  /** Other recipients in the request with the same address: they merge into this one. */
  absorbed: Stored[];
}

/** Returns one save per recipient and address. Of equal entries the first decides; it is active if any of them is. */
function mergeEntries(entries: readonly RecipientEntry[], stored: readonly Stored[]): Save[] {
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
  if (email === undefined) throw new RecipientFault(index, 'email: must be given if there is no id');
  const same = stored.filter(({ address }) => address === email);
  return same.find(({ active }) => active) ?? same[0] ?? null;
}

function requireWhole({ name }: RecipientEntry, index: number): void {
  if (name === undefined) throw new RecipientFault(index, 'name: must be given for a new recipient');
}

function writeRecipient(transaction: Transaction, store: Firestore, { entry, target, address }: Save): void {
  const { id: _id, updated_at: _version, ...fields } = entry;
  const email = address === null ? {} : { email: address };
  if (target) transaction.update(target.snapshot.ref, { ...fields, ...email, ...writeAttempt() });
  else
    transaction.create(all(store).doc(), {
      active: true,
      locale: 'fr',
      ...fields,
      ...email,
      ...writeAttempt(),
    });
}

/** Returns the newest version. Versions are ISO 8601, so they sort as text. */
function newest(snapshots: readonly DocumentSnapshot[]): string | null {
  return (
    snapshots
      .flatMap((snapshot) => versionOf(snapshot) ?? [])
      .sort()
      .at(-1) ?? null
  );
}
