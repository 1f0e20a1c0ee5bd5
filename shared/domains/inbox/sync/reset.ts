import type { DocumentReference } from '@google-cloud/firestore';
import type { StoredMessage } from './folder/documents.ts';

/** The traits that identify a mail when all UIDs are void: its Message-ID, size and the instant it was received. */
interface Traits {
  messageId: string | null;
  size: number;
  receivedAt: number | null;
}

const keyOf = ({ messageId, size, receivedAt }: Traits) => JSON.stringify([messageId, size, receivedAt]);

/**
 * The stored messages of a folder whose UIDVALIDITY has changed. Each is matched with at most one message of the server;
 * those left in the end are gone. Servers change UIDVALIDITY on their own, and none of that mail is new.
 */
export class Replacements {
  readonly #left = new Map<string, StoredMessage[]>();

  constructor(stored: readonly StoredMessage[]) {
    for (const message of stored) {
      const key = keyOf(message);
      this.#left.set(key, [...(this.#left.get(key) ?? []), message]);
    }
  }

  /** Takes the stored message that is this one, so that no other gets it. Returns null if the message is new. */
  take(message: {
    messageId: string | null;
    fields: Record<string, unknown>;
    receivedAt: Date;
  }): DocumentReference | null {
    const size = Number(message.fields['size'] ?? 0);
    const key = keyOf({ messageId: message.messageId, size, receivedAt: message.receivedAt.getTime() });
    const found = this.#left.get(key)?.shift();
    return found?.ref ?? null;
  }

  /** Returns the messages that were not taken. */
  left(): StoredMessage[] {
    return [...this.#left.values()].flat();
  }
}
