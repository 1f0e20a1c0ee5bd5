import * as z from 'zod';
import {
  endVisit,
  heartbeat,
  startVisit,
  type TrackContext,
  type TrackResult,
} from '../../shared/domains/visits/track.ts';
import { beatBody, startBody } from '../../shared/domains/visits/visit.ts';
import { USER_CALLERS } from '../../shared/doors/auth/caller.ts';
import { authenticate } from '../../shared/doors/auth/door.ts';
import { sendError } from '../../shared/doors/http/answer.ts';
import { handleCors } from '../../shared/doors/http/cors.ts';
import { answerWithin } from '../../shared/doors/http/deadline.ts';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { parseJson } from '../../shared/doors/http/query.ts';
import { type HttpHandler, type HttpRequest, location, sendJson } from '../../shared/doors/http/request.ts';
import { requireMethod } from '../../shared/doors/http/route.ts';
import { traceFields } from '../../shared/doors/log.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { sendClient } from './client.ts';

const ROUTE = '/api/v1/visits';
/** A browser that hears nothing for this long does better to keep the report and come again. */
const ANSWER_MS = 10_000;
const uuid = z.guid();

/**
 * Page visits as the browser reports them: POST `/api/v1/visits` starts one, `/{id}/heartbeat` keeps it alive, `/{id}/end`
 * ends it. A visit belongs to the token's subject; another user's is not found. All three may come twice, late or out of
 * order; a closed visit answers 409 and stays as it is. GET `/client.js` is the module that reports them.
 */
export function visitsHandler(open: () => Deps): HttpHandler {
  return async (request, response) => {
    const deps = open();
    const fields = {
      'logging.googleapis.com/labels': { function: 'visits' },
      ...traceFields(request.headers, deps.config.project),
    };
    try {
      if (handleCors(request, response, deps.config.allowedOrigins)) return;
      const { path } = location(request);
      if (path === '/client.js' || path === `${ROUTE}/client.js`) {
        requireMethod(request.method, ['GET', 'HEAD']);
        return await sendClient(request, response);
      }
      const action = findAction(path);
      requireMethod(request.method, ['POST']);
      const caller = await authenticate(request, deps, USER_CALLERS);
      const { store } = deps;
      const context = { store, userId: caller.id ?? '', now: deps.clock() };
      const { status, id } = await answerWithin(ANSWER_MS, action(request, context));
      sendJson(response, status, { visit_id: id });
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
}

type Action = (request: HttpRequest, context: TrackContext) => Promise<{ status: number; id: string }>;

function findAction(path: string): Action {
  if (path === '/' || path === ROUTE) return start;
  const [, id, verb] = /^(?:\/api\/v1\/visits)?\/([^/]+)\/(heartbeat|end)$/.exec(path) ?? [];
  if (id === undefined)
    throw new HttpError(404, `Nothing is here; visits answers at ${ROUTE}, /{id}/heartbeat and /{id}/end.`);
  return async (request, context) => {
    if (!uuid.safeParse(id).success) throw new HttpError(404, 'There is no such visit.');
    const body = await parseJson(beatBody, request);
    const act = verb === 'end' ? endVisit : heartbeat;
    return { status: statusOf(await act(id, body, context)), id };
  };
}

const start: Action = async (request, context) => {
  const body = await parseJson(startBody, request);
  return { status: statusOf(await startVisit(body, context)), id: body.visit_id };
};

function statusOf({ result }: TrackResult): 200 | 201 {
  if (result === 'unknown') throw new HttpError(404, 'There is no such visit.');
  if (result === 'closed') throw new HttpError(409, 'The visit is closed; start a new one.');
  return result === 'created' ? 201 : 200;
}
