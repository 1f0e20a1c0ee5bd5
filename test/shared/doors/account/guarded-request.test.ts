import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MailboxConnection } from '../../../../shared/domains/inbox/imap/connection.ts';
import { postWebhook } from '../../../../shared/domains/watch/webhook.ts';
import { postGuarded } from '../../../../shared/doors/account/guarded-request.ts';
import { renewAccessToken } from '../../../../shared/doors/account/token-client.ts';
import { type OwnResolver, startResolver } from '../../../support/dns.ts';

const NOW = new Date('2026-03-04T10:00:00Z');
let port: number;
let calls: string[];
let answer: (response: ServerResponse, request: IncomingMessage) => void;
const server = createServer((request, response) => {
  calls.push(`${request.headers.host}${request.url}`);
  answer(response, request);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  calls = [];
  answer = (response) => response.end('{}');
});

const post = (host: string, more: Partial<Parameters<typeof postGuarded>[1]> = {}) =>
  postGuarded(new URL(`http://${host}:${port}/x`), {
    ...{ headers: {}, body: '{}', local: true, timeoutMs: 5_000, maxBytes: 1_000 },
    ...more,
  });
const grant = (host: string) => ({
  ...{ refresh_token: 'made-up-token', client_id: 'c', token_url: `http://${host}:${port}/x` },
});

/** Sends without an end; resolves with the bytes that were sent when the connection is closed. */
function endless(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  answer = (response) => {
    const piece = Buffer.alloc(16 * 1024, 'x');
    let sent = 0;
    const more = () => {
      while (!response.destroyed && response.write(piece)) sent += piece.length;
      response.once('drain', more);
    };
    response.once('close', () => resolve(sent));
    more();
  };
  return promise;
}

describe('an answer of another server', () => {
  it('is read up to its bound; then the connection is closed', async () => {
    const sent = endless();
    await expect(post('127.0.0.1')).rejects.toThrow('the answer has more than 1000 bytes');
    // The buffers of both sockets hold this much at most.
    expect(await sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('of a token server is no token, and closes the connection', async () => {
    const sent = endless();
    await expect(renewAccessToken(grant('127.0.0.1'), NOW, true)).rejects.toThrow('more than 65536 bytes');
    expect(await sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('of a webhook is not read', async () => {
    const sent = endless();
    expect(await postWebhook(`http://127.0.0.1:${port}/x`, {}, true)).toEqual({
      ok: true,
      response: 'HTTP 200',
    });
    expect(await sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('of a mailbox that never ends its line is a failure, and closes the connection', async () => {
    const { promise: sent, resolve } = Promise.withResolvers<number>();
    const mailServer = createTcpServer((socket) => {
      const piece = Buffer.alloc(64 * 1024, 'x');
      const more = () => {
        while (!socket.destroyed && socket.write(piece));
        socket.once('drain', more);
      };
      socket.on('error', () => undefined).once('close', () => resolve(socket.bytesWritten));
      socket.write('* OK ');
      more();
    });
    mailServer.listen(0, '127.0.0.1');
    await once(mailServer, 'listening');
    const endpoint = {
      host: '127.0.0.1',
      port: (mailServer.address() as AddressInfo).port,
      secure: false,
      ca: null,
    };
    const opened = MailboxConnection.open(endpoint, { user: 'u', password: 'made-up' }, { local: true });
    await expect(opened).rejects.toMatchObject({ failure: { kind: 'protocol' } });
    expect(await sent).toBeLessThan(64 * 1024 * 1024);
    mailServer.close();
  });

  it('ends in time if it trickles for ever', async () => {
    answer = (response) => void response.write('x');
    await expect(post('127.0.0.1', { timeoutMs: 300 })).rejects.toThrow();
  });

  it('that redirects is not followed', async () => {
    answer = (response) => response.writeHead(307, { Location: `http://127.0.0.1:${port}/private` }).end();
    expect(await post('127.0.0.1')).toEqual({ status: 307, body: '' });
    expect(calls).toEqual([`127.0.0.1:${port}/x`]);
  });
});

describe('a name whose address changes between check and call', () => {
  let resolver: OwnResolver;
  beforeEach(async () => {
    resolver = await startResolver();
  });
  afterEach(() => resolver.stop());

  it('is asked for once, and called where it was checked', async () => {
    // A second question would lead to a private address, or to this server by another name.
    resolver.answers.set('rebind.test', [['127.0.0.1'], ['10.9.9.9']]);
    expect((await post('rebind.test')).status).toBe(200);
    expect([calls, resolver.questions]).toEqual([[`rebind.test:${port}/x`], ['rebind.test']]);
  });

  it.each([
    ['at once', [['127.0.0.1'], ['93.184.216.34']]],
    ['beside a public one', [['93.184.216.34', '127.0.0.1']]],
    ['of a cloud’s metadata', [['169.254.169.254'], ['93.184.216.34']]],
  ])('is refused with an address that is private %s, before any packet', async (_when, answers) => {
    resolver.answers.set('rebind.test', answers);
    await expect(post('rebind.test', { local: false })).rejects.toThrow('rebind.test is no public address');
    expect([calls, resolver.questions]).toEqual([[], ['rebind.test']]);
  });

  it('is no way in for mailboxes, token servers and webhooks', async () => {
    const endpoint = { host: 'rebind.test', port, secure: true, ca: null };
    resolver.answers.set('rebind.test', [['10.0.0.1']]);
    await expect(MailboxConnection.open(endpoint, { user: 'u' }, { local: false })).rejects.toMatchObject({
      failure: { kind: 'host' },
    });
    await expect(renewAccessToken(grant('rebind.test'), NOW, false)).rejects.toMatchObject({ kind: 'host' });
    expect(await postWebhook(`https://rebind.test:${port}/x`, {}, false)).toEqual({
      ok: false,
      response: 'ForbiddenHost',
    });
    expect(calls).toEqual([]);
    expect(resolver.questions).toEqual(['rebind.test', 'rebind.test', 'rebind.test']);
  });
});
