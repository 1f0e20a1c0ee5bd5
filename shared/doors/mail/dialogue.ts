import { Readable } from 'node:stream';
import type { Phase } from './phase.ts';

const PHASES: Record<string, Phase> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  STARTTLS: 'starttls',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
};

/**
 * Follows an SMTP dialogue through nodemailer's transaction log, since its errors do not name the phase of a lost
 * connection. The phase is that of the oldest command without an answer: commands may be pipelined.
 *
 * nodemailer masks passwords before they come here, and the log is not kept.
 */
export class Dialogue {
  /** Called at each reply of the server. */
  onReply: () => void = () => undefined;
  #answered: Phase = 'connect';
  readonly #unanswered: Phase[] = [];

  /** The phase of a silence or a lost connection. */
  get waiting(): Phase {
    return this.#unanswered[0] ?? this.#answered;
  }

  /** The phase of the server's last reply. */
  get answered(): Phase {
    return this.#answered;
  }

  readonly logger = {
    trace: () => undefined,
    debug: (entry: unknown, message?: unknown) =>
      this.#note((entry as { tnx?: string }).tnx, String(message)),
    info: (_entry: unknown, message?: unknown) => {
      if (/established/.test(String(message))) this.#unanswered.push('greeting');
    },
    warn: () => undefined,
    error: () => undefined,
    fatal: () => undefined,
  };

  #note(from: string | undefined, line: string): void {
    // A line without a command belongs to the login: user name, password, challenge.
    if (from === 'client')
      this.#unanswered.push(PHASES[line.split(' ', 1)[0]?.toUpperCase() ?? ''] ?? 'auth');
    if (from !== 'server') return;
    this.#answered = this.#unanswered.shift() ?? this.#answered;
    this.onReply();
  }
}

/**
 * The body as a stream that asks for permission before its first byte. nodemailer begins to read it only after the
 * server's 354.
 */
export class GatedBody extends Readable {
  /** True once the first byte may be on its way. Until then the mail is certainly not sent. */
  started = false;
  /** Called when the body may begin. */
  onStart: () => void = () => undefined;
  readonly #raw: Buffer;
  readonly #mayStart: () => Promise<boolean>;
  #asking: Promise<void> | undefined;

  constructor(raw: Buffer, mayStart: () => Promise<boolean>) {
    super();
    this.#raw = raw;
    this.#mayStart = mayStart;
  }

  override _read(): void {
    this.#asking ??= this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const allowed = await this.#mayStart();
      if (this.destroyed) return;
      if (!allowed) throw new Error('the body was withheld');
      this.started = true;
      this.onStart();
      this.push(this.#raw);
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** Resolves once `started` is final. */
  async settled(): Promise<void> {
    await this.#asking;
  }
}
