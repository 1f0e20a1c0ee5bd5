import type { IncomingMessage, ServerResponse } from 'node:http';
import { mounted } from '../../../functions/registry.ts';
import { readSchedule } from '../../scheduler/file.ts';
import { serveLoopback } from '../loopback-server.ts';
import { answerFunctions } from './api.ts';
import { forward } from './door.ts';
import { describeFunction, type FunctionResource } from './resource.ts';

export interface LocalFunctionsOptions {
  project: string;
  region: string;
  /** Where all functions answer, each below its own paths; without a trailing slash. */
  gateway: string;
  /** What the door of Google Cloud would have made of gcloud's credentials: an operator's identity token. */
  signOperator: () => Promise<string>;
  /** 0 takes a free port. */
  port?: number;
}

export interface LocalFunctions {
  /** The base address for gcloud's endpoint override; without a trailing slash. */
  url: string;
  /** The address of one function, as its own host on Google Cloud would be. */
  uriOf(name: string): string;
  stop(): Promise<void>;
}

/** Cloud Functions' REST v2 (read only) on loopback, for gcloud functions list, describe and call. */
export async function startLocalFunctions(options: LocalFunctionsOptions): Promise<LocalFunctions> {
  const { gateway, signOperator } = options;
  const resources = new Map<string, FunctionResource>();
  const handle = async (request: IncomingMessage, response: ServerResponse, body: string) => {
    const call = /^\/call\/([A-Za-z0-9-]+)(.*)$/s.exec(request.url ?? '/');
    if (call) {
      const [, name = '', rest = ''] = call;
      return await forward(request, response, body, { name, rest, gateway, signOperator });
    }
    const { status, reply } = answerFunctions([...resources.values()], options, request);
    response
      .writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
      .end(JSON.stringify(reply));
  };
  const server = await serveLoopback(options.port ?? 0, handle);
  const uriOf = (name: string) => `${server.url}/call/${name}`;
  const { functions, defaults } = readSchedule();
  for (const entry of functions) {
    if (!mounted.some(({ name }) => name === entry.name)) continue;
    resources.set(entry.name, describeFunction(entry, { ...options, defaults, uri: uriOf(entry.name) }));
  }
  return { url: server.url, uriOf, stop: server.stop };
}
