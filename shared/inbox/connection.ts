import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { ImapFlow, type SearchObject } from 'imapflow';
import { within } from '../within.ts';
import { type Failure, failureOf } from './failure.ts';

/** A function has no time for imapflow's own patience (90 s, 16 s, 5 min). */
const CONNECT_MS = 10_000;
const GREETING_MS = 10_000;
const SOCKET_MS = 20_000;
const LOGOUT_MS = 2_000;
/** The largest single thing that is asked for is a capped part; more is an attack or a fault. */
const MAX_LITERAL_BYTES = 4 * 1024 * 1024;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

export interface Endpoint {
  host: string;
  port: number;
  /** TLS at once; else STARTTLS is required. */
  secure: boolean;
  /** Certificates (PEM) that are trusted for this server instead of the public authorities. */
  ca: string | null;
}

export interface Credentials {
  user: string;
  password?: string;
  accessToken?: string;
}

export interface ConnectionRules {
  /** The local cloud: loopback hosts are allowed, and may do without TLS. */
  local: boolean;
}

/** A host that a function on Google Cloud must not be made to call; the answer would tell about our own network. */
export class ForbiddenHost extends Error {
  constructor(host: string) {
    super(`${host} is no public address; give the host name of a mail server on the internet.`);
    this.name = 'ForbiddenHost';
  }
}

/** A mailbox that could not be reached or broke off; `failure` says of what kind. */
export class MailboxError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, cause: unknown) {
    super(failure.detail, { cause });
    this.name = 'MailboxError';
    this.failure = failure;
  }
}

/** One connection to one mailbox. Whatever its client throws is turned into a MailboxError by `run`. */
export class MailboxConnection {
  readonly client: ImapFlow;
  readonly #secrets: readonly string[];
  #heard: unknown = null;

  private constructor(client: ImapFlow, secrets: readonly string[]) {
    this.client = client;
    this.#secrets = secrets;
    // Without a listener a reset would end the process; the event tells the cause that the rejected call does not.
    client.on('error', (error: unknown) => {
      this.#heard ??= error;
    });
  }

  /** Connects and signs in; a MailboxError says why not. A host that is not public is refused before any packet. */
  static async open(
    endpoint: Endpoint,
    credentials: Credentials,
    rules: ConnectionRules,
  ): Promise<MailboxConnection> {
    const secrets = [credentials.password ?? '', credentials.accessToken ?? ''];
    const address = await publicAddress(endpoint.host, rules).catch((error: unknown) => {
      if (error instanceof ForbiddenHost) throw error;
      throw new MailboxError(failureOf(error, null), error);
    });
    const connection = new MailboxConnection(
      new ImapFlow(options(endpoint, credentials, rules, address)),
      secrets,
    );
    await connection.run((client) => client.connect());
    return connection;
  }

  /** Works with the client. */
  async run<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
    try {
      return await work(this.client);
    } catch (error) {
      // Our own bugs and stores are not the mailbox's fault; what the client threw is.
      if (error instanceof MailboxError) throw error;
      throw new MailboxError(failureOf(error, this.#heard, this.#secrets), error);
    }
  }

  /** The UIDs of the open folder that fit; a refused or broken search is an error, never an empty answer. */
  async search(query: SearchObject): Promise<number[]> {
    const found = await this.run((client) => client.search(query, { uid: true }));
    if (found) return found;
    const error = this.#heard ?? new Error('the server refused a search');
    throw new MailboxError(failureOf(error, this.#heard, this.#secrets), error);
  }

  /** Says goodbye, or hangs up where the server does not answer. */
  async close(): Promise<void> {
    if (this.client.usable) await within(LOGOUT_MS, 'LOGOUT', this.client.logout()).catch(() => undefined);
    this.client.close();
  }
}

function options(endpoint: Endpoint, credentials: Credentials, rules: ConnectionRules, address: string) {
  const { host, port, secure, ca } = endpoint;
  const plain = rules.local && !secure && isLoopback(address);
  return {
    host: address,
    port,
    secure,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(secure ? {} : { doSTARTTLS: !plain }),
    auth: {
      user: credentials.user,
      ...(credentials.accessToken === undefined
        ? { pass: credentials.password ?? '' }
        : { accessToken: credentials.accessToken }),
    },
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const, ...(ca === null ? {} : { ca }) },
    clientInfo: { name: 'Ronde' },
    logger: false as const,
    disableAutoIdle: true,
    // Deflating costs the server more time than the network saves for text parts.
    disableCompression: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SOCKET_MS,
    maxLiteralSize: MAX_LITERAL_BYTES,
    maxResponseSize: MAX_RESPONSE_BYTES,
  };
}

/** Everything that is not a public unicast address (IANA's special-purpose registries). */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ...[
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ],
  ...[
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
  ],
  ...[
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ],
] as [string, number][])
  PRIVATE.addSubnet(net, bits, 'ipv4');
const PUBLIC_6 = new BlockList();
PUBLIC_6.addSubnet('2000::', 3, 'ipv6');
const SPECIAL_6 = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as [string, number][])
  SPECIAL_6.addSubnet(net, bits, 'ipv6');

/** Whether an address is on the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !PRIVATE.check(address, 'ipv4');
  return PUBLIC_6.check(address, 'ipv6') && !SPECIAL_6.check(address, 'ipv6');
}

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

/**
 * The address to connect to. It is resolved here and used as it is, so that a name cannot mean one address when it is
 * checked and another when it is called.
 */
async function publicAddress(host: string, { local }: ConnectionRules): Promise<string> {
  const found = isIP(host)
    ? [{ address: host }]
    : await within(CONNECT_MS, 'DNS', lookup(host, { all: true }));
  const allowed = ({ address }: { address: string }) =>
    isPublicAddress(address) || (local && isLoopback(address));
  if (!found.every(allowed)) throw new ForbiddenHost(host);
  const [first] = found;
  if (!first) throw new Error(`${host} has no address`);
  return first.address;
}
