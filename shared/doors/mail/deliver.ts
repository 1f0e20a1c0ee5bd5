import { setTimeout as delay } from 'node:timers/promises';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { Dialogue, GatedBody } from './dialogue.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { ComposedMail } from './message.ts';
import { classify, type Delivery, type Phase, parseReply } from './outcome.ts';
import type { MailConfig } from './settings.ts';

/**
 * The longest each step may take, in milliseconds. nodemailer's defaults are up to ten minutes, longer than a function
 * lives. `whole` limits a delivery from the first packet to the last answer.
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
/** The network and the waits of outgoing mail. Protocol tests bring their own. */
export interface MailTransport {
  connect(options: SMTPConnection.Options): Promise<SMTPConnection>;
  wait(ms: number): Promise<unknown>;
}
export const TRANSPORT: MailTransport = {
  connect: async (options) => {
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    return new Connection(options);
  },
  wait: delay,
};
/** A closed connection waits this long for the server to close it too. */
const CLOSE_MS = 1_000;
const MAX_RESPONSE = 500;

/**
 * Runs between the server's 354 and the first byte of the body, the last moment at which "not sent" is certain. It records
 * that the body is about to be sent, and returns false to withhold it.
 */
export type BeforeBody = () => Promise<boolean>;

/**
 * Sends one mail in one SMTP dialogue. Never throws for an error of the server or the network.
 *
 * Each mail has its own connection: a pool could wait for ever for a server that closes before its greeting.
 */
export async function deliver(
  mail: ComposedMail,
  config: MailConfig,
  beforeBody: BeforeBody,
  {
    timeouts = TIMEOUTS,
    transport = TRANSPORT,
  }: { timeouts?: DeliveryTimeouts; transport?: MailTransport } = {},
): Promise<Delivery> {
  const dialogue = new Dialogue();
  const connection = await transport.connect(connectionOptions(config, timeouts, dialogue));
  const body = new GatedBody(mail.raw, beforeBody);
  try {
    const response = clean(await converse(connection, config.login, { mail, body }, timeouts.whole), config);
    const { code } = parseReply(response);
    if (body.started) return { outcome: 'sent', phase: 'body', code, response };
    // The body was never sent, so this answer accepts nothing.
    return { outcome: 'retry', phase: 'data', code, response };
  } catch (error) {
    connection.close();
    await body.settled();
    const delivery = toDelivery(error as Failure, dialogue, body.started);
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

/** Connects, logs in and sends. Returns the server's answer to the body. */
async function converse(
  connection: SMTPConnection,
  login: MailConfig['login'],
  { mail, body }: { mail: ComposedMail; body: GatedBody },
  wholeMs: number,
): Promise<string> {
  let deadline: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      deadline = setTimeout(() => reject(new Error(`no end after ${wholeMs} ms`)), wholeMs);
      connection.on('error', reject);
      // `end` comes before the error of the send in flight, which names the cause.
      connection.once('end', () => setImmediate(reject, new Error('the connection ended')));
      const send = () =>
        connection.send({ ...mail.envelope, size: mail.raw.length }, body, (error, info) => {
          if (error || !info) return reject(error ?? new Error('no answer'));
          resolve(info.response);
          connection.quit();
          // Closes even if the server does not answer QUIT.
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

/** nodemailer's errors: the code of the step, the system's code, the command, the server's answer. */
type Failure = Error & { command?: string; response?: string; code?: string; originalCode?: string };

/** A certificate that is not trusted, or a required TLS that is missing: the settings or the server are at fault. */
const DISTRUST = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;

function toDelivery(failure: Failure, dialogue: Dialogue, started: boolean): Delivery {
  const said = failure.response;
  const phase = started ? 'body' : commandPhase(failure.command, said ? dialogue.answered : dialogue.waiting);
  const response = said ?? failure.message;
  if (!said && (failure.code === 'EAUTH' || DISTRUST.test(failure.originalCode ?? ''))) {
    return { outcome: 'system', phase: failure.code === 'EAUTH' ? 'auth' : 'starttls', code: null, response };
  }
  const reply = said ? parseReply(said) : { code: null, enhanced: null };
  return { outcome: classify({ phase, ...reply }), phase, code: reply.code, response };
}

/** Returns the phase of the command that an error names; CONN and API name none. */
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

/** Returns a server's answer on one line for people and logs, with the password masked. */
function clean(text: string, { login }: MailConfig): string {
  return maskSecrets(text, login ? [login.password] : []).slice(0, MAX_RESPONSE);
}
