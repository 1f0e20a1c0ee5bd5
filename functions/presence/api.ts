import * as z from 'zod';
import { type SessionKind, sessionKey } from '../../shared/domains/presence/session.ts';
import { onlineThreshold } from '../../shared/domains/presence/settings.ts';
import { logOut } from '../../shared/domains/presence/sign-out.ts';
import type { Standing } from '../../shared/domains/presence/standing.ts';
import { listStatuses, MAX_PAGE } from '../../shared/domains/presence/statuses.ts';
import { logIn, ping, type Visitor } from '../../shared/domains/presence/visitor.ts';
import {
  ADMIN_CALLERS,
  type Caller,
  type SessionClaim,
  sessionOf,
  USER_CALLERS,
} from '../../shared/doors/auth/caller.ts';
import { answerWithin } from '../../shared/doors/http/deadline.ts';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { functionHandler } from '../../shared/doors/http/function-handler.ts';
import { limitParam, pageParam, toPage } from '../../shared/doors/http/query.ts';
import type { HttpHandler } from '../../shared/doors/http/request.ts';
import { type Answered, type AnyRoute, type Call, openReads } from '../../shared/doors/http/router.ts';
import { refuseTooOften } from '../../shared/doors/http/too-often.ts';
import { isRedisAway } from '../../shared/doors/redis/redis.ts';
import { isDocumentId } from '../../shared/doors/store/document-id.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { sendClient } from './client.ts';

/** A changed threshold holds after this time at most, for statuses and for pings. */
const STATUSES_MAX_AGE_MS = 2_000;
const PINGS_MAX_AGE_MS = 60_000;
/** The browser may retry after this if Redis is away. */
const PING_RETRY_SECONDS = 60;
/** A login or logout fails if Firestore has not stored it after this time. */
const STORE_MS = 5_000;

/**
 * Presence.
 * - POST ping, login and logout concern the token's subject and session; their bodies are not read.
 * - A session that was logged out gets 401 for good.
 * - A user may ping and log in PINGS_PER_MINUTE times a minute, then gets 429 with Retry-After. A logout is never refused.
 * - GET statuses is for administrators.
 * - GET `/v1/activity/client.js`, the browser's module, is public.
 */
export function presenceHandler(open: () => Deps): HttpHandler {
  return functionHandler('presence', { cors: true, callers: USER_CALLERS, routes }, open);
}

type Handle = (call: Call<Deps>) => Promise<Answered>;

const onPing: Handle = async ({ deps, caller }) => {
  const threshold = await onlineThreshold(deps.store, deps.clock(), PINGS_MAX_AGE_MS);
  const pinged = refuseTooOften(ping(visitorOf(deps, caller), threshold * 60_000));
  const standing = await pinged.catch((error: unknown) => {
    if (!isRedisAway(error)) throw error;
    throw new HttpError(503, 'Presence is away for a moment; ping again later.', {
      headers: { 'Retry-After': String(PING_RETRY_SECONDS) },
      check: `ping: Redis does not answer (${String(error)})`,
    });
  });
  requireOpen(standing);
  return null;
};

const onLogin: Handle = async ({ deps, caller }) => {
  const visitor = visitorOf(deps, caller);
  requireOpen(await answerWithin(STORE_MS, refuseTooOften(logIn(visitor))));
  return { user_id: visitor.user.userId };
};

const onLogout: Handle = async ({ deps, caller }) => {
  const threshold = await onlineThreshold(deps.store, deps.clock(), PINGS_MAX_AGE_MS);
  await answerWithin(STORE_MS, logOut(visitorOf(deps, caller), threshold * 60_000));
  return null;
};

const statusesQuery = z.strictObject({
  limit: limitParam(MAX_PAGE),
  page: pageParam,
  status: z.enum(['online', 'offline', 'unknown'], 'must be online, offline or unknown').optional(),
  filter: z.enum(['online', 'offline', 'unknown'], 'must be online, offline or unknown').optional(),
});

type StatusesCall = Call<Deps, z.infer<typeof statusesQuery>>;

async function onStatuses({ deps, now, query: asked }: StatusesCall): Promise<Answered> {
  const { limit, page, status, filter } = asked;
  const minutes = await onlineThreshold(deps.store, now, STATUSES_MAX_AGE_MS);
  const query = { limit, after: page, status: status ?? filter, thresholdMs: minutes * 60_000, now };
  const { degraded, users, next } = await listStatuses({ ...deps }, query);
  return { threshold_minutes: minutes, degraded, users, next_page: toPage(next) };
}

const routes: readonly AnyRoute<Deps>[] = [
  { method: 'POST', path: '/v1/activity/ping', handle: onPing },
  { method: 'POST', path: '/v1/auth/login', handle: onLogin },
  { method: 'POST', path: '/v1/auth/logout', handle: onLogout },
  {
    method: 'GET',
    path: '/v1/admin/users/statuses',
    callers: ADMIN_CALLERS,
    query: statusesQuery,
    handle: onStatuses,
  },
  ...openReads('/v1/activity/client.js', sendClient),
];

/** Paths that the presence function answers. */
export const PRESENCE_PATHS = [...new Set(routes.map(({ path }) => path))];

const KINDS: Record<SessionClaim, SessionKind> = {
  sid: 'named',
  origin_jti: 'sign_in',
  auth_time: 'sign_in',
  iat: 'token',
  none: 'token',
};

function visitorOf({ store, redis, clock, config }: Deps, caller: Caller): Visitor {
  const userId = caller.id ?? '';
  if (!isDocumentId(userId))
    throw new HttpError(
      403,
      'This account may not call this: its token’s subject (sub) is empty, too long, or has a character that no user id may have.',
      {
        check: 'the subject cannot name a document',
      },
    );
  const { iat, email, name } = caller.claims;
  const text = (value: unknown) =>
    typeof value === 'string' && value !== '' ? value.toWellFormed() : undefined;
  const session = sessionOf(caller);
  return {
    store,
    redis,
    now: clock(),
    user: {
      userId,
      email: text(email),
      displayName: text(name),
      role: caller.kind === 'admin' ? 'admin' : 'user',
    },
    session: sessionKey(userId, session.name),
    kind: KINDS[session.claim],
    issuedAt: typeof iat === 'number' ? iat : null,
    perMinute: config.perMinute.pings,
  };
}

/** Throws 401 for a session that is not open. `details.reason` lets the browser tell a logout from an old token. */
function requireOpen(standing: Standing): void {
  if (standing === 'open') return;
  const message =
    standing === 'logged_out'
      ? 'This session has been logged out; sign in again.'
      : 'This token was issued before the last logout of its account; get a new one.';
  throw new HttpError(401, message, { details: { reason: standing }, check: `the session is ${standing}` });
}
