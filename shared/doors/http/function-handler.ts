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
   * The prefix of the routes on a host that all functions share; the function's own URL has no prefix. Absent: the routes
   * name whole paths.
   */
  mountedAt?: string;
  /** Answers preflights of ALLOWED_ORIGINS. */
  cors?: boolean;
  /** The callers of each route that names none. */
  callers: readonly Caller['kind'][];
  routes: readonly AnyRoute<Deps>[];
}

/** A 404 names this many paths of the function. */
const MAX_NAMED = 6;

/**
 * Makes the HTTP function of these routes. For each request it:
 * 1. opens the dependencies and answers a preflight;
 * 2. finds the route (404, 405);
 * 3. checks the caller (401, 403);
 * 4. reads the input (400, 413) and calls the route's handler.
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
      // Error Reporting groups errors by service.
      serviceContext: { service: name },
      ...traceFields(request.headers, deps.config.project),
    };
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Strict-Transport-Security', 'max-age=31536000');
    try {
      if (cors && handleCors(request, response, deps.config.allowedOrigins)) return;
      const match = find(ownPath(request, mountedAt), request);
      if (!match) throw new HttpError(404, describeRoutes(name, spec));
      const answered = await callRoute(match, request, { deps, callers, logFields });
      await sendAnswer(response, answered);
    } catch (error) {
      sendError(response, error, deps.log, logFields);
    }
  };
}

/** Returns the path of a request at the function's own URL. */
function ownPath(request: HttpRequest, mountedAt: string): string {
  const { path } = location(request);
  if (path === mountedAt) return '/';
  return path.startsWith(`${mountedAt}/`) ? path.slice(mountedAt.length) : path;
}

function describeRoutes(name: string, { mountedAt = '', routes }: FunctionSpec<never>): string {
  const paths = [...new Set(routes.map(({ path }) => (mountedAt + path).replace(/(?<=.)\/$/, '')))];
  const more = paths.length > MAX_NAMED ? `, and ${paths.length - MAX_NAMED} more` : '';
  return `No such route; ${name} answers at ${paths.slice(0, MAX_NAMED).join(', ')}${more}.`;
}

interface RouteContext<Deps> {
  deps: Deps;
  callers: readonly Caller['kind'][];
  logFields: object;
}

/** Checks the caller, reads the route's input, and calls its handler. */
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
