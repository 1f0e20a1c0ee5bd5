import type { IncomingMessage, ServerResponse } from 'node:http';
import { mounted } from '../../../functions/registry.ts';

/**
 * What `gcloud functions call` sends where it has an access token and no account (CLOUDSDK_AUTH_ACCESS_TOKEN_FILE):
 * it has no identity token to show. On Google Cloud the same command shows the operator's.
 */
const STAND_IN = 'Bearer None';

/** A little more than the longest a function may take. */
const TIMEOUT_MS = 3_660_000;

/** Headers that belong to one connection, not to the message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length', 'expect'];

export interface Call {
  name: string;
  /** Path and query below the function's own address. */
  rest: string;
  gateway: string;
  signOperator: () => Promise<string>;
}

/**
 * Plays the address of one function: `/` and its own paths lead to it, nothing else does. gcloud's stand-in becomes an
 * operator's identity token; any other proof, or none, goes on as it is, for the function's own door to judge.
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  { name, rest, gateway, signOperator }: Call,
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
  // fetch has unpacked the body already.
  delete back['content-encoding'];
  response.writeHead(answer.status, back).end(bytes);
}

/** The gateway's path of a request to one function; null where that function does not answer. */
function pathAt(name: string, rest: string): string | null {
  // Parsed first, so that no `..` leads out of the function's own paths.
  const { pathname, search } = new URL(`http://local${rest.startsWith('/') ? '' : '/'}${rest}`);
  const own = mounted.filter((row) => row.name === name);
  if (own.length > 0 && pathname === '/') return `${own[0]?.prefix}${search}`;
  const inside = own.some(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  return inside ? pathname + search : null;
}
