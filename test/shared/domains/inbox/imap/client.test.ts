import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type FetchMessageObject, ImapFlow, type ImapFlowOptions } from 'imapflow';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ImapUser, type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import { MailClient, type Wanted } from '../../../../../shared/domains/inbox/imap/client.ts';
import type { Fetched } from '../../../../../shared/domains/inbox/message/outline.ts';
import { withoutDovecot } from '../../../../support/inbox/inbox.ts';
import { spamAssassin } from '../../../../support/inbox/spam-assassin.ts';

const EVERY = 60;
/** How SASL has the account and its password (RFC 4616). */
const ANNAS = Buffer.from('\0anna\0secret').toString('base64');
const OUTLINE: Wanted = {
  items: ['ENVELOPE', 'BODYSTRUCTURE', 'FLAGS', 'RFC822.SIZE', 'INTERNALDATE'],
  headers: ['references', 'list-id', 'return-path'],
};
const absent = withoutDovecot();
let imap: LocalImap;
let user: ImapUser;
beforeAll(async () => {
  if (absent) return;
  imap = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
  user = imap.users[0] as ImapUser;
  imap.deliver(user.user, spamAssassin(EVERY).values(), (index) => new Date(Date.UTC(2026, 0, 1, 0, index)));
});
afterAll(async () => {
  await imap?.stop();
});

async function opened(
  host: string,
  port: number,
  pass: string,
  logger: ImapFlowOptions['logger'] = false,
): Promise<MailClient> {
  const client = new MailClient({
    host,
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: 'anna', pass },
    logger,
  });
  client.on('error', () => undefined);
  await client.connect();
  await client.mailboxOpen('INBOX', { readOnly: true });
  return client;
}

async function fetched(client: MailClient, wanted: Wanted): Promise<Fetched[]> {
  const found: Fetched[] = [];
  await client.fetchEach('1:*', wanted, (message) => found.push(message));
  return found;
}

/** Removes the fields that imapflow adds to the requested ones. */
const asked = ({ seq: _, id: __, modseq: ___, flagColor: ____, ...rest }: FetchMessageObject): Fetched =>
  rest;

describe.skipIf(absent)('the mail client, on a real server', () => {
  it('fetches of real mails what imapflow fetches', async () => {
    const client = await opened(imap.host, imap.port, user.password);
    const query = { envelope: true, bodyStructure: true, flags: true, size: true, internalDate: true };
    const headers = ['references', 'list-id', 'return-path'];
    const theirs = await client.fetchAll('1:*', { uid: true, ...query, headers }, { uid: true });
    const bodyParts = [{ key: '1', start: 0, maxLength: 5_000 }];
    const texts = await client.fetchAll('1:*', { uid: true, bodyParts }, { uid: true });
    expect(theirs.length).toBe(spamAssassin(EVERY).size);
    expect(await fetched(client, OUTLINE)).toEqual(theirs.map(asked));
    expect(await fetched(client, { parts: { numbers: ['1'], maxOctets: 5_000 } })).toEqual(texts.map(asked));
    await client.logout();
  });

  it('reads the responses to its own FETCH without imapflow', async () => {
    const logged: string[] = [];
    const log = (entry: object) => void logged.push(JSON.stringify(entry));
    const logger = { trace: log, debug: log, info: log, warn: log, error: log };
    const client = await opened(imap.host, imap.port, user.password, logger);
    expect((await fetched(client, { items: ['FLAGS'] })).length).toBe(spamAssassin(EVERY).size);
    expect(logged.some((line) => line.includes('UID FETCH 1:*'))).toBe(true);
    const parsed = () => logged.filter((line) => /\* \d+ FETCH/.test(line)).length;
    expect(parsed()).toBe(0);
    await client.fetchAll('1:*', { flags: true }, { uid: true });
    expect(parsed()).toBe(spamAssassin(EVERY).size);
    await client.logout();
  });

  it('identifies itself once, and enables extensions when it opens a folder', async () => {
    const sent: string[] = [];
    const log = (entry: { src?: string; msg?: string }) => {
      if (entry.src === 'c') sent.push(String(entry.msg).split(' ').slice(1, 2).join());
    };
    const logger = { trace: log, debug: log, info: log, warn: log, error: log };
    const client = await opened(imap.host, imap.port, user.password, logger);
    expect(sent.filter((command) => /ID|LOGIN|ENABLE|EXAMINE/.test(command))).toEqual([
      ...['LOGIN', 'ID', 'ENABLE', 'EXAMINE'],
    ]);
    expect([...client.enabled]).toContain('CONDSTORE');
    await client.logout();
  });

  it('fetches what two ask for at once for each of them', async () => {
    const client = await opened(imap.host, imap.port, user.password);
    const [flags, sizes] = await Promise.all([
      fetched(client, { items: ['FLAGS'] }),
      fetched(client, { items: ['RFC822.SIZE'] }),
    ]);
    expect(flags.every((message) => message.flags && message.size === undefined)).toBe(true);
    expect(sizes.every((message) => !message.flags && message.size !== undefined)).toBe(true);
    expect([flags.length, sizes.length]).toEqual([spamAssassin(EVERY).size, spamAssassin(EVERY).size]);
    await client.logout();
  });
});

it.each(['run', 'autoEnable', 'exec', 'handleResponse'])(
  'the mail client does not load with a version of imapflow without %s, and names it',
  async (name) => {
    const prototype = ImapFlow.prototype as unknown as Record<string, unknown>;
    const member = prototype[name];
    prototype[name] = undefined;
    vi.resetModules();
    try {
      const loaded = import('../../../../../shared/domains/inbox/imap/client.ts');
      await expect(loaded).rejects.toThrow(`imapflow ${ImapFlow.version} has no ${name}, which`);
    } finally {
      prototype[name] = member;
    }
  },
);

describe('the mail client, on a server that puts things in its own way', () => {
  const said: string[] = [];
  let server: Server;
  /** Answers to a FETCH. */
  let answers: string[] = [];
  let knowsLogin = true;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined).write('* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n');
      socket.on('data', (data) => {
        for (const line of data.toString('latin1').split('\r\n').filter(Boolean)) {
          const [tag, ...command] = line.split(' ');
          said.push(command.join(' '));
          if (command[0] === 'LOGIN' && !knowsLogin) {
            socket.write(`${tag} BAD Unknown command\r\n`);
            continue;
          }
          if (command[0] === 'AUTHENTICATE') {
            socket.write('+ \r\n');
            socket.once('data', () => socket.write(`${tag} OK done\r\n`));
            continue;
          }
          if (tag === ANNAS) continue;
          const untagged = /FETCH/.test(line)
            ? answers
            : /EXAMINE/.test(line)
              ? ['* 3 EXISTS', '* OK [UIDVALIDITY 1]']
              : [];
          socket.write(`${[...untagged, `${tag} OK done`].join('\r\n')}\r\n`, 'latin1');
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server?.close());
  const connected = async (pass = 'secret') =>
    await opened('127.0.0.1', (server.address() as AddressInfo).port, pass);

  it('has imapflow read what is not put as the standard has it, and takes what can be read of the rest', async () => {
    answers = [
      '* 1 FETCH (UID 5 FLAGS (\\Seen \\Recent) BODY[1]<0> "short")',
      '\0\0* 2 FETCH (UID 6 FLAGS (\\*) BODY[1]<0> {4}\r\nlong)',
      '* 3 FETCH (UID 7 FLAGS (\\Seen BODY[1]<0> NIL',
      '* 3 FETCH (UID 8 FLAGS () BODY[1]<0> NIL)',
    ];
    const client = await connected();
    const messages = await fetched(client, { items: ['FLAGS'], parts: { numbers: ['1'], maxOctets: 9 } });
    expect(messages.map(({ uid, flags }) => [uid, [...(flags ?? [])]])).toEqual([
      [5, ['\\Seen', '\\Recent']],
      [6, ['\\*']],
      [7, []],
      [8, []],
    ]);
    expect(messages.map(({ bodyParts }) => bodyParts?.get('1')?.toString())).toEqual([
      'short',
      'long',
      undefined,
      '',
    ]);
    client.close();
  });

  it('asks for what is wanted, and for nothing else', async () => {
    answers = [];
    const client = await connected();
    said.length = 0;
    await fetched(client, { items: ['FLAGS'], headers: ['list-id'], changedSince: 7n });
    await fetched(client, { parts: { numbers: ['1', '2.1'], maxOctets: 600 } });
    expect(said).toEqual([
      'UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (list-id)]) (CHANGEDSINCE 7)',
      'UID FETCH 1:* (UID BODY.PEEK[1]<0.600> BODY.PEEK[2.1]<0.600>)',
    ]);
    client.close();
  });

  it('signs in otherwise where the server does not know LOGIN', async () => {
    knowsLogin = false;
    said.length = 0;
    const client = await connected();
    const tried = said.map((line) => line.split(' ', 2).join(' ')).filter((line) => /LOGIN|AUTH/.test(line));
    expect(tried).toEqual(['LOGIN "anna"', 'AUTHENTICATE PLAIN']);
    knowsLogin = true;
    client.close();
  });

  it('signs in by LOGIN with a password in ASCII, and puts quotes and backslashes as the standard has it', async () => {
    said.length = 0;
    const client = await connected('a"b\\c d');
    expect(said.find((line) => line.startsWith('LOGIN'))).toBe('LOGIN "anna" "a\\"b\\\\c d"');
    client.close();
  });
});
