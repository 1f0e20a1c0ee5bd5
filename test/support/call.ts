import type { Reply, World } from './world.ts';

export interface JsonCall {
  /** The proof of a signed-in person. */
  token: string;
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string> | undefined;
}

/** Calls a route of the world as a person. An empty answer has the body null. */
export async function callJson(world: Pick<World, 'url'>, call: JsonCall): Promise<Reply> {
  const { token, method, path, body, headers = {} } = call;
  const response = await fetch(world.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  };
}
