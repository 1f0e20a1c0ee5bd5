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
  /** The address below which all functions answer, without a trailing slash. */
  gateway: string;
  /** Signs the operator's identity token that Google Cloud would accept from gcloud. */
  signOperator: () => Promise<string>;
  /** 0 picks a free port. */
  port?: number;
}

export interface LocalFunctions {
  /** The base address for gcloud's endpoint override; without a trailing slash. */
  url: string;
  /** Returns the address of one function, which has a host of its own on Google Cloud. */
  uriOf(name: string): string;
  stop(): Promise<void>;
}

/** Serves Cloud Functions' REST v2 (read only) on loopback, for gcloud functions list, describe and call. */
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
