import type { Readable } from 'node:stream';
import type * as z from 'zod';
import { isDocumentId } from '../store/document-id.ts';
import { HttpError } from './errors.ts';
import { parseJson, parseQuery } from './query.ts';
import { type HttpRequest, type HttpResponse, location, sendEmpty, sendJson, sendStream } from './request.ts';
import { requireMethod } from './route.ts';

/** What a route's handler is called with: its context, and all that the request says, already checked. */
export interface Call<Context, Query, Body> {
  context: Context;
  /** The values of `{name}` in the route's path. */
  path: Readonly<Record<string, string>>;
  query: Query;
  body: Body;
  request: HttpRequest;
}

/** What a handler answers: 200 with a JSON object, 204 for null, or an Answer of its own. */
export type Answered = object | null;

/** An answer with a status or headers of its own. */
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

/** An answer that is passed on as it comes; it is never held as a whole. */
export class Download {
  readonly content: Readable;
  readonly headers: Record<string, string>;
  constructor(content: Readable, headers: Record<string, string>) {
    this.content = content;
    this.headers = headers;
  }
}

/**
 * One line of an API: a method, a path such as `/v1/admin/tickets/{id}`, the schemas of query string and JSON body, and
 * what answers. Without a schema nothing may be sent there.
 */
export interface Route<Context, Query = unknown, Body = unknown> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: z.ZodType<Query>;
  body?: z.ZodType<Body>;
  handle(call: Call<Context, Query, Body>): Promise<Answered>;
}

// biome-ignore lint/suspicious/noExplicitAny: query and body differ per route; each route is checked where it is defined
export type AnyRoute<Context> = Route<Context, any, any>;

/** A route that a request has found, and the values of its path. */
export interface Match<Context> {
  route: AnyRoute<Context>;
  path: Record<string, string>;
}

/** Finds the route of a request: 404 where no path fits, 405 with the legal methods where only the method does not. */
export function findRoute<Context>(
  routes: readonly AnyRoute<Context>[],
  request: HttpRequest,
): Match<Context> {
  const { path } = location(request);
  const fitting = routes.flatMap((route) => {
    const values = matchPath(route.path, path);
    return values ? [{ route, path: values }] : [];
  });
  // A path without a variable is meant before one with: /runs/latest before /runs/{id}.
  fitting.sort((one, other) => Object.keys(one.path).length - Object.keys(other.path).length);
  if (fitting.length === 0) throw new HttpError(404, 'Nothing is here.');
  requireMethod(
    request.method,
    fitting.map(({ route }) => route.method),
  );
  const found = fitting.find(({ route }) => route.method === request.method);
  if (!found) throw new HttpError(404, 'Nothing is here.');
  return found;
}

/** Reads what the route takes, calls it and answers. */
export async function callRoute<Context>(
  { route, path }: Match<Context>,
  request: HttpRequest,
  response: HttpResponse,
  context: Context,
): Promise<void> {
  const query: unknown = route.query ? parseQuery(route.query, request) : undefined;
  const body: unknown = route.body ? await parseJson(route.body, request) : undefined;
  const answered = await route.handle({ context, path, query, body, request });
  if (answered === null) sendEmpty(response);
  else if (answered instanceof Download) await sendStream(response, answered.content, answered.headers);
  else if (answered instanceof Answer) sendJson(response, answered.status, answered.body, answered.headers);
  else sendJson(response, 200, answered);
}

/** The values of a pattern's variables, or null where the path does not fit. Values are ids of documents. */
function matchPath(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [trimmed(pattern), trimmed(path)];
  if (wanted.length !== given.length) return null;
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined) {
      if (part !== value) return null;
      continue;
    }
    const id = decoded(value);
    if (id === null) return null;
    values[name] = id;
  }
  return values;
}

const trimmed = (path: string) => path.replace(/\/+$/, '').split('/');

/** A path's part as a document id; null for what can be none (a slash would lead into another collection). */
function decoded(part: string): string | null {
  try {
    const id = decodeURIComponent(part);
    return isDocumentId(id) ? id : null;
  } catch {
    return null;
  }
}
