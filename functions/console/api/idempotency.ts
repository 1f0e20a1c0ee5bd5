import { createHash, createHmac } from 'node:crypto';
import { type DocumentReference, type Firestore, Timestamp } from '@google-cloud/firestore';
import type { Caller } from '../../../shared/doors/auth/caller.ts';
import { HttpError } from '../../../shared/doors/http/errors.ts';
import { type HttpRequest, header, location } from '../../../shared/doors/http/request.ts';
import { Answer, type Answered, Content } from '../../../shared/doors/http/router.ts';
import type { Log } from '../../../shared/doors/log.ts';
import { writeAttempt } from '../../../shared/doors/store/counted.ts';
import { isConflict, millis } from '../../../shared/doors/store/firestore.ts';

/** The most characters of a key, and how long its answer is kept. */
const MAX_KEY = 200;
const KEEP_MS = 24 * 3_600_000;
/** A request without an answer after this long was killed: the console's function ends each within 300 s. */
const RUNNING_MS = 5 * 60_000;
const RETRY_SECONDS = 5;
/** A larger answer does not fit into a document of 1 MiB. */
const MAX_ANSWER = 900_000;

/** A POST with its checked input. */
interface Keyed {
  context: { store: Firestore; caller: Caller; now: Date; log: Log };
  request: HttpRequest;
  query: unknown;
  body: unknown;
}

/** An answer as it is kept. */
interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  /** Null for an answer without content. */
  body: object | null;
}

/**
 * Acts on a POST once per `Idempotency-Key`, caller and path, and repeats its answer for a day. Without a key, or in a dry run,
 * it acts each time. Throws HttpError:
 * - 400 if the key is not legal;
 * - 422 if the key came with another query or body;
 * - 409 if the first request is still running.
 *
 * An answer that another attempt may change (429, 5xx, and 409 with Retry-After) is not kept.
 */
export async function answerOnce(call: Keyed, act: () => Promise<Answered>): Promise<Answered> {
  const key = header(call.request, 'idempotency-key');
  if (key === undefined || isDryRun(call)) return await act();
  if (!new RegExp(`^[\\x21-\\x7e]{1,${MAX_KEY}}$`).test(key))
    throw new HttpError(
      400,
      `Idempotency-Key must have 1 to ${MAX_KEY} visible ASCII characters; send a UUID for each action.`,
    );
  const ref = refOf(call, key);
  const kept = await begin(ref, printOf(call, key), call.context.now);
  if (kept) return replay(kept);
  try {
    const answered = await act();
    await keep(call.context, ref, toKept(answered));
    return answered;
  } catch (error) {
    const failed = error instanceof HttpError ? error : null;
    const isFinal = failed && failed.status < 500 && failed.status !== 429 && !failed.headers['Retry-After'];
    if (isFinal) await keep(call.context, ref, { ...failed, body: failed.body() });
    else await ref.delete().catch(() => undefined);
    throw error;
  }
}

function isDryRun({ query, body }: Keyed): boolean {
  return [query, body].some((given) => (given as { dry_run?: unknown } | undefined)?.dry_run === true);
}

function refOf({ context: { store, caller }, request }: Keyed, key: string): DocumentReference {
  const scope = JSON.stringify([caller.kind, caller.id, location(request).path, key]);
  return store.collection('idempotency_keys').doc(createHash('sha256').update(scope).digest('hex'));
}

/** Returns a digest of the input. The key is its secret, and is not stored: bodies may hold passwords. */
const printOf = ({ query, body }: Keyed, key: string): string =>
  createHmac('sha256', key)
    .update(JSON.stringify([query, body]))
    .digest('hex');

/** Claims the key for this request. Returns the kept answer if there is one. */
async function begin(ref: DocumentReference, print: string, now: Date): Promise<KeptAnswer | null> {
  const before = await ref.get();
  if (before.exists && (millis(before.get('expires_at')) ?? 0) > now.getTime()) {
    if (before.get('request') !== print)
      throw new HttpError(
        422,
        'This Idempotency-Key came with another request; use a new key for each action.',
      );
    const answer: unknown = before.get('answer');
    if (typeof answer === 'string') return JSON.parse(answer) as KeptAnswer;
    if (now.getTime() - (millis(before.get('started_at')) ?? 0) < RUNNING_MS) throw stillRunning();
  }
  const fields = {
    request: print,
    answer: null,
    started_at: Timestamp.fromDate(now),
    expires_at: Timestamp.fromMillis(now.getTime() + KEEP_MS),
    ...writeAttempt(),
  };
  const written = before.updateTime
    ? ref.update(fields, { lastUpdateTime: before.updateTime })
    : ref.create(fields);
  await written.catch((error: unknown) => {
    throw isConflict(error) ? stillRunning() : error;
  });
  return null;
}

function stillRunning(): HttpError {
  return new HttpError(409, 'The first request with this Idempotency-Key is still running; ask again.', {
    headers: { 'Retry-After': String(RETRY_SECONDS) },
  });
}

function toKept(answered: Answered): KeptAnswer {
  if (answered === null) return { status: 204, headers: {}, body: null };
  if (answered instanceof Content) throw new Error('A POST with Idempotency-Key must answer JSON.');
  if (!(answered instanceof Answer)) return { status: 200, headers: {}, body: answered };
  const { status, headers, body } = answered;
  return { status, headers, body };
}

/** Keeps an answer. The request has been acted on by then, so a store that fails is only logged. */
async function keep({ log }: Keyed['context'], ref: DocumentReference, kept: KeptAnswer): Promise<void> {
  const { status, headers, body } = kept;
  const text = JSON.stringify({ status, headers, body });
  const tooLarge = { message: 'This was done; its answer is too large to be repeated.' };
  const answer = text.length <= MAX_ANSWER ? text : JSON.stringify({ status, headers, body: tooLarge });
  await ref.update({ answer }).catch((error: unknown) => {
    log.warn({ error: String(error) }, 'The answer of a request with Idempotency-Key could not be kept');
  });
}

function replay({ status, headers, body }: KeptAnswer): Answered {
  return body === null ? null : new Answer(status, body, { ...headers, 'Idempotency-Replayed': 'true' });
}
