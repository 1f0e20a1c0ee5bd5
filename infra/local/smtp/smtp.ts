import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { Clock } from '../../../shared/doors/clock.ts';
import { type InboxMail, toInboxMail } from './inbox.ts';
import { serveInbox } from './page.ts';

export interface SmtpOptions {
  clock: Clock;
  /** Key and certificate. The server offers STARTTLS only with them. */
  tls?: Pick<TlsOptions, 'key' | 'cert'>;
  /** TLS from the first byte, instead of STARTTLS. */
  secure?: boolean;
  /** The only account. If absent, the server accepts any login. */
  login?: { user: string; password: string };
  /** True: the server accepts no mail without a login. */
  loginRequired?: boolean;
}

/** The local mail server. It accepts every mail, delivers none, and shows them over HTTP. */
export interface LocalSmtp {
  host: string;
  port: number;
  /** HTTP: GET lists the mails, DELETE forgets them and all refusals, POST /refuse refuses a recipient. */
  inbox: string;
  /** Received mails, oldest first. */
  mails(): readonly InboxMail[];
  /** Refuses a recipient with this reply code until `clear`. Without a text it uses the code's common one. */
  refuse(address: string, code: number, text?: string): void;
  clear(): void;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAX_MAIL_BYTES = 30_000_000;

/** Starts the mail server on free loopback ports. */
export async function startSmtp(options: SmtpOptions): Promise<LocalSmtp> {
  const mails: InboxMail[] = [];
  const refusals = new Map<string, { code: number; text: string }>();
  const server = new SMTPServer({
    ...options.tls,
    banner: 'Ronde local mail',
    secure: options.secure ?? false,
    size: MAX_MAIL_BYTES,
    authOptional: !options.loginRequired,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    hideSTARTTLS: options.tls === undefined,
    closeTimeout: 100,
    onAuth({ username, password }, _session, done) {
      const { login } = options;
      if (!login || (username === login.user && password === login.password)) done(null, { user: username });
      else done(replyError(535, '5.7.8 Username and password not accepted'));
    },
    onRcptTo({ address }, _session, done) {
      const refusal = refusals.get(address.toLowerCase());
      done(refusal ? replyError(refusal.code, refusal.text) : null);
    },
    onData(stream, session, done) {
      receive(stream, session, options.clock)
        .then((mail) => {
          mails.push(mail);
          done(null, `Queued as ${mails.length}`);
        })
        .catch((error: Error) => done(replyError(451, error.message)));
    },
  });
  // A client that disconnects is an error of its connection only; the server continues.
  server.on('error', () => undefined);
  const port = await listen(server);
  const smtp = {
    host: HOST,
    port,
    mails: () => mails,
    refuse: (address: string, code: number, text = refusalText(code)) =>
      void refusals.set(address.trim().toLowerCase(), { code, text }),
    clear() {
      mails.length = 0;
      refusals.clear();
    },
  };
  const http = await serveInbox(smtp);
  return {
    ...smtp,
    inbox: http.url,
    async stop() {
      await http.stop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function replyError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** Common texts of SMTP servers by code. */
function refusalText(code: number): string {
  const texts: Record<number, string> = {
    421: '4.3.2 Service shutting down',
    450: '4.2.1 Mailbox busy',
    451: '4.3.0 Try again later',
    452: '4.3.1 Insufficient system storage',
    454: '4.7.0 Temporary authentication failure',
    550: '5.1.1 No such user',
    552: '5.2.2 Mailbox full',
  };
  return texts[code] ?? `${String(code).startsWith('4') ? '4' : '5'}.0.0 Refused`;
}

async function receive(
  stream: AsyncIterable<Buffer>,
  session: SMTPServerSession,
  clock: Clock,
): Promise<InboxMail> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const to = session.envelope.rcptTo.map(({ address }) => address);
  return await toInboxMail(Buffer.concat(chunks), to, clock());
}

function listen(server: SMTPServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, HOST, () => {
      server.server.off('error', reject);
      resolve((server.server.address() as AddressInfo).port);
    });
  });
}
