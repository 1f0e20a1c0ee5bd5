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
import { answerWithin } from '../../shared/doors/http/deadline.ts';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { functionHandler } from '../../shared/doors/http/function-handler.ts';
import { parseJson } from '../../shared/doors/http/query.ts';
import type { HttpHandler } from '../../shared/doors/http/request.ts';
import { Answer, type Call, openReads, type ProvenRoute } from '../../shared/doors/http/router.ts';
import { refuseTooOften } from '../../shared/doors/http/too-often.ts';
import { requireToken } from '../../shared/doors/redis/limit.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { sendClient, sendPackageFile, sendTarball } from './client.ts';

/** The path of the visits on a host that all functions share. */
export const VISITS_PATH = '/api/v1/visits';
/** After this the browser should keep the report and retry. */
const ANSWER_MS = 10_000;
const uuid = z.guid();

/**
 * Page visits, as the browser reports them.
 * - POST `/api/v1/visits` starts one, `/{id}/heartbeat` keeps it alive, `/{id}/end` ends it.
 * - A visit belongs to the token's subject; another user's visit is 404.
 * - A user may send VISITS_PER_MINUTE reports a minute, then gets 429 with Retry-After.
 * - Reports may arrive twice, late or out of order; a closed visit answers 409 and stays as it is.
 * - GET `/client.js` is the module that reports visits, `/client.tgz` the package for `npm install`, and `/client/FILE` one
 *   of its files.
 */
export function visitsHandler(open: () => Deps): HttpHandler {
  const requireRoom = limitReports();
  const report = (path: string, act: Report) => reportRoute(path, act, requireRoom);
  const routes = [
    ...openReads('/client.js', sendClient),
    ...openReads('/client.tgz', sendTarball),
    ...openReads('/client/{file=*}', sendPackageFile),
    report('/', start),
    report('/{id=*}/heartbeat', beat(heartbeat)),
    report('/{id=*}/end', beat(endVisit)),
  ];
  const spec = { mountedAt: VISITS_PATH, cors: true, callers: USER_CALLERS, routes };
  return functionHandler('visits', spec, open);
}

type Report = (call: Call<Deps>, context: TrackContext) => Promise<{ result: TrackResult; id: string }>;

/** Makes the route of one report. The deadline covers reading the body, so each report reads its own. */
function reportRoute(path: string, act: Report, requireRoom: RequireRoom): ProvenRoute<Deps> {
  return {
    method: 'POST',
    path,
    async handle(call) {
      const { deps, caller, now } = call;
      const context = { store: deps.store, userId: caller.id ?? '', now };
      await refuseTooOften(requireRoom(deps, context.userId, now));
      const { result, id } = await answerWithin(ANSWER_MS, act(call, context));
      return new Answer(statusOf(result), { visit_id: id });
    },
  };
}

type RequireRoom = (deps: Deps, userId: string, now: Date) => Promise<void>;

/** A user's first reports in a minute cost no Redis command in this process: more than an ordinary tab or two send. */
const FREE_PER_MINUTE = 30;
/** The users that a process counts in a minute; beyond, it begins again. */
const MAX_COUNTED = 20_000;

/**
 * Returns the check that a user has not sent too many reports. Each process counts alone up to FREE_PER_MINUTE, and then asks
 * the user's bucket in Redis. Throws TooOften.
 */
function limitReports(): RequireRoom {
  let counted = new Map<string, number>();
  let minute = 0;
  return async ({ redis, config }, userId, now) => {
    const current = Math.floor(now.getTime() / 60_000);
    if (current !== minute || counted.size >= MAX_COUNTED) counted = new Map();
    minute = current;
    const count = (counted.get(userId) ?? 0) + 1;
    counted.set(userId, count);
    if (count > FREE_PER_MINUTE)
      await requireToken(redis, `visits:limit:${userId}`, config.perMinute.visits, now.getTime());
  };
}

const start: Report = async ({ request }, context) => {
  const body = await parseJson(startBody, request);
  return { result: await startVisit(body, context), id: body.visit_id };
};

const beat =
  (act: typeof heartbeat): Report =>
  async ({ path: { id = '' }, request }, context) => {
    if (!uuid.safeParse(id).success) throw new HttpError(404, 'There is no such visit.');
    return { result: await act(id, await parseJson(beatBody, request), context), id };
  };

function statusOf({ result }: TrackResult): 200 | 201 {
  if (result === 'unknown') throw new HttpError(404, 'There is no such visit.');
  if (result === 'closed') throw new HttpError(409, 'The visit is closed; start a new one.');
  return result === 'created' ? 201 : 200;
}
