import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { answerFetch, inSet, nextUid, type QuirkMail } from './mail.ts';

/** A mailbox of the scripted server, and what it does otherwise than others. */
export interface QuirkAccount {
  messages: QuirkMail[];
  capabilities?: string;
  list?: string[];
  namespace?: string;
  uidValidity?: number | string | null;
  uidNext?: number | null;
  exists?: number;
  modseq?: number | string;
  /** Takes a command first. Returns true if it has answered. */
  on?: (command: QuirkCommand) => boolean;
  [state: string]: unknown;
}

export interface QuirkCommand {
  send: (line: string | Buffer) => void;
  socket: Socket;
  tag: string;
  command: string;
  args: string;
  account: QuirkAccount;
}

export interface QuirkServer {
  host: string;
  port: number;
  /** Every command that was sent to an account. */
  said: Map<string, string[]>;
  stop(): Promise<void>;
}

/** Starts a scripted IMAP server on loopback. The user name picks the account, with any password. */
export async function startQuirks(accounts: Readonly<Record<string, QuirkAccount>>): Promise<QuirkServer> {
  const sockets = new Set<Socket>();
  const said = new Map<string, string[]>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    serve(socket, accounts, said);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    said,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(
  socket: Socket,
  accounts: Readonly<Record<string, QuirkAccount>>,
  said: Map<string, string[]>,
): void {
  let account: QuirkAccount | undefined;
  let heard: string[] = [];
  let buffer = '';
  const send = (line: string | Buffer) => {
    if (!socket.destroyed) socket.write(typeof line === 'string' ? `${line}\r\n` : line);
  };
  send('* OK [CAPABILITY IMAP4rev1] ready');
  socket.on('data', (data: Buffer) => {
    buffer += data.toString('latin1');
    for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      const [, tag = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      const command = (/^(UID )?\S+/i.exec(rest)?.[0] ?? '').toUpperCase();
      const args = rest.slice(command.length).trim();
      if (command === 'LOGIN') {
        const name = /^"?([^" ]+)"?/.exec(args)?.[1] ?? '';
        account = accounts[name];
        heard = said.get(name) ?? [];
        said.set(name, heard);
      }
      heard.push(`${command} ${args}`);
      answer({ send, socket, tag, command, args, account: account ?? { messages: [] } });
    }
  });
}

function answer(asked: QuirkCommand): void {
  const { send, tag, command, args, account, socket } = asked;
  if (account.on?.(asked)) return;
  switch (command) {
    case 'LOGIN':
    case 'CAPABILITY':
      send(`* CAPABILITY ${account.capabilities ?? 'IMAP4rev1 UIDPLUS'}`);
      break;
    case 'NAMESPACE':
      send(`* NAMESPACE ${account.namespace ?? '(("" "/")) NIL NIL'}`);
      break;
    case 'ENABLE':
      send(`* ENABLED ${args}`);
      break;
    case 'LIST':
      for (const line of account.list ?? ['* LIST (\\HasNoChildren) "/" INBOX']) send(line);
      break;
    case 'STATUS':
      send(`* STATUS INBOX (${statusOf(account)})`);
      break;
    case 'EXAMINE':
      if (!examine(asked)) return;
      break;
    case 'UID SEARCH':
      send(
        `* SEARCH${searched(asked)
          .map((uid) => ` ${uid}`)
          .join('')}`,
      );
      break;
    case 'UID FETCH':
      fetchAll(asked);
      break;
    case 'LOGOUT':
      send('* BYE bye');
      send(`${tag} OK`);
      return void socket.end();
  }
  send(`${tag} OK done`);
}

const statusOf = (account: QuirkAccount) =>
  [
    `MESSAGES ${account.messages.length}`,
    ...(account.uidNext === null ? [] : [`UIDNEXT ${account.uidNext ?? nextUid(account.messages)}`]),
    `UIDVALIDITY ${account.uidValidity ?? 1}`,
    ...(account.modseq === undefined ? [] : [`HIGHESTMODSEQ ${account.modseq}`]),
  ].join(' ');

function examine({ send, tag, args, account }: QuirkCommand): boolean {
  const path = args.replace(/^"|"$/g, '');
  if (!/^inbox$/i.test(path) && !(account.list ?? []).some((line) => line.endsWith(`"${path}"`))) {
    send(`${tag} NO [NONEXISTENT] no such folder`);
    return false;
  }
  send(`* ${account.exists ?? account.messages.length} EXISTS`);
  if (account.uidValidity !== null) send(`* OK [UIDVALIDITY ${account.uidValidity ?? 1}] ok`);
  if (account.uidNext !== null) send(`* OK [UIDNEXT ${account.uidNext ?? nextUid(account.messages)}] ok`);
  if (account.modseq !== undefined) send(`* OK [HIGHESTMODSEQ ${account.modseq}] ok`);
  return true;
}

/** Returns the UIDs that a search names. */
export function searched({ args, account: { messages } }: QuirkCommand): number[] {
  const set = /^UID (\S+)/i.exec(args)?.[1] ?? '1:*';
  return messages.map(({ uid }) => uid).filter((uid) => inSet(set, uid, messages));
}

/** Returns the set and the data items of a FETCH, and the messages in the set with their numbers. */
export function asked({ args, account: { messages } }: QuirkCommand) {
  const [, set = '', items = ''] = /^(\S+) (.*)$/.exec(args) ?? [];
  const some = messages.flatMap((mail, index) =>
    inSet(set, mail.uid, messages) ? [{ mail, number: index + 1 }] : [],
  );
  return { items, some };
}

export function fetchAll(command: QuirkCommand): void {
  const { items, some } = asked(command);
  for (const { mail, number } of some) command.send(answerFetch(mail, number, items));
}
