import { isIP } from 'node:net';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Dialogue, GatedBody } from './dialogue.ts';
import type { LoginSession } from './login.ts';
import type { ComposedMail } from './message.ts';
import type { MailConfig } from './settings.ts';

/**
 * The longest each step may take, in milliseconds. nodemailer's defaults are up to ten minutes, longer than a function
 * lives.
 */
export interface DeliveryTimeouts {
  dns: number;
  connection: number;
  greeting: number;
  /** The silence of the server before the body. */
  socket: number;
  /** From the first packet to the body. */
  whole: number;
  /** From the body's first byte to the last answer. A server may filter for minutes (RFC 5321 4.5.3.2.6). */
  body: number;
}
export const TIMEOUTS: DeliveryTimeouts = {
  dns: 5_000,
  connection: 10_000,
  greeting: 10_000,
  socket: 30_000,
  whole: 45_000,
  body: 45_000,
};
/** A closed connection waits this long for the server to close it too. */
const CLOSE_MS = 1_000;

/** Returns nodemailer's options for one connection to an address of the account's host. */
export function connectionOptions(
  config: MailConfig,
  address: string,
  timeouts: DeliveryTimeouts,
  dialogue: Dialogue,
) {
  return {
    host: address,
    ...(address === config.host || isIP(config.host) ? {} : { tls: { servername: config.host } }),
    port: config.port,
    secure: config.tls === 'implicit',
    requireTLS: config.tls === 'starttls',
    ignoreTLS: config.tls === 'none',
    dnsTimeout: timeouts.dns,
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    // The patience below is shorter before the body; nodemailer knows one limit for the whole dialogue.
    socketTimeout: Math.max(timeouts.socket, timeouts.body) + CLOSE_MS,
    socketCloseTimeout: CLOSE_MS,
    transactionLog: true,
    logger: dialogue.logger,
  };
}

interface Talk {
  /** Null to log in and send nothing. */
  mail: ComposedMail | null;
  body: GatedBody;
  dialogue: Dialogue;
}

/** Connects, logs in and sends. Returns the server's answer to the body; without a mail, an empty text. */
export async function converse(
  connection: SMTPConnection,
  session: LoginSession | null,
  { mail, body, dialogue }: Talk,
  timeouts: DeliveryTimeouts,
): Promise<string> {
  const stop = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      limitTime({ body, dialogue }, timeouts, stop.signal, reject);
      connection.on('error', reject);
      // `end` comes before the error of the send in flight, which names the cause.
      connection.once('end', () => setImmediate(reject, new Error('the connection ended')));
      const end = (answer: string) => {
        resolve(answer);
        connection.quit();
        // Closes even if the server does not answer QUIT.
        setTimeout(() => connection.close(), CLOSE_MS).unref();
      };
      const send = () => {
        if (!mail) return end('');
        connection.send({ ...mail.envelope, size: mail.raw.length }, body, (error, info) =>
          error || !info ? reject(error ?? new Error('no answer')) : end(info.response),
        );
      };
      connection.connect((error) => {
        if (error) return reject(error);
        if (!session) return send();
        const credentials = session.credentials as SMTPConnection.AuthenticationType;
        return connection.login(credentials, (failure) => (failure ? reject(failure) : send()));
      });
    });
  } finally {
    stop.abort();
  }
}

/** Ends a dialogue that takes too long: as a whole, by silence, or after its body. */
function limitTime(
  { body, dialogue }: Pick<Talk, 'body' | 'dialogue'>,
  timeouts: DeliveryTimeouts,
  over: AbortSignal,
  end: (error: Error) => void,
): void {
  const after = (ms: number) => setTimeout(() => end(new Error(`no end after ${ms} ms`)), ms);
  const whole = after(timeouts.whole);
  let silence = after(timeouts.socket);
  const clear = () => {
    clearTimeout(whole);
    clearTimeout(silence);
  };
  dialogue.onReply = () => {
    if (body.started || over.aborted) return;
    clearTimeout(silence);
    silence = after(timeouts.socket);
  };
  body.onStart = () => {
    clear();
    if (!over.aborted) silence = after(timeouts.body);
  };
  over.addEventListener('abort', clear);
}
