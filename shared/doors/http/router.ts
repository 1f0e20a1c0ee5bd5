import type { Readable } from 'node:stream';
import type * as z from 'zod';
import type { Caller } from '../auth/caller.ts';
import { HttpError } from './errors.ts';
import { createMatcher, type PathValues, partsOf } from './path-pattern.ts';
import { type HttpRequest, header } from './request.ts';

/** The arguments of a route's handler: its dependencies, the caller, and the checked input. */
export interface Call<Deps, Query = unknown, Body = unknown> {
  deps: Deps;
  caller: Caller;
  /** The instant of the request, read after the caller is known. */
  now: Date;
  /** Label and trace of the request, for the lines that its handler logs. */
  logFields: object;
  path: PathValues;
  query: Query;
  body: Body;
  /** The parameters of a route with `params`. */
  params: Record<string, unknown>;
  request: HttpRequest;
}

/** The answer of a handler: 200 with a JSON object, 204 for null, or an Answer or Content. */
export type Answered = object | null;

/** An answer with its own status or headers. */
export class Answer {
  readonly status: number;
  readonly body: object;
  readonly headers: Record<string, string>;
  constructor(status: number, body: object, headers: Record<string, string> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** An answer that is not JSON, such as a page. A stream is sent as it comes and never held in memory. */
export class Content {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: string | Buffer | Readable | undefined;
  constructor(status: number, headers: Record<string, string>, content?: string | Buffer | Readable) {
    this.status = status;
    this.headers = headers;
    this.content = content;
  }
}

/** The route's address and the schemas of its input. Input without a schema is not read. */
interface RouteInput<Query, Body> {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/v1/admin/tickets/{id}`; see path-pattern.ts. */
  path: string;
  /** The route exists only for requests whose Accept header matches. */
  accept?: RegExp;
  query?: z.ZodType<Query>;
  body?: z.ZodType<Body>;
  /** Parameters from the query string or the JSON body; a route has these or `query` and `body`. */
  params?: z.ZodObject;
}

/** A route that needs authentication. Without `callers`, the callers of its function may call it. */
export interface ProvenRoute<Deps, Query = unknown, Body = unknown> extends RouteInput<Query, Body> {
  callers?: readonly Caller['kind'][];
  handle(call: Call<Deps, Query, Body>): Promise<Answered>;
}

/** A route without authentication, such as a page or a signed link. */
export interface OpenRoute<Deps> extends RouteInput<unknown, unknown> {
  callers: 'anyone';
  handle(call: Omit<Call<Deps>, 'caller'>): Promise<Answered>;
}

// biome-ignore lint/suspicious/noExplicitAny: query and body differ per route; each route is checked where it is defined
export type AnyRoute<Deps> = ProvenRoute<Deps, any, any> | OpenRoute<Deps>;

/** The route of a request, and the values of its path. */
export interface Match<Deps> {
  route: AnyRoute<Deps>;
  path: PathValues;
}

/** Returns GET and HEAD routes that anyone may read. */
export function openReads<Deps>(
  path: string,
  handle: OpenRoute<Deps>['handle'],
  accept?: RegExp,
): OpenRoute<Deps>[] {
  const more = accept ? { accept } : {};
  return (['GET', 'HEAD'] as const).map((method) => ({ method, path, callers: 'anyone', handle, ...more }));
}

/** Finds the route of a method and path. Returns null if no path matches. Throws 405 if only the method differs. */
export type FindRoute<Deps> = (path: string, request: HttpRequest) => Match<Deps> | null;

/** Makes the router of these routes. The pattern with the fewest variables comes first, then the order of the list. */
export function createRouter<Deps>(routes: readonly AnyRoute<Deps>[]): FindRoute<Deps> {
  const table = routes
    .map((route) => ({ route, matcher: createMatcher(route.path) }))
    .sort((one, other) => one.matcher.rank - other.matcher.rank);
  return (path, request) => {
    const { method } = request;
    const parts = partsOf(path);
    const accepted = header(request, 'accept') ?? '';
    const matching = table.flatMap(({ route, matcher }): Match<Deps>[] => {
      if (route.accept && !(route.method === method && route.accept.test(accepted))) return [];
      const values = matcher.match(parts);
      return values ? [{ route, path: values }] : [];
    });
    if (matching.length === 0) return null;
    return matching.find(({ route }) => route.method === method) ?? refuseMethod(method, matching);
  };
}

function refuseMethod(method: string, matching: readonly Match<never>[]): never {
  const allowed = [...new Set(matching.map(({ route }) => route.method))];
  throw new HttpError(405, `${method} is not supported here; use ${allowed.join(' or ')}.`, {
    headers: { Allow: allowed.join(', ') },
  });
}
