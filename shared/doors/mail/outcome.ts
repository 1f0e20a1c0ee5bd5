/**
 * The end of one delivery:
 * - `sent`: the server accepted the mail (2xx after the body);
 * - `failed`: a permanent fault of the recipient; the same mail can never arrive there;
 * - `retry`: the server refused it for now, or the connection was lost before the body began;
 * - `system`: the account, its quota or the server is at fault, so every other mail would fail too: sending stops;
 * - `unknown`: the body began and no answer came. No run sends the mail again.
 */
export type Outcome = 'sent' | 'failed' | 'retry' | 'system' | 'unknown';

/** The result of one delivery. `response` is the server's answer on one line, without any password. */
export interface Delivery {
  outcome: Outcome;
  /** The phase in which the dialogue ended. */
  phase: Phase;
  /** The server's reply code; null without a reply. */
  code: number | null;
  response: string | null;
}

/** The steps of an SMTP dialogue. `data` is the command and its 354, `body` everything from the body's first byte on. */
export type Phase = 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** A refusal by the server, or the loss of the connection (no code). */
export interface Refusal {
  phase: Phase;
  /** The three-digit reply code (RFC 5321); null without a reply. */
  code: number | null;
  /** The enhanced status code (RFC 3463) such as 5.1.1; null if the reply has none. */
  enhanced: string | null;
}

/** Authentication (RFC 4954): required, too weak, failed, encryption required, failed for now. */
const AUTHENTICATION = [530, 534, 535, 538, 454];
/** Sending limits: 5.4.5 is Google's daily quota (support.google.com/a/answer/3726730), 4.7.x a policy for now. */
const QUOTA = /^(5\.4\.5|4\.7\.\d+)$/;
/** RFC 3463: 5.1.x is the address, 5.2.x the mailbox. */
const RECIPIENT_FAULT = /^5\.[12]\.\d+$/;

/**
 * Returns the outcome of a refusal:
 * - A 5xx is the recipient's fault only in answer to RCPT, or to DATA with 5.1.x or 5.2.x.
 * - Any other 5xx is the system's fault, so that a wrong password marks no recipient as failed.
 * - Without an answer the mail is certainly not sent if the body had not begun.
 */
export function classify({ phase, code, enhanced }: Refusal): Exclude<Outcome, 'sent'> {
  if (code === null) return phase === 'body' ? 'unknown' : 'retry';
  if (AUTHENTICATION.includes(code) || QUOTA.test(enhanced ?? '')) return 'system';
  if (code >= 500) {
    const recipients = phase === 'rcpt' || (isData(phase) && RECIPIENT_FAULT.test(enhanced ?? ''));
    return recipients ? 'failed' : 'system';
  }
  return code >= 400 || phase !== 'body' ? 'retry' : 'unknown';
}

const isData = (phase: Phase) => phase === 'data' || phase === 'body';

/** Reads a reply's code and enhanced code; both are null if the text does not begin with a code. */
export function parseReply(reply: string): { code: number | null; enhanced: string | null } {
  const [, code, enhanced] = /^([2-5]\d\d)[ -]?(?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return { code: code ? Number(code) : null, enhanced: enhanced ?? null };
}
