import type { Caller } from '../auth/caller.ts';
import { authenticate } from '../auth/door.ts';
import type { TokenDeps } from '../auth/token.ts';
import { type Log, traceFields } from '../log.ts';
import { sendAnswer, sendError } from './answer.ts';
import { handleCors } from './cors.ts';
import { HttpError } from './errors.ts';
import { parseJson, parseParams, parseQuery } from './query.ts';
import { type HttpHandler, type HttpRequest, location } from './request.ts';
import { type Answered, type AnyRoute, createRouter, type Match } from './router.ts';

/** The least that a function needs to know its callers and to log. */
export interface FunctionDeps extends TokenDeps {
  log: Log;
}

/** A function by its routes. */
export interface FunctionSpec<Deps> {
  /** The name of the label that log lines carry; `function` by default. */
  label?: 'task';
  /**
   * The path below which a host that all functions share has the routes; at the function's own address they stand without
   * it. Absent: the routes name whole paths.
   */
  mountedAt?: string;
  /** Answers preflights of ALLOWED_ORIGINS. */
  cors?: boolean;
  /** The callers of every route that names none. */
  callers: readonly Caller['kind'][];
  routes: readonly AnyRoute<Deps>[];
}

/** A refusal of an unknown path names this many paths of the function. */
const MAX_NAMED = 6;

/**
 * Makes the HTTP function of these routes. In this order: dependencies are opened, a preflight is answered, the route is
 * found (404, 405), the caller is checked (401, 403), the input is read (400, 413), and the route's handler answers.
 */
export function functionHandler<Deps extends FunctionDeps>(
  name: string,
  spec: FunctionSpec<Deps>,
  open: () => Deps,
): HttpHandler {
  const { label = 'function', mountedAt = '', cors = false, callers, routes } = spec;
  const find = createRouter(routes);
  return async (request, response) => {
    const deps = open();
    const logFields = {
      'logging.googleapis.com/labels': { [label]: name },
      ...traceFields(request.headers, deps.config.project),
    };
    try {
      if (cors && handleCors(request, response, deps.config.allowedOrigins)) return;
      const match = find(ownPath(request, mountedAt), request);
      if (!match) throw new HttpError(404, nothingHere(name, spec));
      const answered = await callRoute(match, request, { deps, callers, logFields });
      await sendAnswer(response, answered);
    } catch (error) {
      sendError(response, error, deps.log, logFields);
    }
  };
}

/** The path of a request at the function's own address. */
function ownPath(request: HttpRequest, mountedAt: string): string {
  const { path } = location(request);
  if (path === mountedAt) return '/';
  return path.startsWith(`${mountedAt}/`) ? path.slice(mountedAt.length) : path;
}

function nothingHere(name: string, { mountedAt = '', routes }: FunctionSpec<never>): string {
  const paths = [...new Set(routes.map(({ path }) => (mountedAt + path).replace(/(?<=.)\/$/, '')))];
  const more = paths.length > MAX_NAMED ? `, and ${paths.length - MAX_NAMED} more` : '';
  return `Nothing is here; ${name} answers at ${paths.slice(0, MAX_NAMED).join(', ')}${more}.`;
}

interface RouteContext<Deps> {
  deps: Deps;
  callers: readonly Caller['kind'][];
  logFields: object;
}

/** Checks the caller, reads what the route takes, and calls it. */
async function callRoute<Deps extends FunctionDeps>(
  { route, path }: Match<Deps>,
  request: HttpRequest,
  { deps, callers, logFields }: RouteContext<Deps>,
): Promise<Answered> {
  const { query, body, params } = route;
  const read = async () => ({
    ...{ deps, now: deps.clock(), logFields, path, request },
    query: query ? parseQuery(query, request) : undefined,
    body: body ? await parseJson(body, request) : undefined,
    params: params ? await parseParams(params, request) : {},
  });
  if (route.callers === 'anyone') return await route.handle(await read());
  const caller = await authenticate(request, deps, route.callers ?? callers);
  return await route.handle({ caller, ...(await read()) });
}
