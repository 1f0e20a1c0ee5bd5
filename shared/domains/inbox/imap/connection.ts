import { isIP } from 'node:net';
import type { SearchObject } from 'imapflow';
import { ForbiddenHost, isLoopback, publicAddress } from '../../../doors/account/public-address.ts';
import { within } from '../../../doors/time/within.ts';
import type { MailClient } from './client.ts';
import { type Failure, failureOf } from './failure.ts';

/** A function has no time for imapflow's own patience (90 s, 16 s, 5 min). */
const CONNECT_MS = 10_000;
const GREETING_MS = 10_000;
const SOCKET_MS = 20_000;
/** While we are busy elsewhere, the server hears from us so often: silence would count as its time-out. */
const KEEP_ALIVE_MS = SOCKET_MS / 2;
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

/** A mailbox that could not be reached or broke off; `failure` says of what kind. */
export class MailboxError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, cause: unknown) {
    super(failure.detail, { cause });
    this.name = 'MailboxError';
    this.failure = failure;
  }

  /** True if the server answered a command by NO or BAD; the connection goes on. */
  get isRefusal(): boolean {
    const { responseStatus } = (this.cause ?? {}) as { responseStatus?: unknown };
    return responseStatus === 'NO' || responseStatus === 'BAD';
  }
}

/** One connection to one mailbox. Whatever its client throws is turned into a MailboxError by `run`. */
export class MailboxConnection {
  readonly client: MailClient;
  readonly #secrets: readonly string[];
  #heard: unknown = null;

  private constructor(client: MailClient, secrets: readonly string[]) {
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
    const address = await publicAddress(endpoint.host, rules.local).catch((error: unknown) => {
      if (error instanceof ForbiddenHost)
        throw new MailboxError({ kind: 'host', detail: error.message }, error);
      throw new MailboxError(failureOf(error, null), error);
    });
    // Loaded with the first mailbox: a request that is refused at the door needs no mail client.
    const { MailClient } = await import('./client.ts');
    const client = new MailClient(options(endpoint, credentials, rules, address));
    const connection = new MailboxConnection(client, secrets);
    await connection.run((client) => client.connect());
    return connection;
  }

  /** Works with the client. */
  async run<T>(work: (client: MailClient) => Promise<T>): Promise<T> {
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

  /** Waits for work that is not the server's, such as storing; however long it takes, the connection stays. */
  async during<T>(other: Promise<T>, everyMs: number = KEEP_ALIVE_MS): Promise<T> {
    // A connection that is gone shows with the next command that is waited for.
    const timer = setInterval(() => void this.client.noop().catch(() => undefined), everyMs);
    try {
      return await other;
    } finally {
      clearInterval(timer);
    }
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
    maxLineLength: MAX_RESPONSE_BYTES,
  };
}
