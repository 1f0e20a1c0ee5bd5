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
 * - Reports may arrive twice, late or out of order; a closed visit answers 409 and stays as it is.
 * - GET `/client.js` is the module that reports visits, `/client.tgz` the package for `npm install`, and `/client/FILE` one
 *   of its files.
 */
export function visitsHandler(open: () => Deps): HttpHandler {
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
function report(path: string, act: Report): ProvenRoute<Deps> {
  return {
    method: 'POST',
    path,
    async handle(call) {
      const { deps, caller, now } = call;
      const context = { store: deps.store, userId: caller.id ?? '', now };
      const { result, id } = await answerWithin(ANSWER_MS, act(call, context));
      return new Answer(statusOf(result), { visit_id: id });
    },
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
