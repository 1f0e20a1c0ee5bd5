import {
  type DocumentReference,
  FieldValue,
  type Firestore,
  Timestamp,
  type UpdateData,
} from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import type { CredentialContext } from '../../../doors/account/credentials.ts';
import { afterFailure } from '../../../doors/account/health.ts';
import { type Clock, stopwatch } from '../../../doors/clock.ts';
import type { Post } from '../../../doors/mail/post.ts';
import { isConflict } from '../../../doors/store/firestore.ts';
import { keepIn, signIn } from '../credentials/sign-in.ts';
import { type Integration, integrationsOf } from '../integration.ts';
import { notifyOwner } from '../mailbox/notice.ts';
import { afterSync, mailboxHealthFields } from '../mailbox-health.ts';
import type { SignalSink } from '../message/signals.ts';
import type { Folder } from './folder/folder.ts';
import { readFolders } from './folder/read-folders.ts';
import { MailboxLease } from './mailbox-lease.ts';
import type { Tally } from './mailbox-sync.ts';
import { type MailboxResult, syncMailbox } from './sync-mailbox.ts';

/** The engines that a sync works with. */
export interface SyncContext extends CredentialContext {
  store: Firestore;
  redis: Redis;
  post: Post | undefined;
  clock: Clock;
  /** Returns a number from 0 to 1, by chance. */
  random: () => number;
}

/** How long after its slice a mailbox may still end what it has begun, before its connection is hung up. */
const GRACE_MS = 2_000;

/** How a sync takes its place among others. */
export interface MailboxTurn {
  /** Does work that needs the server, when there is room for it, and passes it the milliseconds that it may take. */
  take<T>(work: (sliceMs: number) => Promise<T>): Promise<T>;
  /** Reads the mailbox's folders. Without it the sync reads for itself. */
  folders?: (mailbox: Integration) => Promise<Folder[]>;
  /** Updates a document, and returns false if it is gone. Without it the sync writes for itself. */
  update?: (ref: DocumentReference, fields: UpdateData<Record<string, unknown>>) => Promise<boolean>;
}

/**
 * Synchronises one mailbox with all that belongs to it: the lease, the credentials, its health and the mail to its owner.
 * Throws Overtaken if another instance is at work on it. The lease is taken when there is something to do, so that a sync
 * without news costs no command. Losing Redis costs double work at most: the cursor is conditional.
 */
export async function syncInTurn(
  mailbox: Integration,
  context: SyncContext,
  turn: MailboxTurn,
  signals: SignalSink,
): Promise<MailboxResult> {
  const { store, now } = context;
  const lease = new MailboxLease(mailbox, context);
  const claim = () => lease.claim();
  try {
    const result = await turn.take(async (sliceMs) => {
      const elapsed = stopwatch();
      return await syncMailbox({
        ...{ mailbox, now, claim, signals },
        readFolders: async () =>
          (await turn.folders?.(mailbox)) ?? (await readFolders(store, [mailbox]))[0] ?? [],
        connect: (renew) => signIn(mailbox, { ...context, alone: claim }, keepIn(context), renew),
        mayGoOn: () => elapsed() < sliceMs && lease.isHeld(),
        hangUpAfterMs: sliceMs + GRACE_MS,
      });
    });
    await recordHealth(mailbox, context, turn, result);
    return result;
  } finally {
    await lease.release();
  }
}

/** Writes the mailbox's health after a sync, and notifies its owner of a change. */
async function recordHealth(
  mailbox: Integration,
  context: SyncContext,
  turn: MailboxTurn,
  { failure, tally }: MailboxResult,
): Promise<void> {
  const { now, random } = context;
  const health = failure
    ? afterFailure(mailbox.health, failure, now, random())
    : afterSync(mailbox.health, now, tally.gaps);
  await update(mailbox, context, turn, {
    health: mailboxHealthFields(health),
    last_run: toLastRun(tally, now),
  });
  await notifyOwner(context, mailbox, mailbox.health, health);
}

/** The work of the last sync as it is stored; deleted if there was nothing to do. */
function toLastRun(tally: Tally, now: Date) {
  const quiet =
    tally.announced === 0 &&
    tally.updated === 0 &&
    tally.removed === 0 &&
    tally.complete &&
    tally.gaps.length === 0;
  return quiet ? FieldValue.delete() : { at: Timestamp.fromDate(now), ...tally };
}

/** Updates the mailbox's document. One that an administrator has deleted stays deleted. */
async function update(
  { id }: Integration,
  { store }: SyncContext,
  turn: MailboxTurn,
  fields: UpdateData<Record<string, unknown>>,
): Promise<void> {
  const ref = integrationsOf(store).doc(id);
  if (turn.update) {
    await turn.update(ref, fields);
    return;
  }
  try {
    await ref.update(fields);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
