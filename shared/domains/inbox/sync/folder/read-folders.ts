import type { Firestore } from '@google-cloud/firestore';
import { type Integration, integrationsOf } from '../../integration.ts';
import { folderKey } from '../../message/identity.ts';
import { Folder } from './folder.ts';

type FoldersOwner = Pick<Integration, 'id' | 'orgId' | 'folders'>;

/** Mailboxes whose folders are read in one request. */
const TOGETHER = 20;

/** Reads the folders of some mailboxes in one request. Returns them by mailbox, in the order of its `folders`. */
export async function readFolders(store: Firestore, mailboxes: readonly FoldersOwner[]): Promise<Folder[][]> {
  const refs = mailboxes.flatMap(({ id, folders }) => {
    const collection = integrationsOf(store).doc(id).collection('folders');
    return folders.map((path) => collection.doc(folderKey(path)));
  });
  const found = refs.length === 0 ? [] : await store.getAll(...refs);
  const snapshots = found.values();
  return mailboxes.map((mailbox) =>
    mailbox.folders.flatMap((path) => {
      const snapshot = snapshots.next().value;
      return snapshot ? [new Folder(store, mailbox, path, snapshot)] : [];
    }),
  );
}

/**
 * Reads the folders of mailboxes that take their turns, those of the next ones with the first of them: most syncs find
 * nothing new, and a request for each was a fifth of their cost. Reading somewhat early does no harm: a cursor is only
 * written as it was read.
 */
export class FoldersAhead {
  readonly #read: (mailboxes: readonly FoldersOwner[]) => Promise<Folder[][]>;
  readonly #waiting: FoldersOwner[] = [];
  readonly #asked = new Map<string, Promise<Folder[]>>();

  constructor(store: Firestore) {
    this.#read = (mailboxes) => readFolders(store, mailboxes);
  }

  /** Adds mailboxes that take their turns. */
  add(inTurn: readonly FoldersOwner[]): void {
    this.#waiting.push(...inTurn);
  }

  /** Returns a mailbox's folders. Those that were read ahead are returned once. */
  async of(mailbox: FoldersOwner): Promise<Folder[]> {
    if (!this.#asked.has(mailbox.id)) this.#ask(mailbox);
    const folders = this.#asked.get(mailbox.id) as Promise<Folder[]>;
    this.#asked.delete(mailbox.id);
    return await folders;
  }

  #ask(mailbox: FoldersOwner): void {
    const at = this.#waiting.findIndex(({ id }) => id === mailbox.id);
    const together = at === -1 ? [mailbox] : this.#waiting.splice(at, TOGETHER);
    const read = this.#read(together);
    for (const [index, { id }] of together.entries()) {
      const folders = read.then((all) => all[index] ?? []);
      // A failure is thrown by `of`, which awaits it.
      folders.catch(() => undefined);
      this.#asked.set(id, folders);
    }
  }
}
