import { Readable } from 'node:stream';
import type { Phase } from './outcome.ts';

const PHASES: Record<string, Phase> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  STARTTLS: 'starttls',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
};

/**
 * Follows an SMTP dialogue through nodemailer's transaction log, since its errors do not tell where a connection was
 * lost: the phase is that of the oldest command without an answer. Commands may be pipelined; passwords are masked
 * before they come here, and nothing of the log is kept.
 */
export class Dialogue {
  #answered: Phase = 'connect';
  readonly #unanswered: Phase[] = [];

  /** Where silence or a cut belongs. */
  get waiting(): Phase {
    return this.#unanswered[0] ?? this.#answered;
  }

  /** Where the server's last reply belongs. */
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
    // What is no command belongs to the login: user name, password, challenge.
    if (from === 'client')
      this.#unanswered.push(PHASES[line.split(' ', 1)[0]?.toUpperCase() ?? ''] ?? 'auth');
    if (from === 'server') this.#answered = this.#unanswered.shift() ?? this.#answered;
  }
}

/**
 * The body as a stream that asks before it gives its first byte. nodemailer's connection begins to read it only after the
 * server's 354.
 */
export class GatedBody extends Readable {
  /** Whether the first byte may be on its way. Until then, not sent is certain. */
  started = false;
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
      this.push(this.#raw);
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** Resolves once it is certain whether the body was started. */
  async settled(): Promise<void> {
    await this.#asking;
  }
}
