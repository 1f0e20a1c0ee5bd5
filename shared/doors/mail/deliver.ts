import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { Dialogue, GatedBody } from './dialogue.ts';
import type { ComposedMail } from './message.ts';
import { classify, type Delivery, type Phase, parseReply } from './outcome.ts';
import type { MailConfig } from './settings.ts';

/**
 * The longest each step may take, in milliseconds. nodemailer's own are up to ten minutes, more than a function lives.
 * `whole` bounds a delivery from the first packet to the last answer, whatever its steps do.
 */
export interface DeliveryTimeouts {
  dns: number;
  connection: number;
  greeting: number;
  socket: number;
  whole: number;
}
export const TIMEOUTS: DeliveryTimeouts = {
  dns: 5_000,
  connection: 10_000,
  greeting: 10_000,
  socket: 30_000,
  whole: 45_000,
};
/** How long a closed connection may linger for the server's own goodbye. */
const CLOSE_MS = 1_000;
const MAX_RESPONSE = 500;

/**
 * Called between the server's 354 and the first byte of the body: the last moment at which "not sent" is certain. Its
 * answer says whether the body may go; it records that the body is about to.
 */
export type BeforeBody = () => Promise<boolean>;

/**
 * One SMTP dialogue for one mail; never throws for what a server or the network does. No pool, which could wait for ever
 * for a server that closes before its greeting: each mail has its own connection.
 */
export async function deliver(
  mail: ComposedMail,
  config: MailConfig,
  beforeBody: BeforeBody,
  timeouts: DeliveryTimeouts = TIMEOUTS,
): Promise<Delivery> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const dialogue = new Dialogue();
  const connection = new Connection(connectionOptions(config, timeouts, dialogue));
  const body = new GatedBody(mail.raw, beforeBody);
  try {
    const response = clean(await converse(connection, config, mail, body, timeouts.whole), config);
    const { code } = parseReply(response);
    if (body.started) return { outcome: 'sent', phase: 'body', code, response };
    // An answer to a body that never left is no acceptance.
    return { outcome: 'retry', phase: 'data', code, response };
  } catch (error) {
    connection.close();
    await body.settled();
    const delivery = refused(error as Failure, dialogue, body.started);
    return { ...delivery, response: clean(delivery.response ?? '', config) };
  }
}

function connectionOptions(config: MailConfig, timeouts: DeliveryTimeouts, dialogue: Dialogue) {
  return {
    host: config.host,
    port: config.port,
    secure: config.tls === 'implicit',
    requireTLS: config.tls === 'starttls',
    ignoreTLS: config.tls === 'none',
    dnsTimeout: timeouts.dns,
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.socket,
    socketCloseTimeout: CLOSE_MS,
    transactionLog: true,
    logger: dialogue.logger,
  };
}

/** Connects, logs in, sends; resolves with the server's answer to the body. */
async function converse(
  connection: SMTPConnection,
  { login }: MailConfig,
  mail: ComposedMail,
  body: GatedBody,
  wholeMs: number,
): Promise<string> {
  let deadline: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      deadline = setTimeout(() => reject(new Error(`no end after ${wholeMs} ms`)), wholeMs);
      connection.on('error', reject);
      // It ends before the send in flight is told why; the reason is the better error.
      connection.once('end', () => setImmediate(reject, new Error('the connection ended')));
      const send = () =>
        connection.send({ ...mail.envelope, size: mail.raw.length }, body, (error, info) => {
          if (error || !info) return reject(error ?? new Error('no answer'));
          resolve(info.response);
          connection.quit();
          // A server that does not answer QUIT keeps nobody waiting.
          setTimeout(() => connection.close(), CLOSE_MS).unref();
        });
      connection.connect((error) => {
        if (error) return reject(error);
        if (!login) return send();
        const credentials = { user: login.user, pass: login.password };
        return connection.login(credentials, (failure) => (failure ? reject(failure) : send()));
      });
    });
  } finally {
    clearTimeout(deadline);
  }
}

/** What nodemailer's errors carry: the code of the step, the system's own code, the command, the server's answer. */
type Failure = Error & { command?: string; response?: string; code?: string; originalCode?: string };

/** A certificate that is not trusted, or no TLS at all where it is required: a fault of the settings or the server. */
const DISTRUST = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;

function refused(failure: Failure, dialogue: Dialogue, started: boolean): Delivery {
  const said = failure.response;
  const phase = started ? 'body' : commandPhase(failure.command, said ? dialogue.answered : dialogue.waiting);
  const response = said ?? failure.message;
  if (!said && (failure.code === 'EAUTH' || DISTRUST.test(failure.originalCode ?? ''))) {
    return { outcome: 'system', phase: failure.code === 'EAUTH' ? 'auth' : 'starttls', code: null, response };
  }
  const reply = said ? parseReply(said) : { code: null, enhanced: null };
  return { outcome: classify({ phase, ...reply }), phase, code: reply.code, response };
}

/** The phase of the command that an error names; CONN and API name none. */
function commandPhase(command: string | undefined, otherwise: Phase): Phase {
  const [verb = ''] = (command ?? '').split(' ');
  const phases: Record<string, Phase> = {
    AUTH: 'auth',
    MAIL: 'mail',
    RCPT: 'rcpt',
    DATA: 'data',
    EHLO: 'ehlo',
  };
  return phases[verb] ?? otherwise;
}

/** What was said, on one line, for people and logs; a server that repeats the password does not get it there. */
function clean(text: string, { login }: MailConfig): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (!login) return line.slice(0, MAX_RESPONSE);
  const { user, password } = login;
  const encoded = [password, `\0${user}\0${password}`].map((secret) =>
    Buffer.from(secret).toString('base64'),
  );
  return [password, ...encoded]
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), line)
    .slice(0, MAX_RESPONSE);
}
