import { ImapFlow, type ImapFlowOptions, type MailboxObject } from 'imapflow';
import { formatMessageResponse, parseBodystructure, parseEnvelope } from 'imapflow/lib/tools.js';
import type { Fetched } from '../message/outline.ts';
import { type DataItems, dataItems, isFetch, type Value } from './fetch-response.ts';

/** The data items to fetch beside UIDs. */
export interface Wanted {
  items?: readonly ('FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODYSTRUCTURE')[];
  /** Header fields by their names. */
  headers?: readonly string[];
  /** Parts by their numbers, of each at most `maxOctets`. */
  parts?: { numbers: readonly string[]; maxOctets: number };
  /** Only messages that changed since this MODSEQ; for folders that count changes (RFC 7162). */
  changedSince?: bigint;
}

interface Response {
  payload: Buffer;
  literals?: Buffer[];
}

/** The members of ImapFlow that this file uses and its types leave out. */
interface Inside {
  run(command: string, ...rest: unknown[]): Promise<unknown>;
  autoEnable(): Promise<void>;
  exec(command: string, attributes: unknown[], options: object): Promise<{ next(): void }>;
  handleResponse(response: Response): Promise<boolean>;
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

  /** Fetches messages of the open folder by a set of UIDs, and passes each to `take`, in the server's order. */
  async fetchEach(uids: string, wanted: Wanted, take: (message: Fetched) => void): Promise<void> {
    const before = this.#fetching;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#fetching = promise;
    await before;
    this.#take = take;
    try {
      await this.#fetch([{ type: 'SEQUENCE', value: uids }, ...queryOf(wanted)], take);
    } finally {
      this.#take = null;
      resolve();
    }
  }

  async #fetch(attributes: unknown[], take: (message: Fetched) => void): Promise<void> {
    // Responses in another syntax come here, read by imapflow.
    const FETCH = async (untagged: object) => {
      if (this.mailbox) take((await formatMessageResponse(untagged, this.mailbox)) as Fetched);
    };
    const done = await inside.exec.call(this, 'UID FETCH', attributes, { untagged: { FETCH } });
    done.next();
  }

  /**
   * Reads a response. Messages that the server names beside the FETCH, as in answer to a NOOP, reach its taker too; they
   * are as new as those that it asked for.
   */
  async handleResponse(response: Response): Promise<boolean> {
    const message = this.#take && isFetch(response.payload) ? fetched(response) : null;
    if (!message) return await inside.handleResponse.call(this, response);
    this.#take?.(message);
    return true;
  }
}

/** The attributes of a FETCH after its UIDs. */
function queryOf({ items = [], headers, parts, changedSince }: Wanted): unknown[] {
  const query = [
    ...['UID', ...items].map(atom),
    ...(headers ? [peek([atom('HEADER.FIELDS'), headers.map(atom)])] : []),
    ...(parts?.numbers.map((part) => peek([atom(part)], [0, parts.maxOctets])) ?? []),
  ];
  return changedSince === undefined ? [query] : [query, [atom('CHANGEDSINCE'), atom(String(changedSince))]];
}

/** Returns null if imapflow must parse this response. */
function fetched({ payload, literals = [] }: Response): Fetched | null {
  try {
    const items = dataItems(payload, literals);
    return items && messageOf(items);
  } catch {
    return null;
  }
}

function messageOf(items: DataItems): Fetched {
  const message: Fetched = {};
  for (const [name, value] of items)
    if (name.startsWith('BODY[')) addBody(message, name, value);
    else READ[name]?.(message, value);
  return message;
}

/** Adds each data item to a message, in imapflow's form. */
const READ: Readonly<Record<string, (message: Fetched, value: Value) => void>> = {
  UID: (message, value) => {
    const uid = Number(textOf(value));
    if (Number.isSafeInteger(uid) && uid > 0) message.uid = uid;
  },
  FLAGS: (message, value) => {
    message.flags = new Set((Array.isArray(value) ? value : []).map(textOf));
  },
  'RFC822.SIZE': (message, value) => {
    message.size = Number(textOf(value)) || 0;
  },
  INTERNALDATE: (message, value) => {
    const date = new Date(textOf(value));
    message.internalDate = Number.isNaN(date.getTime()) ? textOf(value) : date;
  },
  ENVELOPE: (message, value) => {
    if (Array.isArray(value)) message.envelope = parseEnvelope(value);
  },
  BODYSTRUCTURE: (message, value) => {
    if (Array.isArray(value)) message.bodyStructure = parseBodystructure(value);
  },
};

/** Adds a section: header fields, or a part under its number. NIL is an empty string (RFC 9051, 4.5). */
function addBody(message: Fetched, name: string, value: Value): void {
  if (Array.isArray(value)) return;
  const given = value?.value ?? '';
  const octets = typeof given === 'string' ? Buffer.from(given) : given;
  const section = name.slice('BODY['.length, name.lastIndexOf(']')).toLowerCase();
  if (section.startsWith('header')) message.headers = octets;
  else {
    message.bodyParts ??= new Map();
    message.bodyParts.set(section, octets);
  }
}

const textOf = (value: Value): string => (value === null || Array.isArray(value) ? '' : String(value.value));
