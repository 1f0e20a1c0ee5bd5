import { setTimeout as delay } from 'node:timers/promises';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { connectionOptions, converse, type DeliveryTimeouts, TIMEOUTS } from './converse.ts';
import { Dialogue, GatedBody } from './dialogue.ts';
import { faultOf } from './faults/fault.ts';
import { toFault } from './faults/kinds.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { ComposedMail } from './message.ts';
import { type Delivery, outcomeOf, outcomeWithoutAnswer, parseReply } from './outcome.ts';
import type { Phase } from './phase.ts';
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
 * Sends one mail in one SMTP dialogue. Never throws for an error of the server or the network.
 *
 * Each mail has its own connection: a pool could wait for ever for a server that closes before its greeting.
 */
export async function deliver(
  mail: ComposedMail,
  config: MailConfig,
  beforeBody: BeforeBody,
  { timeouts = TIMEOUTS, transport = TRANSPORT, onClosed = () => undefined }: DeliveryOptions = {},
): Promise<Delivery> {
  const dialogue = new Dialogue();
  const connection = await transport.connect(connectionOptions(config, timeouts, dialogue));
  connection.once('end', onClosed);
  const body = new GatedBody(mail.raw, beforeBody);
  try {
    const talk = { mail, body, dialogue };
    const response = clean(await converse(connection, config.login, talk, timeouts), config);
    const { code } = parseReply(response);
    if (body.started) return { outcome: 'sent', phase: 'body', code, response, fault: null };
    // The body was never sent, so this answer accepts nothing.
    return { outcome: 'retry', phase: 'data', code, response, fault: null };
  } catch (error) {
    connection.close();
    await body.settled();
    const delivery = toDelivery(error as Failure, dialogue, body.started);
    return { ...delivery, response: clean(delivery.response ?? '', config) };
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
    const at = failure.code === 'EAUTH' ? 'auth' : 'starttls';
    const fault = toFault(at === 'auth' ? 'login_refused' : 'server_fault');
    return { outcome: 'system', phase: at, code: null, response, fault };
  }
  const reply = said ? parseReply(said) : { code: null, enhanced: null };
  if (reply.code === null || reply.code < 400)
    return { outcome: outcomeWithoutAnswer(phase), phase, code: reply.code, response, fault: null };
  const fault = faultOf({ phase, ...reply, text: response.replace(/\s+/g, ' ') });
  return { outcome: outcomeOf(fault), phase, code: reply.code, response, fault };
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
