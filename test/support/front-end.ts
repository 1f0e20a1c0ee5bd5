import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An instance behind the front end. */
export interface Instance {
  url: string;
  alive(): boolean;
}

export interface FrontEnd {
  url: string;
  /** Adds an instance. */
  add(instance: Instance): void;
  /** The number of requests that each instance received, in the order of adding. */
  given(): readonly number[];
  stop(): Promise<void>;
}

/**
 * Starts a front end like Cloud Run's: one address that sends each request to the least busy living instance. A
 * request gets no answer if its instance dies. `onGiven` receives the index of the chosen instance.
 */
export async function startFrontEnd(onGiven: (index: number) => void = () => undefined): Promise<FrontEnd> {
  const instances: (Instance & { busy: number; given: number })[] = [];
  const server = createServer((request, response) => {
    const [chosen] = instances
      .filter((one) => one.alive())
      .sort((a, b) => a.busy - b.busy || a.given - b.given);
    if (!chosen) return void response.writeHead(503).end();
    chosen.busy += 1;
    chosen.given += 1;
    onGiven(instances.indexOf(chosen));
    pass(request, response, chosen.url, () => {
      chosen.busy -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (instance) => void instances.push({ ...instance, busy: 0, given: 0 }),
    given: () => instances.map(({ given }) => given),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pass(request: IncomingMessage, response: ServerResponse, to: string, done: () => void): void {
  const { method, headers } = request;
  const inner = send(`${to}${request.url}`, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  inner.on('error', () => response.destroy());
  inner.on('close', done);
  request.pipe(inner);
}
