import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A fault of a mail server or of the network before it. */
export type ImapFault =
  /** Resets the connection this many octets after the first FETCH. */
  | { how: 'cut'; afterBytes: number }
  /** Sends nothing more after a FETCH. */
  | { how: 'stall' }
  | { how: 'bye' }
  /** Answers every FETCH with this line. */
  | { how: 'fetch'; answer: string }
  | { how: 'latency'; ms: number }
  | { how: 'throttle'; bytesPerSecond: number }
  | { how: 'refuse' }
  /** Speaks no IMAP at all. */
  | { how: 'garbage' }
  /** Sends no greeting. */
  | { how: 'silence' }
  /** Answers the login with this line. */
  | { how: 'login'; answer: string };

export interface ImapFaults {
  host: string;
  port: number;
  fault: ImapFault | null;
  stop(): Promise<void>;
}

/** Starts a proxy before a server. It forwards everything until a fault is set. */
export async function startImapFaults(target: { host: string; port: number }): Promise<ImapFaults> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined).on('close', () => sockets.delete(client));
    serve(client, target, faults.fault).catch(() => client.destroy());
  });
  const faults: ImapFaults = {
    host: '127.0.0.1',
    port: 0,
    fault: null,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  faults.port = (server.address() as AddressInfo).port;
  return faults;
}

async function serve(client: Socket, target: { host: string; port: number }, fault: ImapFault | null) {
  if (fault?.how === 'refuse') return void client.resetAndDestroy();
  if (fault?.how === 'silence') return;
  if (fault?.how === 'garbage') return void client.end(Buffer.from('00ff1b7f0d0a2a2a2a0d0a47455420', 'hex'));
  if (fault?.how === 'login') return refuseLogin(client, fault.answer);
  const upstream = connect(target.port, target.host);
  upstream.on('error', () => client.destroy()).on('close', () => client.end());
  client.on('close', () => upstream.destroy());
  let fetched = false;
  let passed = 0;
  client.on('data', (data: Buffer) => {
    if (/ FETCH /.test(data.toString('latin1'))) fetched = true;
    if (fetched && fault?.how === 'bye') return void client.end('* BYE Server is going down\r\n');
    const [, tag] = /(?:^|\n)(\S+) UID FETCH /.exec(data.toString('latin1')) ?? [];
    if (fault?.how === 'fetch' && tag) return void client.write(`${tag} ${fault.answer}\r\n`);
    upstream.write(data);
  });
  for await (const data of upstream as AsyncIterable<Buffer>) {
    if (fault?.how === 'latency') await delay(fault.ms);
    if (fault?.how === 'throttle') await delay((data.length / fault.bytesPerSecond) * 1_000);
    if (fetched && fault?.how === 'stall') return await new Promise(() => undefined);
    if (fetched && fault?.how === 'cut') {
      const rest = Math.max(0, fault.afterBytes - passed);
      passed += data.length;
      if (data.length >= rest) {
        client.write(data.subarray(0, rest));
        return void client.resetAndDestroy();
      }
    }
    client.write(data);
  }
}

/** Greets and answers every login with the same line. */
function refuseLogin(client: Socket, answer: string): void {
  client.write('* OK [CAPABILITY IMAP4rev1] ready\r\n');
  client.on('data', (data: Buffer) => {
    for (const line of data.toString('latin1').split('\r\n').filter(Boolean)) {
      const [tag, command = ''] = line.split(' ');
      if (/^(LOGIN|AUTHENTICATE)$/i.test(command)) client.write(`${tag} ${answer}\r\n`);
      else if (/^CAPABILITY$/i.test(command)) client.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`);
      else client.write(`${tag} OK done\r\n`);
    }
  });
}
