import type { DocumentReference } from '@google-cloud/firestore';
import type { StoredMessage } from './folder/documents.ts';

/** The traits that identify a mail when all UIDs are void: its Message-ID, size and the instant it was received. */
interface Traits {
  messageId: string | null;
  size: number;
  receivedAt: number | null;
}

/** Mail without a Message-ID is the same mail only if size and date are. */
const keyOf = ({ messageId, size, receivedAt }: Traits) => messageId ?? JSON.stringify([size, receivedAt]);

/** Doubles of one Message-ID are parted by size and date. */
const likeness = (one: Traits, other: Traits) =>
  (one.receivedAt === other.receivedAt ? 2 : 0) + (one.size === other.size ? 1 : 0);

/**
 * The stored messages of a folder whose UIDVALIDITY has changed. Each is matched with at most one message of the server, by
 * its Message-ID: another server gives it another size. Those left in the end are gone. Servers change UIDVALIDITY on their
 * own, and mailboxes move; none of that mail is new.
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
    const traits = { messageId: message.messageId, size, receivedAt: message.receivedAt.getTime() };
    const left = this.#left.get(keyOf(traits)) ?? [];
    const [found] = left.toSorted((one, other) => likeness(other, traits) - likeness(one, traits));
    if (found) left.splice(left.indexOf(found), 1);
    return found?.ref ?? null;
  }

  /** Returns the messages that were not taken. */
  left(): StoredMessage[] {
    return [...this.#left.values()].flat();
  }
}
