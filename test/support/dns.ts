import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';

/** A DNS server on loopback that this process's lookups ask instead of the machine's. */
export interface OwnResolver {
  /** The answers to a name, one list of IPv4 addresses per question; the last one stays. */
  answers: Map<string, string[][]>;
  /** The names that were asked for, in order. */
  questions: string[];
  stop(): Promise<void>;
}

const TYPE_A = 1;
const RESPONSE = 0x8180;

/** Starts the server, and lets `dns.lookup` and `dns/promises` ask it. */
export async function startResolver(): Promise<OwnResolver> {
  const answers = new Map<string, string[][]>();
  const questions: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (packet, { port, address }) => {
    const { name, type, end } = readQuestion(packet);
    if (type === TYPE_A) questions.push(name);
    const waiting = answers.get(name) ?? [];
    const found = type === TYPE_A ? ((waiting.length > 1 ? waiting.shift() : waiting[0]) ?? []) : [];
    socket.send(answerOf(packet.subarray(0, end), found), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new dns.promises.Resolver({ tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const before = { lookup: dns.lookup, promised: dns.promises.lookup };
  play(async (host: string) => (await resolver.resolve4(host)).map((address) => ({ address, family: 4 })));
  return {
    answers,
    questions,
    async stop() {
      dns.lookup = before.lookup;
      dns.promises.lookup = before.promised;
      syncBuiltinESMExports();
      socket.close();
      await once(socket, 'close');
    },
  };
}

type Found = { address: string; family: number }[];

function play(find: (host: string) => Promise<Found>): void {
  const one = (found: Found) => found[0] as Found[number];
  const promised = async (host: string, options: { all?: boolean } = {}) => {
    const found = await find(host);
    return options.all ? found : one(found);
  };
  const called = (host: string, options: { all?: boolean }, done: (...rest: unknown[]) => void) => {
    find(host).then(
      (found) => (options.all ? done(null, found) : done(null, one(found).address, one(found).family)),
      done,
    );
  };
  Object.assign(dns, { lookup: called });
  Object.assign(dns.promises, { lookup: promised });
  syncBuiltinESMExports();
}

/** Reads the question of a DNS packet (RFC 1035, 4.1.2). */
function readQuestion(packet: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.'), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

/** Makes the answer to a question: its addresses with a time to live of 0. */
function answerOf(question: Buffer, addresses: readonly string[]): Buffer {
  const header = Buffer.from(question);
  header.writeUInt16BE(RESPONSE, 2);
  header.writeUInt16BE(addresses.length, 6);
  // EDNS of the question is not repeated.
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, ...records]);
}
