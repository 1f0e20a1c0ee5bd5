import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { integrationsOf } from '../integration.ts';
import { folderKey } from '../message/identity.ts';
import { readFolderDocument } from '../sync/folder/state.ts';

/** Returns true for a message in quarantine, and for one whose text did not come. */
export const isIncomplete = (message: DocumentSnapshot): boolean =>
  message.get('in_quarantine') === true || message.get('text_missing') === true;

/**
 * Makes a message due for another try in the next sync of its mailbox. Returns false if its folder is not synchronised any
 * more, or has other numbers now.
 */
export async function makeDue(store: Firestore, message: DocumentSnapshot): Promise<boolean> {
  const [mailbox, folder] = [String(message.get('integration_id')), String(message.get('folder'))];
  const ref = integrationsOf(store).doc(mailbox).collection('folders').doc(folderKey(folder));
  const uid = String(message.get('uid'));
  return await store.runTransaction(async (transaction) => {
    const { uidValidity, retries } = readFolderDocument(folder, await transaction.get(ref));
    if (uidValidity === null || uidValidity !== message.get('uid_validity')) return false;
    // Without a list the next sync tries all messages in quarantine.
    if (retries !== null)
      transaction.update(ref, { retries: { ...retries, [uid]: { tries: retries[uid]?.tries ?? 0, at: 0 } } });
    return true;
  });
}
