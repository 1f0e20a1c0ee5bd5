import {
  type DocumentReference,
  FieldValue,
  type Firestore,
  Timestamp,
  type UpdateData,
} from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import type { Clock } from '../../../doors/clock.ts';
import { stopwatch } from '../../../doors/clock.ts';
import type { Post } from '../../../doors/mail/post.ts';
import { type Lease, takeLease } from '../../../doors/redis/lease.ts';
import { isConflict } from '../../../doors/store/firestore.ts';
import type { CredentialContext } from '../credentials/credentials.ts';
import { keepIn, signIn } from '../credentials/sign-in.ts';
import { afterFailure, afterSuccess } from '../health.ts';
import type { Failure } from '../imap/failure.ts';
import { healthFields, type Integration, integrationsOf } from '../integration.ts';
import { tellOwner } from '../mailbox/notice.ts';
import type { SignalSink } from '../message/signals.ts';
import { Overtaken } from './cursor.ts';
import { type KeptFolders, readFolders } from './folder-documents.ts';
import type { Tally } from './folder-round.ts';
import { syncMailbox } from './sync-mailbox.ts';

export interface RoundContext extends CredentialContext {
  store: Firestore;
  redis: Redis;
  post: Post | undefined;
  clock: Clock;
}

export interface RoundResult {
  tally: Tally;
  failure: Failure | null;
}

/** How long after its slice a mailbox may still end what it has begun, before its connection is hung up. */
const GRACE_MS = 2_000;

/** How a round takes its place among others. */
export interface Turn {
  /** Does what needs the server, when there is room for it, and says how many milliseconds it may take. */
  take<T>(work: (sliceMs: number) => Promise<T>): Promise<T>;
  /** Reads what is kept of its folders; alone, a round reads for itself. */
  folders?: (integration: Integration) => Promise<KeptFolders>;
  /** Updates a document, false where it is gone; alone, a round writes for itself. */
  update?: (ref: DocumentReference, fields: UpdateData<Record<string, unknown>>) => Promise<boolean>;
}

/**
 * One round of one mailbox with all that belongs to it: the lease, the credentials, its health and the word to its owner.
 * Throws Overtaken where another instance is at it. The lease is taken when there is something to do, so that a round
 * without news costs no command. Losing Redis costs double work at most: the cursor is conditional.
 */
export async function roundOf(
  integration: Integration,
  context: RoundContext,
  turn: Turn,
  signals: SignalSink,
): Promise<RoundResult> {
  const lease = new MailboxLease(integration, context);
  try {
    return await leased(integration, context, { turn, lease, signals });
  } finally {
    await lease.release();
  }
}

/** The lease of a mailbox, taken when it is needed. */
class MailboxLease {
  readonly #integration: Integration;
  readonly #context: RoundContext;
  #lease: Promise<Lease | null | undefined> | undefined;
  #taken: Lease | undefined;

  constructor(integration: Integration, context: RoundContext) {
    this.#integration = integration;
    this.#context = context;
  }

  /** Throws Overtaken where another instance has it. Without Redis there is none, and the round goes on. */
  async claim(): Promise<void> {
    const { id, label } = this.#integration;
    const { redis } = this.#context;
    this.#lease ??= takeLease(redis, `lease:mailbox:${id}`).catch(() => undefined);
    const lease = await this.#lease;
    if (lease === null) throw new Overtaken(label);
    this.#taken = lease;
  }

  held(): boolean {
    return this.#taken?.held() ?? true;
  }

  async release(): Promise<void> {
    await this.#taken?.release();
  }
}

interface Bounds {
  turn: Turn;
  lease: MailboxLease;
  signals: SignalSink;
}

async function leased(
  integration: Integration,
  context: RoundContext,
  { turn, lease, signals }: Bounds,
): Promise<RoundResult> {
  const { store, now } = context;
  const claim = () => lease.claim();
  const connect = () => signIn(integration, { ...context, alone: claim }, keepIn(context));
  const kept = async () =>
    (await turn.folders?.(integration)) ?? (await readFolders(store, [integration]))[0] ?? [];
  const result = await turn.take(async (sliceMs) => {
    const elapsed = stopwatch();
    const mayGoOn = () => elapsed() < sliceMs && lease.held();
    const hangUpAfterMs = sliceMs + GRACE_MS;
    const round = { store, now, kept, connect, claim, mayGoOn, hangUpAfterMs, signals };
    return await syncMailbox(integration, round);
  });
  const health = result.failure
    ? afterFailure(integration.health, result.failure, now, Math.random())
    : afterSuccess(integration.health, now);
  await keep(integration, context, turn, {
    health: healthFields(health),
    last_run: lastRun(result.tally, now),
  });
  await tellOwner(context, integration, integration.health, health);
  return result;
}

/** What the last round has done; nothing where there was nothing to do. */
function lastRun(tally: Tally, now: Date) {
  const quiet = tally.announced === 0 && tally.updated === 0 && tally.removed === 0 && tally.complete;
  return quiet ? FieldValue.delete() : { at: Timestamp.fromDate(now), ...tally };
}

/** Writes how the mailbox is. What an administrator has changed meanwhile stands: the next round looks again. */
async function keep(
  { id }: Integration,
  { store }: RoundContext,
  turn: Turn,
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
