import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Watches what a function process sends to its stores. A chunk is the data of one read from a connection. */
export interface Tap {
  /** The loopback ports that replace the targets, in the same order. */
  ports: number[];
  /** Returns the number of chunks sent to the stores since the last reset. */
  sent(): number;
  /** Sets the count to 0 and lets all traffic pass. */
  reset(): void;
  /**
   * Cuts the stores off at the n-th chunk from now: later chunks never arrive, and this one only if `arrives`. The
   * caller kills the sender, which then died just before or after this write.
   */
  cutAt(chunk: number, arrives: boolean, cut: () => void): void;
  stop(): Promise<void>;
}

interface Trip {
  chunk: number;
  arrives: boolean;
  cut: () => void;
}

/** Starts TCP taps before some loopback ports, with one count for all. */
export async function startTap(targets: readonly number[]): Promise<Tap> {
  const state: { sent: number; blocked: boolean; trip: Trip | null } = {
    sent: 0,
    blocked: false,
    trip: null,
  };
  const sockets = new Set<Socket>();
  const passes = (): boolean => {
    if (state.blocked) return false;
    state.sent += 1;
    if (!state.trip || state.sent < state.trip.chunk) return true;
    const { arrives, cut } = state.trip;
    state.blocked = true;
    state.trip = null;
    // After this chunk was sent or withheld.
    queueMicrotask(cut);
    return arrives;
  };
  const servers = await Promise.all(targets.map((target) => listen(target, passes, sockets)));
  const reset = () => Object.assign(state, { sent: 0, blocked: false, trip: null });
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    sent: () => state.sent,
    reset,
    cutAt(chunk, arrives, cut) {
      reset();
      state.trip = { chunk, arrives, cut };
    },
    async stop() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function listen(target: number, passes: () => boolean, sockets: Set<Socket>) {
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
    client.on('data', (chunk) => {
      if (passes()) upstream.write(chunk);
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
