import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../infra/local/process.ts';
import { type LocalSmtp, startSmtp } from '../../../../infra/local/smtp/smtp.ts';
import { type DeliveryTimeouts, TIMEOUTS } from '../../../../shared/doors/mail/converse.ts';
import { deliver } from '../../../../shared/doors/mail/deliver.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';
import type { Outcome } from '../../../../shared/doors/mail/outcome.ts';
import type { Phase } from '../../../../shared/doors/mail/phase.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';
import { type FaultPoint, type SmtpFaults, startSmtpFaults } from '../../../support/smtp-faults.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const PASSWORD = 'correct-horse';
/** Where the server stays silent, one wait is over soon; the others are out of the way. */
const IMPATIENT: DeliveryTimeouts = { ...TIMEOUTS, greeting: 400, socket: 400, body: 400 };
let smtp: LocalSmtp;
let faults: SmtpFaults;
let config: MailConfig;

beforeAll(async () => {
  smtp = await startSmtp({ clock: () => NOW, login: { user: 'ronde', password: PASSWORD } });
  faults = await startSmtpFaults(smtp);
  config = {
    host: '127.0.0.1',
    port: faults.port,
    tls: 'none',
    login: { user: 'ronde', password: PASSWORD },
    limits: { connections: 8, perMinute: null },
    from: { address: 'noreply@ronde.test' },
    redirectTo: undefined,
    paused: false,
    key: 'k'.repeat(32),
  };
});
afterAll(async () => {
  await faults.stop();
  await smtp.stop();
});
afterEach(() => {
  faults.fault = null;
  smtp.clear();
});

/** Sends one mail and counts how often it was asked whether the body may go. */
async function send(
  changes: Partial<MailConfig> = {},
  timeouts?: DeliveryTimeouts,
  mayGo: () => Promise<boolean> = async () => true,
) {
  const settings = { ...config, ...changes };
  const mail = await compose(
    {
      key: 'm',
      to: { address: 'ada@example.test' },
      locale: 'en',
      subject: 'Hello',
      text: 'Hello\n.\nBye\n',
      html: '<p>Hello</p>',
    },
    settings,
    NOW,
  );
  let asked = 0;
  const before = () => {
    asked += 1;
    return mayGo();
  };
  return {
    ...(await deliver(mail, settings, before, timeouts ? { timeouts } : {})),
    asked,
    arrived: smtp.mails().length,
  };
}

describe('a mail that nothing hinders', () => {
  it('is sent once, and asks exactly once before its body', async () => {
    expect(await send()).toMatchObject({ outcome: 'sent', code: 250, asked: 1, arrived: 1 });
    expect(smtp.mails()[0]).toMatchObject({ to: ['ada@example.test'], subject: 'Hello' });
    expect(smtp.mails()[0]?.text).toContain('\n.\nBye');
  });

  it('asks after the 354 and before the server has one byte of the body', async () => {
    const seen: string[] = [];
    await send({}, undefined, async () => {
      seen.push(`${smtp.mails().length}`);
      return true;
    });
    expect(seen).toEqual(['0']);
  });

  it.each<[string, () => Promise<boolean>]>([
    ['the answer is no', async () => false],
    ['asking fails', () => Promise.reject(new Error('the store is away'))],
  ])('is not sent when %s', async (_title, mayGo) => {
    expect(await send({}, undefined, mayGo)).toMatchObject({ outcome: 'retry', phase: 'data', arrived: 0 });
  });
});

/** The server's answer at each step, and the outcome. */
const refusals: [FaultPoint, string, Outcome, Phase][] = [
  ['greeting', '554 5.3.2 No service here', 'system', 'greeting'],
  ['greeting', '421 4.3.2 Service not available', 'system', 'greeting'],
  ['ehlo', '421 4.3.2 Shutting down', 'system', 'ehlo'],
  ['auth', '535 5.7.8 Username and Password not accepted', 'system', 'auth'],
  ['auth', '534 5.7.9 Application-specific password required', 'system', 'auth'],
  ['auth', '454 4.7.0 Temporary authentication failure', 'system', 'auth'],
  ['auth', '421 4.3.0 Try later', 'system', 'auth'],
  ['mail', '550 5.4.5 Daily user sending quota exceeded', 'system', 'mail'],
  ['mail', '550 5.7.1 Sender refused', 'system', 'mail'],
  ['mail', '530 5.7.0 Authentication required', 'system', 'mail'],
  ['mail', '451 4.3.0 Try later', 'system', 'mail'],
  ['rcpt', '550 5.1.1 No such user', 'failed', 'rcpt'],
  ['rcpt', '550 No such user', 'failed', 'rcpt'],
  ['rcpt', '552 5.2.2 Mailbox full', 'retry', 'rcpt'],
  ['rcpt', '550 5.4.5 Daily user sending quota exceeded', 'system', 'rcpt'],
  ['rcpt', '450 4.2.1 Mailbox busy', 'retry', 'rcpt'],
  ['rcpt', '450 4.7.1 Too many messages', 'system', 'rcpt'],
  ['rcpt', '421 4.3.2 Shutting down', 'system', 'rcpt'],
  ['data', '554 5.5.1 No valid recipients', 'retry', 'data'],
  ['data', '451 4.3.0 Try later', 'system', 'data'],
  ['answer', '550 5.1.1 No such user', 'failed', 'body'],
  ['dot', '552 5.2.2 Mailbox full', 'retry', 'body'],
  ['dot', '552 5.3.4 Message too big', 'retry', 'body'],
  ['dot', '554 Transaction failed', 'retry', 'body'],
  ['dot', '550 5.4.5 Daily user sending quota exceeded', 'system', 'body'],
  ['dot', '451 4.3.0 Local error', 'system', 'body'],
  ['dot', '452 4.3.1 Insufficient system storage', 'system', 'body'],
  ['dot', '421 4.3.2 Shutting down', 'system', 'body'],
  ['dot', '454 4.7.0 Limit', 'system', 'body'],
];

describe('a mail that the server refuses', () => {
  it.each(refusals)('at %s with "%s" is %s', async (at, reply, outcome, phase) => {
    faults.fault = { at, how: { reply } };
    const result = await send();
    expect(result).toMatchObject({ outcome, phase, code: Number(reply.slice(0, 3)) });
    expect(result.response).toContain(reply.slice(4));
    expect(result.asked).toBe(phase === 'body' ? 1 : 0);
  });

  it('by a wrong password is the system’s fault, and the password is in no word of the answer', async () => {
    const result = await send({ login: { user: 'ronde', password: 'secret-and-wrong' } });
    expect(result).toMatchObject({ outcome: 'system', phase: 'auth', code: 535, asked: 0 });
    expect(JSON.stringify(result)).not.toContain('secret-and-wrong');
  });

  it('by a server that repeats the login: it is blotted out', async () => {
    const encoded = Buffer.from(`\0ronde\0${PASSWORD}`).toString('base64');
    faults.fault = { at: 'auth', how: { reply: `535 5.7.8 No: AUTH PLAIN ${encoded} (${PASSWORD})` } };
    const { response } = await send();
    expect(response).toContain('***');
    expect(response).not.toContain(PASSWORD);
    expect(response).not.toContain(encoded);
  });
});

const cuts: [FaultPoint, Outcome, Phase, number][] = [
  ['greeting', 'retry', 'greeting', 0],
  ['ehlo', 'retry', 'ehlo', 0],
  ['auth', 'retry', 'auth', 0],
  ['mail', 'retry', 'mail', 0],
  ['rcpt', 'retry', 'rcpt', 0],
  ['data', 'retry', 'data', 0],
  ['body', 'unknown', 'body', 0],
  ['dot', 'unknown', 'body', 0],
  ['answer', 'unknown', 'body', 1],
];

describe('a connection that is lost', () => {
  it.each(cuts)('at %s by the server closing leaves the mail %s', async (at, outcome, phase, arrived) => {
    faults.fault = { at, how: 'close' };
    expect(await send()).toMatchObject({
      outcome,
      phase,
      code: null,
      arrived,
      asked: phase === 'body' ? 1 : 0,
    });
  });

  it.each(cuts)(
    'at %s by silence leaves the mail %s, in bounded time',
    async (at, outcome, phase, arrived) => {
      faults.fault = { at, how: 'hang' };
      const begun = performance.now();
      expect(await send({}, IMPATIENT)).toMatchObject({ outcome, phase, code: null, arrived });
      expect(performance.now() - begun).toBeLessThan(10_000);
    },
  );

  it('because nobody listens leaves the mail to be retried', async () => {
    expect(await send({ port: await freePort() })).toMatchObject({ outcome: 'retry', phase: 'connect' });
  });

  it('because the host has no address leaves the mail to be retried', async () => {
    const result = await send(
      { host: 'no-such-host.invalid' },
      { ...TIMEOUTS, dns: 2_000, connection: 2_000 },
    );
    expect(result).toMatchObject({ outcome: 'retry', phase: 'connect' });
  });

  it('by a server that answers each step late ends with the whole delivery’s time', async () => {
    faults.fault = { at: 'greeting', how: { slowMs: 250 } };
    const result = await send({}, { ...TIMEOUTS, whole: 700 });
    expect(result).toMatchObject({ outcome: 'retry', code: null, asked: 0, arrived: 0 });
    expect(result.response).toBe('no end after 700 ms');
  });

  it('while the last question is open: the body stays here, whatever the answer', async () => {
    let answer: (go: boolean) => void = () => undefined;
    const answered = new Promise<boolean>((resolve) => (answer = resolve));
    const result = send({}, { ...TIMEOUTS, socket: 300 }, async () => {
      // The server has gone by the time the claim is recorded.
      setTimeout(() => answer(true), 600);
      return await answered;
    });
    expect(await result).toMatchObject({ outcome: 'retry', phase: 'data', arrived: 0 });
  });

  it('takes a server that talks nonsense for one that may heal', async () => {
    const server = createServer((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => undefined),
    );
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await send({ port })).toMatchObject({ outcome: 'retry', phase: 'greeting' });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the local mail server', () => {
  const json = async (path = '') => (await fetch(smtp.inbox + path)).json();

  it('lists what has come, oldest first, with the envelope’s recipients', async () => {
    await send();
    await send();
    const mails = (await json()) as Record<string, unknown>[];
    expect(mails).toHaveLength(2);
    expect(mails[0]).toMatchObject({
      from: 'noreply@ronde.test',
      to: ['ada@example.test'],
      subject: 'Hello',
      html: expect.stringContaining('<p>Hello</p>'),
      received_at: NOW.toISOString(),
      message_id: expect.stringMatching(/^<.+@ronde\.test>$/),
      headers: expect.objectContaining({ 'auto-submitted': 'auto-generated' }),
    });
  });

  it('refuses a listed recipient in any case of letters until it is emptied', async () => {
    const posted = await fetch(`${smtp.inbox}/refuse`, {
      method: 'POST',
      body: JSON.stringify({ address: 'ADA@example.test', code: 550 }),
    });
    expect(posted.status).toBe(204);
    expect(await send()).toMatchObject({ outcome: 'failed', phase: 'rcpt', arrived: 0 });
    expect((await fetch(smtp.inbox, { method: 'DELETE' })).status).toBe(204);
    expect(await send()).toMatchObject({ outcome: 'sent' });
    await fetch(smtp.inbox, { method: 'DELETE' });
    expect(await json()).toEqual([]);
  });

  it.each(['{"address":"a@b.test"}', '{"address":"a@b.test","code":250}', 'x'])(
    'does not take %s for a refusal',
    async (body) => {
      expect((await fetch(`${smtp.inbox}/refuse`, { method: 'POST', body })).status).toBe(400);
    },
  );

  it('shows a page to a browser, with scripts off', async () => {
    await send();
    const list = await fetch(smtp.inbox, { headers: { Accept: 'text/html' } });
    expect(await list.text()).toContain('Inbox: 1 mail(s)');
    const mail = await fetch(`${smtp.inbox}/0.html`);
    expect(await mail.text()).toContain('<p>Hello</p>');
    expect(mail.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('goes on after a client that breaks off', async () => {
    const socket = connect(smtp.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    expect(await send()).toMatchObject({ outcome: 'sent' });
  });
});
