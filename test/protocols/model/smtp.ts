import type { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Scheduler } from '../scheduler.ts';

/** A mail whose body the server has read. */
export interface Arrived {
  to: string;
  messageId: string;
  isAccepted: boolean;
}

type Answer = (error: Error | null, info?: { response: string }) => void;
interface Envelope {
  to: string | string[];
}

const failure = (fields: object) => Object.assign(new Error('refused'), fields);

/** A mail server without a network: it answers at the steps that a real dialogue has. */
export class ModelMailServer {
  readonly arrived: Arrived[] = [];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Opens a connection; the part of nodemailer's SMTPConnection that a delivery uses. */
  connect(): SMTPConnection {
    const closed: (() => void)[] = [];
    const close = () => {
      for (const done of closed.splice(0)) done();
    };
    const used = {
      on: () => undefined,
      once: (_event: 'end', done: () => void) => void closed.push(done),
      connect: (done: Answer) => done(null),
      login: (_credentials: object, done: Answer) => done(null),
      quit: close,
      close,
      send: (envelope: Envelope, body: Readable, done: Answer) => void this.#receive(envelope, body, done),
    };
    return used as unknown as SMTPConnection;
  }

  async #receive({ to }: Envelope, body: Readable, done: Answer): Promise<void> {
    const rcpt = await this.#scheduler.stop('smtp RCPT', ['250', '451 later', 'cut']);
    if (rcpt === '451 later')
      return done(failure({ code: 'EENVELOPE', response: '451 4.2.1 later', command: 'RCPT TO' }));
    if (rcpt === 'cut') return done(failure({ code: 'ECONNECTION', command: 'DATA' }));
    let text = '';
    try {
      for await (const chunk of body) text += String(chunk);
    } catch (error) {
      return done(error as Error);
    }
    const address = [to].flat().join();
    const end = await this.#scheduler.stop('smtp body', [
      '250 accepted',
      'accepted, answer lost',
      'dropped',
      '452 full',
    ]);
    const messageId = /^Message-ID: (\S+)/im.exec(text)?.[1] ?? '';
    this.arrived.push({
      to: address,
      messageId,
      isAccepted: end === '250 accepted' || end === 'accepted, answer lost',
    });
    if (end === '250 accepted') return done(null, { response: '250 2.0.0 accepted' });
    if (end === '452 full')
      return done(failure({ code: 'EMESSAGE', response: '452 4.3.1 full', command: 'DATA' }));
    done(failure({ code: 'ECONNECTION', command: 'CONN' }));
  }
}
