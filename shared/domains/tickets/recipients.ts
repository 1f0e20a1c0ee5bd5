import type { DocumentSnapshot, Firestore, Transaction } from '@google-cloud/firestore';
import * as z from 'zod';
import { normaliseAddress, requireAddress } from '../../doors/mail/address.ts';
import { isDocumentId } from '../../doors/store/document-id.ts';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';

/** The whole list must fit one answer and one transaction. More recipients need a mailing list. */
export const MAX_RECIPIENTS = 400;
const MAX_NAME = 200;
const NAME_RULE = `must be a text of 1 to ${MAX_NAME} characters on one line, without control characters`;
const ID_RULE = 'must be the id of a document, as GET gave it, or be left out';

const address = z.string('must be an e-mail address').transform((text, context) => {
  try {
    return requireAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** One entry to save. An entry with the id or the address of a recipient changes that recipient. */
const recipientEntry = z.strictObject({
  id: z.string(ID_RULE).refine(isDocumentId, ID_RULE).optional(),
  user_id: z.string(ID_RULE).refine(isDocumentId, ID_RULE).nullable().optional(),
  name: z
    .string(NAME_RULE)
    .trim()
    .min(1, NAME_RULE)
    .max(MAX_NAME, NAME_RULE)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, NAME_RULE)
    .optional(),
  email: address.optional(),
  active: z.boolean('must be true or false; false takes the recipient off the list').optional(),
  locale: z.enum(['fr', 'en'], 'must be fr or en').optional(),
  updated_at: z.string().nullable().optional(),
});
type Entry = z.infer<typeof recipientEntry>;

/** The body of PUT, which merges. Recipients that are absent stay as they are; `active: false` removes one. */
export const recipientsBody = z.strictObject({
  recipients: z
    .array(recipientEntry, 'must be a list of recipients')
    .max(MAX_RECIPIENTS, `must have at most ${MAX_RECIPIENTS} entries`),
  updated_at: z.string().nullable().optional(),
});

export interface RecipientContext {
  store: Firestore;
}

/** All recipients for an answer. The version of the list is that of the recipient written last. */
export interface RecipientList {
  recipients: object[];
  updated_at: string | null;
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
    ...(toJson(doc.data()) as object),
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
  entries: readonly Entry[],
  requireVersion: (current: string | null, entry?: Entry) => void,
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
  entry: Entry;
  /** The stored recipient that it changes; null for a new one. */
  target: Stored | null;
  /** Its new address; null if the stored one is invalid and the entry has none. */
  address: string | null;
  /** Other recipients in the request with the same address: they merge into this one. */
  absorbed: Stored[];
}

/** Returns one save per recipient and address. Of equal entries the first decides; it is active if any of them is. */
function mergeEntries(entries: readonly Entry[], stored: readonly Stored[]): Save[] {
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

function targetOf({ id, email }: Entry, index: number, stored: readonly Stored[]): Stored | null {
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

function requireWhole({ name }: Entry, index: number): void {
  if (name === undefined) throw new RecipientFault(index, 'name: must be given for a new recipient');
}

function writeRecipient(transaction: Transaction, store: Firestore, { entry, target, address }: Save): void {
  const { id: _id, updated_at: _version, ...fields } = entry;
  const email = address === null ? {} : { email: address };
  if (target) transaction.update(target.snapshot.ref, { ...fields, ...email });
  else transaction.create(all(store).doc(), { active: true, locale: 'fr', ...fields, ...email });
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
