import { ImapFlow, type ImapFlowOptions, type MailboxObject } from 'imapflow';
import { formatMessageResponse, getStatusCode } from 'imapflow/lib/tools.js';
import { decodeLine } from '../message/charset.ts';
import type { Fetched } from '../message/outline.ts';
import { isFetch } from './fetch-response.ts';
import { type FetchResponse, readFetched, salvageFetched } from './read-fetched.ts';

/** The data items to fetch beside UIDs. */
export interface Wanted {
  items?: readonly ('FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODYSTRUCTURE')[];
  /** Header fields by their names. */
  headers?: readonly string[];
  /** Parts by their numbers, TEXT or '' for the whole, of each at most `maxOctets`. */
  parts?: { numbers: readonly string[]; maxOctets: number };
  /** Only messages that changed since this MODSEQ; for folders that count changes (RFC 7162). */
  changedSince?: bigint;
}

/** The members of ImapFlow that this file uses and its types leave out. */
interface Inside {
  run(command: string, ...rest: unknown[]): Promise<unknown>;
  autoEnable(): Promise<void>;
  exec(
    command: string,
    attributes: unknown[],
    options: object,
  ): Promise<{ next(): void; response: Parameters<typeof getStatusCode>[0] }>;
  handleResponse(response: FetchResponse): Promise<boolean>;
}

const inside = requireInside();

/** Returns ImapFlow's prototype with its untyped members. Throws if this version of imapflow lacks one. */
function requireInside(): Inside {
  const prototype = ImapFlow.prototype as unknown as Inside;
  const needed = ['run', 'autoEnable', 'exec', 'handleResponse'] as const;
  const missing = needed.filter((name) => typeof prototype[name] !== 'function');
  if (missing.length === 0) return prototype;
  throw new Error(
    `imapflow ${ImapFlow.version} has no ${missing.join(', no ')}, which MailClient needs; install 2.10.2, or adapt imap/client.ts.`,
  );
}

const atom = (value: string) => ({ type: 'ATOM', value });
const peek = (section: unknown[], partial?: number[]) => ({ ...atom('BODY.PEEK'), section, partial });

/**
 * ImapFlow with its own FETCH, which takes a third of the time: it logs, digests and awaits no single message, and reads
 * responses in the standard's syntax itself.
 *
 * It sends fewer commands to a mailbox without news: it signs in by one (LOGIN, if that suffices), identifies itself once
 * (RFC 2971, ID), after signing in, as some servers demand, and enables extensions when it opens a folder.
 */
export class MailClient extends ImapFlow {
  #enabled = false;
  /** Takes the messages of the FETCH that is going on. One goes on at a time. */
  #take: ((message: Fetched) => void) | null = null;
  /** False if imapflow could not parse the last response either. */
  #parsed = false;
  #fetching: Promise<void> = Promise.resolve();

  constructor(options: ImapFlowOptions) {
    super({ ...options, disableAutoEnable: true });
  }

  async run(command: string, ...rest: unknown[]): Promise<unknown> {
    if (command === 'ID' && !this.authenticated) return undefined;
    if (command === 'AUTHENTICATE' && !this.capabilities.has('LOGINDISABLED')) {
      const [user, { password } = {}] = rest as [string, { password?: string }?];
      // LOGIN carries ASCII only (RFC 9051, 6.2.3).
      if (password !== undefined && /^[ -~]*$/.test(user + password))
        try {
          return await inside.run.call(this, 'LOGIN', user, password);
        } catch (error) {
          // BAD: the server does not know the command. A refused password is not sent twice.
          if ((error as { responseStatus?: string }).responseStatus !== 'BAD') throw error;
        }
    }
    return await inside.run.call(this, command, ...rest);
  }

  override async mailboxOpen(...rest: Parameters<ImapFlow['mailboxOpen']>): Promise<MailboxObject> {
    if (!this.#enabled) await inside.autoEnable.call(this);
    this.#enabled = true;
    return await super.mailboxOpen(...rest);
  }

  /**
   * Fetches messages of the open folder by a set of UIDs, and passes each to `take`, in the server's order. Returns true if
   * the server says that it left some out (RFC 9738, MESSAGELIMIT).
   */
  async fetchEach(uids: string, wanted: Wanted, take: (message: Fetched) => void): Promise<boolean> {
    const before = this.#fetching;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#fetching = promise;
    await before;
    this.#take = take;
    try {
      return await this.#fetch([{ type: 'SEQUENCE', value: uids }, ...queryOf(wanted)], take);
    } finally {
      this.#take = null;
      resolve();
    }
  }

  async #fetch(attributes: unknown[], take: (message: Fetched) => void): Promise<boolean> {
    // Responses in another syntax come here, read by imapflow.
    const FETCH = async (untagged: object) => {
      this.#parsed = true;
      if (this.mailbox) take((await formatMessageResponse(untagged, this.mailbox)) as Fetched);
    };
    try {
      const done = await inside.exec.call(this, 'UID FETCH', attributes, { untagged: { FETCH } });
      done.next();
      return getStatusCode(done.response) === 'MESSAGELIMIT';
    } catch (error) {
      const refused = error as {
        response?: Parameters<typeof getStatusCode>[0];
        serverResponseCode?: string;
      };
      const code = getStatusCode(refused.response);
      if (code !== false) refused.serverResponseCode = code;
      throw error;
    }
  }

  /**
   * Reads a response. Messages that the server names beside the FETCH, as in answer to a NOOP, reach its taker too; they
   * are as new as those that it asked for.
   */
  async handleResponse(response: FetchResponse): Promise<boolean> {
    if (!this.#take || !isFetch(response.payload)) return await inside.handleResponse.call(this, response);
    const message = readFetched(response);
    if (!message) {
      const payload = Buffer.from(decodeLine(response.payload));
      this.#parsed = false;
      const goesOn = await inside.handleResponse.call(this, { ...response, payload });
      const salvaged = this.#parsed ? null : salvageFetched(response);
      if (salvaged) this.#take?.(salvaged);
      return goesOn;
    }
    this.#take(message);
    return true;
  }
}

/** The attributes of a FETCH after its UIDs. */
function queryOf({ items = [], headers, parts, changedSince }: Wanted): unknown[] {
  const query = [
    ...['UID', ...items].map(atom),
    ...(headers ? [peek([atom('HEADER.FIELDS'), headers.map(atom)])] : []),
    ...(parts?.numbers.map((part) => peek(part === '' ? [] : [atom(part)], [0, parts.maxOctets])) ?? []),
  ];
  return changedSince === undefined ? [query] : [query, [atom('CHANGEDSINCE'), atom(String(changedSince))]];
}
