import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ImapTap {
  port: number;
  stop(): Promise<void>;
}

/** Starts a proxy before a mail server that records the name of every command. */
export async function startImapTap(target: { host: string; port: number }, said: string[]): Promise<ImapTap> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('data', (data: Buffer) => {
      for (const [, name] of data.toString('latin1').matchAll(/^\w+ ([A-Z]+)\b.*\r$/gm))
        if (name) said.push(name);
    });
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
