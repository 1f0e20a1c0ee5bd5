import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** The steps at which a script may answer. `connect` is the greeting, too; `data` is the end of the body. */
export type ScriptStep = 'greeting' | 'auth' | 'mail' | 'rcpt' | 'data';

/** A mail that the server took. */
export interface ScriptedMail {
  to: string;
  raw: string;
}

/** A submission server that says what a test tells it to. */
export interface ScriptedSmtp {
  port: number;
  mails: ScriptedMail[];
  /** The most connections that were open at a time, and all of them. */
  mostOpen: number;
  connections: number;
  /** Returns the answer at a step, `close` to cut the connection, or null for the ordinary one. */
  script: (step: ScriptStep, dialogue: ScriptedDialogue) => string | null | Promise<string | null>;
  stop(): Promise<void>;
}

/** One connection, as a script sees it. */
export interface ScriptedDialogue {
  /** The number of open connections, this one included. */
  open: number;
  to: string;
  raw: string;
  /** The access token of the last AUTH XOAUTH2, and the account that it names. */
  token: string;
  user: string;
}

/** Starts the server on a free loopback port. */
export async function startScriptedSmtp(): Promise<ScriptedSmtp> {
  const sockets = new Set<Socket>();
  const smtp: ScriptedSmtp = {
    port: 0,
    mails: [],
    mostOpen: 0,
    connections: 0,
    script: () => null,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    smtp.connections += 1;
    smtp.mostOpen = Math.max(smtp.mostOpen, sockets.size);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void talk(smtp, socket, () => sockets.size);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  smtp.port = (server.address() as AddressInfo).port;
  return smtp;
}

const STEPS: Record<string, [step: ScriptStep, reply: string]> = {
  AUTH: ['auth', '235 2.7.0 ok'],
  MAIL: ['mail', '250 2.1.0 ok'],
  RCPT: ['rcpt', '250 2.1.5 ok'],
};

async function talk(smtp: ScriptedSmtp, socket: Socket, open: () => number): Promise<void> {
  const dialogue: ScriptedDialogue = { open: open(), to: '', raw: '', token: '', user: '' };
  const say = (line: string) => socket.writable && socket.write(`${line}\r\n`);
  /** Answers a step. Returns true if the answer is the ordinary one. */
  const answer = async (step: ScriptStep, ordinary: string): Promise<boolean> => {
    const scripted = await smtp.script(step, dialogue);
    if (scripted === 'close') socket.destroy();
    else say(scripted ?? ordinary);
    return scripted === null;
  };
  if (!(await answer('greeting', '220 scripted'))) return void socket.end();
  for await (const line of linesOf(socket)) {
    const verb = line.slice(0, 4).toUpperCase();
    if (line.startsWith('\n')) {
      dialogue.raw = line;
      if (await answer('data', '250 2.0.0 queued')) smtp.mails.push({ to: dialogue.to, raw: line });
    } else if (verb === 'EHLO') say('250-scripted\r\n250-AUTH PLAIN XOAUTH2\r\n250 ENHANCEDSTATUSCODES');
    else if (verb === 'DATA') say('354 go');
    else if (verb === 'QUIT') return void socket.end('221 bye\r\n');
    else {
      const [step, ordinary] = STEPS[verb] ?? [null, '250 ok'];
      if (verb === 'AUTH') readToken(line, dialogue);
      if (verb === 'RCPT') dialogue.to = /<([^>]*)>/.exec(line)?.[1] ?? '';
      if (step === null) say(ordinary);
      else await answer(step, ordinary);
    }
  }
}

/** Reads the client's first response of XOAUTH2 (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol). */
function readToken(line: string, dialogue: ScriptedDialogue): void {
  const [, sent] = /^AUTH XOAUTH2 (\S+)/.exec(line) ?? [];
  const [user, bearer] = Buffer.from(sent ?? '', 'base64')
    .toString()
    .split('\u0001');
  dialogue.user = user?.replace('user=', '') ?? '';
  dialogue.token = bearer?.replace('auth=Bearer ', '') ?? '';
}

/** Yields the commands of a client. A body comes as one line that begins with a line end. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  let isBody = false;
  try {
    for await (const chunk of socket) {
      rest += String(chunk);
      for (;;) {
        const end = isBody ? '\r\n.\r\n' : '\r\n';
        const at = rest.indexOf(end);
        if (at < 0) break;
        const line = rest.slice(0, at);
        rest = rest.slice(at + end.length);
        yield isBody ? `\n${line}` : line;
        isBody = !isBody && line.toUpperCase() === 'DATA';
      }
    }
  } catch {
    // The client has gone.
  }
}
