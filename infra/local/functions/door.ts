import type { IncomingMessage, ServerResponse } from 'node:http';
import { mounted } from '../../../functions/registry.ts';

/**
 * The token that `gcloud functions call` sends with an access token but no account (CLOUDSDK_AUTH_ACCESS_TOKEN_FILE).
 * On Google Cloud the same command sends the operator's identity token.
 */
const STAND_IN = 'Bearer None';

/** A little more than the longest timeout of a function. */
const TIMEOUT_MS = 3_660_000;

/** Headers that belong to one connection, not to the message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length', 'expect'];

export interface FunctionCall {
  name: string;
  /** Path and query below the function's address. */
  rest: string;
  gateway: string;
  signOperator: () => Promise<string>;
}

/**
 * Serves the address of one function: `/` and the function's routes lead to it, no other path does. gcloud's
 * placeholder becomes an operator's identity token; any other credential passes unchanged to the function's
 * authentication.
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  { name, rest, gateway, signOperator }: FunctionCall,
): Promise<void> {
  const target = pathAt(name, rest);
  if (target === null) {
    const message = `The function ${name} does not answer at this path.`;
    response
      .writeHead(404, { 'content-type': 'application/json; charset=utf-8' })
      .end(JSON.stringify({ error: { code: 'not_found', message } }));
    return;
  }
  const headers = new Headers();
  for (const [key, value] of Object.entries(request.headers)) {
    if (HOP_BY_HOP.includes(key) || value === undefined) continue;
    headers.set(key, Array.isArray(value) ? value.join(', ') : value);
  }
  if (headers.get('authorization') === STAND_IN)
    headers.set('authorization', `Bearer ${await signOperator()}`);
  const method = request.method ?? 'GET';
  const answer = await fetch(gateway + target, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const back = Object.fromEntries([...answer.headers].filter(([key]) => !HOP_BY_HOP.includes(key)));
  // fetch has already decompressed the body.
  delete back['content-encoding'];
  response.writeHead(answer.status, back).end(bytes);
}

/** Returns the gateway's path for a request to one function. Returns null if the function has no such route. */
function pathAt(name: string, rest: string): string | null {
  // Normalises first, so that no `..` leads outside the function's routes.
  const { pathname, search } = new URL(`http://local${rest.startsWith('/') ? '' : '/'}${rest}`);
  const own = mounted.filter((row) => row.name === name);
  if (own.length > 0 && pathname === '/') return `${own[0]?.prefix}${search}`;
  const inside = own.some(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  return inside ? pathname + search : null;
}
