import * as z from 'zod';
import { sessionKey } from '../../shared/domains/presence/session.ts';
import { onlineThreshold } from '../../shared/domains/presence/settings.ts';
import { listStatuses } from '../../shared/domains/presence/statuses.ts';
import { MAX_PAGE } from '../../shared/domains/presence/user-pages.ts';
import { logIn, logOut, ping, type Visitor } from '../../shared/domains/presence/visitor.ts';
import { ADMIN_CALLERS, type Caller, sessionOf, USER_CALLERS } from '../../shared/doors/auth/caller.ts';
import { authenticate } from '../../shared/doors/auth/door.ts';
import { sendError } from '../../shared/doors/http/answer.ts';
import { handleCors } from '../../shared/doors/http/cors.ts';
import { answerWithin } from '../../shared/doors/http/deadline.ts';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { limitParam, pageParam, parseQuery, toPage } from '../../shared/doors/http/query.ts';
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  location,
  sendEmpty,
  sendJson,
} from '../../shared/doors/http/request.ts';
import { requireMethod } from '../../shared/doors/http/route.ts';
import { traceFields } from '../../shared/doors/log.ts';
import { isRedisAway } from '../../shared/doors/redis/redis.ts';
import { isDocumentId } from '../../shared/doors/store/document-id.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { sendClient } from './client.ts';

/** A changed threshold is in force this much later at most: for statuses, which people watch, and for pings. */
const STATUSES_MAX_AGE_MS = 2_000;
const PINGS_MAX_AGE_MS = 60_000;
/** Redis away: the browser's next ping but one. */
const PING_RETRY_SECONDS = 60;
/** A login or logout is acknowledged once it is in Firestore, and refused after so long without. */
const STORE_MS = 5_000;

/** The module for web pages that pings and logs out. */
const CLIENT_PATH = '/v1/activity/client.js';

/** Paths that the presence function answers. */
export const PRESENCE_PATHS = [
  '/v1/activity/ping',
  '/v1/auth/login',
  '/v1/auth/logout',
  '/v1/admin/users/statuses',
  CLIENT_PATH,
] as const;

/**
 * Who is online. POST ping, login and logout speak for the token's subject and session, with the server's clock alone;
 * their bodies are not read. GET statuses is for administrators. A logged-out session is refused with 401 for good.
 * GET `/v1/activity/client.js` is the browser's part, for everybody.
 */
export function presenceHandler(open: () => Deps): HttpHandler {
  return async (request, response) => {
    const deps = open();
    const fields = {
      'logging.googleapis.com/labels': { function: 'presence' },
      ...traceFields(request.headers, deps.config.project),
    };
    try {
      if (handleCors(request, response, deps.config.allowedOrigins)) return;
      await serve(request, response, deps);
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
}

async function serve(request: HttpRequest, response: HttpResponse, deps: Deps): Promise<void> {
  const { path } = location(request);
  if (path === CLIENT_PATH) {
    requireMethod(request.method, ['GET', 'HEAD']);
    return await sendClient(request, response);
  }
  const [method, act] = ACTIONS[path] ?? [];
  if (!method || !act)
    throw new HttpError(404, `Nothing is here; presence answers at ${PRESENCE_PATHS.join(', ')}.`);
  requireMethod(request.method, [method]);
  const caller = await authenticate(request, deps, method === 'GET' ? ADMIN_CALLERS : USER_CALLERS);
  await act(request, response, deps, caller);
}

type Act = (request: HttpRequest, response: HttpResponse, deps: Deps, caller: Caller) => Promise<void>;

const onPing: Act = async (_request, response, deps, caller) => {
  const threshold = await onlineThreshold(deps.store, deps.clock(), PINGS_MAX_AGE_MS);
  const accepted = await ping(visitorOf(deps, caller), threshold * 60_000).catch((error: unknown) => {
    if (!isRedisAway(error)) throw error;
    throw new HttpError(503, 'Presence is away for a moment; ping again later.', {
      headers: { 'Retry-After': String(PING_RETRY_SECONDS) },
      check: `ping: Redis does not answer (${String(error)})`,
    });
  });
  if (!accepted) throw loggedOut();
  sendEmpty(response);
};

const onLogin: Act = async (_request, response, deps, caller) => {
  const visitor = visitorOf(deps, caller);
  if (!(await answerWithin(STORE_MS, logIn(visitor)))) throw loggedOut();
  sendJson(response, 200, { user_id: visitor.user.userId });
};

const onLogout: Act = async (_request, response, deps, caller) => {
  const threshold = await onlineThreshold(deps.store, deps.clock(), PINGS_MAX_AGE_MS);
  await answerWithin(STORE_MS, logOut(visitorOf(deps, caller), threshold * 60_000));
  sendEmpty(response);
};

const statusesQuery = z.strictObject({
  limit: limitParam(MAX_PAGE),
  page: pageParam,
  status: z.enum(['online', 'offline', 'unknown'], 'must be online, offline or unknown').optional(),
  filter: z.enum(['online', 'offline', 'unknown'], 'must be online, offline or unknown').optional(),
});

const onStatuses: Act = async (request, response, deps) => {
  const { limit, page, status, filter } = parseQuery(statusesQuery, request);
  const now = deps.clock();
  const minutes = await onlineThreshold(deps.store, now, STATUSES_MAX_AGE_MS);
  const query = { limit, after: page, status: status ?? filter, thresholdMs: minutes * 60_000, now };
  const { degraded, users, next } = await listStatuses({ ...deps }, query);
  sendJson(response, 200, { threshold_minutes: minutes, degraded, users, next_page: toPage(next) });
};

const ACTIONS: Record<string, readonly ['GET' | 'POST', Act]> = {
  '/v1/activity/ping': ['POST', onPing],
  '/v1/auth/login': ['POST', onLogin],
  '/v1/auth/logout': ['POST', onLogout],
  '/v1/admin/users/statuses': ['GET', onStatuses],
};

function visitorOf({ store, redis, clock }: Deps, caller: Caller): Visitor {
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
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
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
    session: sessionKey(userId, sessionOf(caller)),
    issuedAt: typeof iat === 'number' ? iat : null,
  };
}

function loggedOut(): HttpError {
  return new HttpError(401, 'This session has been logged out; sign in again.', {
    check: 'the session has been logged out',
  });
}
