import { setTimeout as delay } from 'node:timers/promises';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { publicAddress } from '../account/public-address.ts';
import { connectionOptions, converse, type DeliveryTimeouts, TIMEOUTS } from './converse.ts';
import { Dialogue, GatedBody } from './dialogue.ts';
import { type Failure, toDelivery, withoutLogin } from './ended.ts';
import { LoginSession } from './login.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { ComposedMail } from './message.ts';
import { type Delivery, parseReply } from './outcome.ts';
import type { MailConfig } from './settings.ts';

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
const MAX_RESPONSE = 500;

/**
 * Runs between the server's 354 and the first byte of the body, the last moment at which "not sent" is certain. It records
 * that the body is about to be sent, and returns false to withhold it.
 */
export type BeforeBody = () => Promise<boolean>;

/** The time limits and the network of a delivery. `onClosed` is called once, when its connection is closed. */
export interface DeliveryOptions {
  timeouts?: DeliveryTimeouts;
  transport?: MailTransport;
  onClosed?: () => void;
}

/**
 * Sends one mail in one SMTP dialogue. Never throws for an error of the server or the network. A second dialogue follows
 * if the server refuses an access token, which is then renewed.
 *
 * Each mail has its own connection: a pool could wait for ever for a server that closes before its greeting.
 */
export async function deliver(
  mail: ComposedMail | null,
  config: MailConfig,
  beforeBody: BeforeBody,
  { timeouts = TIMEOUTS, transport = TRANSPORT, onClosed = () => undefined }: DeliveryOptions = {},
): Promise<Delivery> {
  const session = config.login ? new LoginSession(config.login) : null;
  const ends: Promise<void>[] = [];
  const attempt = () => {
    const closed = Promise.withResolvers<void>();
    ends.push(closed.promise);
    return converseOnce(
      { mail, config, session, beforeBody },
      { timeouts, transport, onClosed: closed.resolve },
    );
  };
  let delivery = await attempt();
  const isRefusedLogin = delivery.phase === 'auth' && delivery.code === LOGIN_REFUSED;
  if (isRefusedLogin && session?.mayRenew()) delivery = await attempt();
  void Promise.all(ends).then(onClosed);
  return delivery;
}

/** RFC 4954, 6: the credentials are not valid. */
const LOGIN_REFUSED = 535;

/** Logs in to an account and sends nothing. `sent` means that the login works. */
export const tryLogin = (config: MailConfig, options: DeliveryOptions = {}): Promise<Delivery> =>
  deliver(null, config, async () => false, options);

interface Attempt {
  mail: ComposedMail | null;
  config: MailConfig;
  session: LoginSession | null;
  beforeBody: BeforeBody;
}

async function converseOnce(
  { mail, config, session, beforeBody }: Attempt,
  { timeouts, transport, onClosed }: Required<DeliveryOptions>,
): Promise<Delivery> {
  const dialogue = new Dialogue();
  const body = new GatedBody(mail?.raw ?? Buffer.alloc(0), beforeBody);
  const secrets = session?.secrets ?? [];
  let connection: SMTPConnection | null = null;
  try {
    const { host, guard } = config;
    const address = guard ? await publicAddress(host, guard.local) : host;
    connection = await transport.connect(connectionOptions(config, address, timeouts, dialogue));
    connection.once('end', onClosed);
    const response = clean(await converse(connection, session, { mail, body, dialogue }, timeouts), secrets);
    const { code } = parseReply(response);
    if (body.started || !mail) return { outcome: 'sent', phase: 'body', code, response, fault: null };
    // The body was never sent, so this answer accepts nothing.
    return { outcome: 'retry', phase: 'data', code, response, fault: null };
  } catch (error) {
    if (connection) connection.close();
    else onClosed();
    await body.settled();
    const delivery =
      withoutLogin(error, session?.fault) ?? toDelivery(error as Failure, dialogue, body.started);
    return { ...delivery, response: clean(delivery.response ?? '', secrets) };
  }
}

/** Returns a server's answer on one line for people and logs, with secrets masked. */
function clean(text: string, secrets: readonly string[]): string {
  return maskSecrets(text, secrets).slice(0, MAX_RESPONSE);
}
