import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { mounted } from '../../functions/registry.ts';
import { HttpError } from '../../shared/http/errors.ts';
import { sendJson } from '../../shared/http/request.ts';
import type { Deps } from '../../shared/task/task.ts';

/** More than any function takes, and little enough for one machine's memory. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface Gateway {
  url: string;
  stop(): Promise<void>;
}

/**
 * Puts every function on one port, each behind the real Functions Framework. Bodies are read here, since the framework
 * would answer a malformed one with a page of its own; the functions parse them themselves.
 */
export async function startGateway(open: () => Deps, port: number): Promise<Gateway> {
  const functions = mounted.map(({ name, prefix, handler }) => {
    register(name, handler(open));
    return { prefix, server: getTestServer(name) };
  });
  const server = http.createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const found = functions.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
    if (!found) {
      refuse(
        response,
        new HttpError(
          404,
          `No function answers at this path; there are ${mounted.map((m) => m.prefix).join(', ')}.`,
        ),
      );
      return;
    }
    readBody(request, response, () => found.server.emit('request', request, response));
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, error: HttpError): void {
  sendJson(response, error.status, error.body(), error.headers);
}

function readBody(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => {
    if (size > MAX_BODY_BYTES) {
      refuse(
        response,
        new HttpError(413, `The body has ${size} bytes; at most ${MAX_BODY_BYTES} are taken.`),
      );
      return;
    }
    // `_body` tells body-parser, which the framework uses, that the body has been read.
    Object.assign(request, { rawBody: Buffer.concat(chunks), _body: true });
    next();
  });
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`Port ${port} is taken; stop what uses it, or start with PORT=0 or another PORT.`)
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
