import { createHash } from 'node:crypto';

/** The fields that identify a message for ever (RFC 9051, 2.3.1.1), with the mailbox it lies in. */
export interface MessageIdentity {
  orgId: string;
  integrationId: string;
  folder: string;
  /** 64-bit, as a string. */
  uidValidity: string;
  uid: number;
}

/**
 * The id of a message's document: always the same for the same message, so that storing it again is no second copy. The
 * Message-ID takes no part: it may be absent, doubled, or one mail in two mailboxes.
 */
export function documentIdOf({ orgId, integrationId, folder, uidValidity, uid }: MessageIdentity): string {
  return digest([orgId, integrationId, folder, uidValidity, uid]);
}

/** The id of a folder's document; a path may hold what an id may not, and be longer than one. */
export function folderKey(path: string): string {
  return digest(['folder', path]);
}

/** The id of the thread that begins with this Message-ID, in one organisation. */
export function threadIdOf(orgId: string, rootMessageId: string): string {
  return digest(['thread', orgId, rootMessageId]);
}

/** A list, not a joined text: no choice of names makes two different identities alike. */
const digest = (parts: readonly (string | number)[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
