import type { DocumentReference } from '@google-cloud/firestore';
import type { StoredMessage } from './documents.ts';

/** What tells one mail from another when all UIDs are void: its Message-ID, size and the instant it was received. */
interface Traits {
  messageId: string | null;
  size: number;
  receivedAt: number | null;
}

const keyOf = ({ messageId, size, receivedAt }: Traits) => JSON.stringify([messageId, size, receivedAt]);

/**
 * The stored messages of a folder whose UIDVALIDITY has changed. Each is matched with at most one message of the server;
 * what is left in the end is no longer there. Servers change UIDVALIDITY on their own, and none of that mail is new.
 */
export class Replacements {
  readonly #left = new Map<string, StoredMessage[]>();

  constructor(stored: readonly StoredMessage[]) {
    for (const message of stored) {
      const key = keyOf(message);
      this.#left.set(key, [...(this.#left.get(key) ?? []), message]);
    }
  }

  /** The stored message that is this one, which no other can be any more; null where it is new. */
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

  /** What nobody took. */
  left(): StoredMessage[] {
    return [...this.#left.values()].flat();
  }
}
