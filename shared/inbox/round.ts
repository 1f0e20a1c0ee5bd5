import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import type { Clock } from '../clock.ts';
import { stopwatch } from '../clock.ts';
import type { Meter } from '../cost.ts';
import type { Post } from '../mail/post.ts';
import { takeLease } from '../redis/lease.ts';
import { isConflict } from '../store/firestore.ts';
import type { CredentialContext } from './credentials.ts';
import type { Failure } from './failure.ts';
import type { Tally } from './folder-round.ts';
import { afterFailure, afterSuccess, type Health } from './health.ts';
import { healthFields, type Integration, integrationsOf } from './integration.ts';
import { tellOwner } from './notice.ts';
import { keepIn, signIn } from './sign-in.ts';
import type { SignalSink } from './signals.ts';
import { syncMailbox } from './sync-mailbox.ts';

export interface RoundContext extends CredentialContext {
  store: Firestore;
  redis: Redis;
  meter: Meter;
  post: Post | undefined;
  clock: Clock;
}

export interface RoundResult {
  tally: Tally;
  failure: Failure | null;
}

/** How long after its slice a mailbox may still end what it has begun, before its connection is hung up. */
const GRACE_MS = 2_000;

/**
 * One round of one mailbox with all that belongs to it: the lease, the credentials, its health and the word to its owner.
 * `busy`: another instance is at it. Losing Redis costs double work at most: the cursor is conditional.
 */
export async function roundOf(
  integration: Integration,
  context: RoundContext,
  sliceMs: number,
  signals: SignalSink,
): Promise<RoundResult | 'busy'> {
  const { redis, meter } = context;
  const lease = await takeLease(redis, `lease:mailbox:${integration.id}`, meter).catch(() => undefined);
  if (lease === null) return 'busy';
  try {
    const elapsed = stopwatch();
    const mayGoOn = () => elapsed() < sliceMs && (lease?.held() ?? true);
    return await leased(integration, context, { mayGoOn, hangUpAfterMs: sliceMs + GRACE_MS, signals });
  } finally {
    await lease?.release();
  }
}

interface Bounds {
  mayGoOn: () => boolean;
  hangUpAfterMs: number;
  signals: SignalSink;
}

async function leased(integration: Integration, context: RoundContext, bounds: Bounds): Promise<RoundResult> {
  const { store, meter, now } = context;
  const connect = () => signIn(integration, context, keepIn(context));
  const result = await syncMailbox(integration, { ...{ store, meter, now, connect }, ...bounds });
  const health = result.failure
    ? afterFailure(integration.health, result.failure, now, Math.random())
    : afterSuccess(integration.health, now);
  await keep(integration, context, health, result.tally);
  await tellOwner(context, integration, integration.health, health);
  return result;
}

/** Writes how the mailbox is. What an administrator has changed meanwhile stands: the next round looks again. */
async function keep(
  { id }: Integration,
  { store, meter, now }: RoundContext,
  health: Health,
  tally: Tally,
): Promise<void> {
  const quiet = tally.announced === 0 && tally.updated === 0 && tally.removed === 0 && tally.complete;
  const update = {
    health: healthFields(health),
    last_run: quiet ? FieldValue.delete() : { at: Timestamp.fromDate(now), ...tally },
  };
  try {
    await integrationsOf(store).doc(id).update(update);
    meter.firestore_writes += 1;
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
