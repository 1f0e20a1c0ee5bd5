import { executionAsyncId } from 'node:async_hooks';
import domain from 'node:domain';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, expect, test } from 'vitest';
import { withoutDomains } from '../../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../../shared/doors/http/request.ts';

let server: Server | undefined;
const create = domain.create;
afterEach(() => {
  domain.create = create;
  server?.close();
  server?.closeAllConnections();
});

/** Returns the response of a handler behind the Functions Framework to one request. */
async function ask(name: string, handler: HttpHandler): Promise<unknown> {
  http(name, handler);
  server = getTestServer(name);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
  return await response.json();
}

const inDomain = (thing: object) => Boolean((thing as { domain?: unknown }).domain);

/** Says whether a domain is active: at the start, and after the promises and events of the handler. */
const tell: HttpHandler = async (_request, response) => {
  const atStart = inDomain(process);
  await setImmediate();
  const followed = executionAsyncId() !== 0;
  sendJson(response, 200, {
    ...{ atStart, later: inDomain(process), emitter: inDomain(new EventEmitter()) },
    followed,
  });
};

test('a handler runs outside the domain of the Functions Framework, and so does all that it starts', async () => {
  withoutDomains();
  expect(await ask('outside', tell)).toEqual({
    ...{ atStart: false, later: false, emitter: false },
    followed: false,
  });
});

test('without that it runs inside, where every promise is tracked', async () => {
  expect(await ask('inside', tell)).toEqual({ atStart: true, later: true, emitter: true, followed: true });
});
