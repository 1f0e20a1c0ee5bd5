import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { type Integration, integrationsOf } from '../integration.ts';
import { folderKey } from '../message/identity.ts';

/** What is kept of a mailbox's folders, in the order of `folders`. */
export type KeptFolders = readonly DocumentSnapshot[];
type Mailbox = Pick<Integration, 'id' | 'folders'>;

/** Mailboxes whose folders are read in one request. */
const TOGETHER = 20;

/** Reads what is kept of the folders of some mailboxes, in one request. */
export async function readFolders(store: Firestore, mailboxes: readonly Mailbox[]): Promise<KeptFolders[]> {
  const refs = mailboxes.flatMap(({ id, folders }) => {
    const collection = integrationsOf(store).doc(id).collection('folders');
    return folders.map((path) => collection.doc(folderKey(path)));
  });
  const found = refs.length === 0 ? [] : await store.getAll(...refs);
  let from = 0;
  return mailboxes.map(({ folders }) => {
    from += folders.length;
    return found.slice(from - folders.length, from);
  });
}

/**
 * Reads the folders of mailboxes that take their turns, those of the next ones with the first of them: most rounds find
 * nothing new, and a request for each was a fifth of their cost. What was read somewhat early does no harm: a cursor is
 * only written as it was read.
 */
export class FoldersAhead {
  readonly #read: (mailboxes: readonly Mailbox[]) => Promise<KeptFolders[]>;
  readonly #waiting: Mailbox[] = [];
  readonly #asked = new Map<string, Promise<KeptFolders>>();

  constructor(store: Firestore) {
    this.#read = (mailboxes) => readFolders(store, mailboxes);
  }

  /** Adds mailboxes that take their turns. */
  add(inTurn: readonly Mailbox[]): void {
    this.#waiting.push(...inTurn);
  }

  /** What is kept of a mailbox's folders. What was read ahead is handed out once. */
  async of(mailbox: Mailbox): Promise<KeptFolders> {
    if (!this.#asked.has(mailbox.id)) this.#ask(mailbox);
    const kept = this.#asked.get(mailbox.id) as Promise<KeptFolders>;
    this.#asked.delete(mailbox.id);
    return await kept;
  }

  #ask(mailbox: Mailbox): void {
    const at = this.#waiting.findIndex(({ id }) => id === mailbox.id);
    const together = at === -1 ? [mailbox] : this.#waiting.splice(at, TOGETHER);
    const read = this.#read(together);
    for (const [index, { id }] of together.entries()) {
      const kept = read.then((all) => all[index] ?? []);
      // Its failure is thrown where it is waited for.
      kept.catch(() => undefined);
      this.#asked.set(id, kept);
    }
  }
}
