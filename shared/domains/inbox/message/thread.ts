import { threadIdOf } from './identity.ts';

/** The fields that threading reads. */
export interface Threaded {
  messageId: string | null;
  /** Oldest first. */
  references: readonly string[];
  /** Its document: the root of a thread of its own where it has no Message-ID. */
  documentId: string;
}

/**
 * The thread of each message (after Jamie Zawinski's algorithm, https://www.jwz.org/doc/threading.html): that of the
 * nearest ancestor that is known, in the store or beside it; else the thread that its oldest reference begins. Subjects
 * are not looked at.
 *
 * In whatever order the mails of a conversation come, they end in one thread, as long as each names its nearest ancestors
 * without a gap, or only the mail it answers. A list with a gap in it may leave a thread apart that Zawinski's algorithm
 * joins: it looks through every mail for each id, where here two ids of an answer are looked up in the store.
 */
export function threadsOf(
  messages: readonly Threaded[],
  orgId: string,
  stored: ReadonlyMap<string, string>,
): Map<string, string> {
  const byMessageId = new Map(
    messages.flatMap((each) => (each.messageId === null ? [] : [[each.messageId, each]])),
  );
  /** Returns the nearest ancestor beside this message, or its thread. `path` holds the messages below it. */
  const stepUp = (message: Threaded, path: ReadonlySet<string>): Threaded | string => {
    for (const reference of message.references.toReversed()) {
      const parent = byMessageId.get(reference);
      // Two messages that name each other are a forgery or a fault; the loop is cut here.
      if (parent && !path.has(parent.documentId)) return parent;
      const thread = stored.get(reference);
      if (thread !== undefined) return thread;
    }
    return threadIdOf(orgId, message.references[0] ?? message.messageId ?? message.documentId);
  };
  const threads = new Map<string, string>();
  for (const message of messages) {
    const path = new Set<string>();
    let at: Threaded | string = message;
    while (typeof at !== 'string') {
      const known = threads.get(at.documentId);
      if (known === undefined) path.add(at.documentId);
      at = known ?? stepUp(at, path);
    }
    for (const documentId of path) threads.set(documentId, at);
  }
  return threads;
}
