import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The point of a dialogue for a fault:
 * - `body`: at its first bytes
 * - `dot`: before its end is forwarded
 * - `answer`: after the server accepted the mail
 */
export type FaultPoint = 'greeting' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot' | 'answer';

export interface Fault {
  at: FaultPoint;
  /** The fault: a reply, a cut connection, endless silence, a pause before each reply, or a wait for an event. */
  how: { reply: string } | 'close' | 'hang' | { slowMs: number } | { until: Promise<void> };
}

/** A proxy before a mail server that injects a fault at one point of the dialogue. */
export interface SmtpFaults {
  port: number;
  fault: Fault | null;
  /** Resolves when the fault has occurred once more. */
  struck(): Promise<void>;
  /** The number of connected clients. */
  open(): number;
  stop(): Promise<void>;
}

/**
 * Starts the proxy on a free loopback port. It forwards one command at a time and waits for its reply, so that a
 * fault hits exactly one of several pipelined commands.
 */
export async function startSmtpFaults(target: { port: number }): Promise<SmtpFaults> {
  const sockets = new Set<Socket>();
  let strike: (() => void) | undefined;
  let clients = 0;
  const faults: SmtpFaults = {
    port: 0,
    fault: null,
    struck: () => new Promise((resolve) => (strike = resolve)),
    open: () => clients,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((client) => {
    clients += 1;
    client.on('close', () => (clients -= 1));
    const upstream = connect(target.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('close', end);
    const at = async (point: FaultPoint): Promise<boolean> => {
      const { fault } = faults;
      if (fault && typeof fault.how === 'object' && 'slowMs' in fault.how) await delay(fault.how.slowMs);
      else if (fault?.at === point) {
        strike?.();
        if (typeof fault.how === 'object' && 'until' in fault.how) {
          await fault.how.until;
          return false;
        }
        if (fault.how === 'close') end();
        else if (fault.how !== 'hang') client.write(`${(fault.how as { reply: string }).reply}\r\n`);
        if (typeof fault.how === 'object') return true;
        await once(client, 'close');
      }
      return false;
    };
    relay(new SocketReader(client), new SocketReader(upstream), client, upstream, at).catch(end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  faults.port = (server.address() as AddressInfo).port;
  return faults;
}

const POINTS: Record<string, FaultPoint> = {
  EHLO: 'ehlo',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
  AUTH: 'auth',
};

async function relay(
  fromClient: SocketReader,
  fromServer: SocketReader,
  client: Socket,
  server: Socket,
  at: (point: FaultPoint) => Promise<boolean>,
): Promise<void> {
  if (await at('greeting')) return void client.end();
  client.write(await fromServer.reply());
  for (;;) {
    const line = await fromClient.until('\r\n');
    const verb = line.toString().slice(0, 4).toUpperCase();
    const point = POINTS[verb];
    if (point && (await at(point))) continue;
    server.write(line);
    const reply = await fromServer.reply();
    client.write(reply);
    if (verb !== 'DATA' || !reply.toString().startsWith('354')) continue;
    await fromClient.some();
    if (await at('body')) return void client.end();
    const body = await fromClient.until('\r\n.\r\n');
    if (await at('dot')) continue;
    server.write(body);
    const answer = await fromServer.reply();
    if (await at('answer')) continue;
    client.write(answer);
  }
}

/** Reads a socket piece by piece. Rejects when it ends. */
class SocketReader {
  #buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error('the connection ended');
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Waits for the first bytes without consuming them. */
  async some(): Promise<void> {
    while (this.#buffer.length === 0) await this.#more();
  }

  async until(end: string): Promise<Buffer> {
    for (;;) {
      const index = this.#buffer.indexOf(end);
      if (index >= 0) {
        const part = this.#buffer.subarray(0, index + end.length);
        this.#buffer = this.#buffer.subarray(index + end.length);
        return part;
      }
      await this.#more();
    }
  }

  /** Reads a whole reply with all its lines. */
  async reply(): Promise<Buffer> {
    const lines: Buffer[] = [];
    do lines.push(await this.until('\r\n'));
    while (/^\d{3}-/.test(lines.at(-1)?.toString() ?? ''));
    return Buffer.concat(lines);
  }
}
