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
  const threads = new Map<string, string>();
  const resolve = (message: Threaded, above: ReadonlySet<string>): string => {
    const done = threads.get(message.documentId);
    if (done !== undefined) return done;
    const path = new Set([...above, message.documentId]);
    let thread: string | undefined;
    for (const reference of message.references.toReversed()) {
      const parent = byMessageId.get(reference);
      // Two messages that name each other are a forgery or a fault; the loop is cut here.
      if (parent && !path.has(parent.documentId)) thread = resolve(parent, path);
      thread ??= stored.get(reference);
      if (thread !== undefined) break;
    }
    thread ??= threadIdOf(orgId, message.references[0] ?? message.messageId ?? message.documentId);
    threads.set(message.documentId, thread);
    return thread;
  };
  for (const message of messages) resolve(message, new Set());
  return threads;
}
