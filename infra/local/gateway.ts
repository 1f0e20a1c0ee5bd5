import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { mounted } from '../../functions/registry.ts';
import { handSchedule } from '../../shared/domains/watch/schedule.ts';
import { leaveBodyUnread } from '../../shared/doors/framework/body.ts';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { sendJson } from '../../shared/doors/http/request.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { watchedJobs } from '../scheduler/watched.ts';
import { demoSite, isDemoSite } from './demo/site.ts';

export interface Gateway {
  url: string;
  stop(): Promise<void>;
}

/** Serves every function on one port, each behind the real Functions Framework, and the demo site. */
export async function startGateway(open: () => Deps, port: number): Promise<Gateway> {
  handSchedule(watchedJobs());
  const functions = mounted.map(({ name, prefix, handler }) => {
    register(name, handler(open));
    return { prefix, server: getTestServer(name) };
  });
  const server = http.createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (isDemoSite(path)) {
      demoSite(open(), request, response).catch(() => response.destroy());
      return;
    }
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
    leaveBodyUnread(request);
    found.server.emit('request', request, response);
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

/** Throws if a port is taken. The engines before the gateway take seconds, so npm start looks first. */
export async function requireFreePort(port: number): Promise<void> {
  const server = http.createServer();
  await listen(server, port);
  await new Promise((resolve) => server.close(resolve));
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
