/**
 * How sending one mail ended. Only these five; what follows from each is decided here, not by the callers:
 * - `sent`: the server has taken it (2xx after the body);
 * - `failed`: the recipient's own permanent fault; the same mail will never arrive there;
 * - `retry`: not taken, and it may be later: a passing refusal, or the connection was lost before the body began;
 * - `system`: our account, quota or server is at fault, so every other mail would fail as well: sending stops;
 * - `unknown`: the body began and no answer came. Never sent again by itself.
 */
export type Outcome = 'sent' | 'failed' | 'retry' | 'system' | 'unknown';

/** What became of one delivery. `response` is the server's own words, on one line; it never holds a password. */
export interface Delivery {
  outcome: Outcome;
  /** Where the dialogue ended. */
  phase: Phase;
  /** The server's reply code; null when it said nothing. */
  code: number | null;
  response: string | null;
}

/** The steps of the SMTP dialogue. `data` is the command and its 354, `body` everything from the body's first byte on. */
export type Phase = 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** A refusal by the server, or the loss of the connection (no code). */
export interface Refusal {
  phase: Phase;
  /** The three-digit reply code (RFC 5321), null when the server said nothing. */
  code: number | null;
  /** The enhanced status code (RFC 3463) such as 5.1.1, null where the reply has none. */
  enhanced: string | null;
}

/** Authentication (RFC 4954): required, too weak, failed, to be encrypted, failed for now. */
const AUTHENTICATION = [530, 534, 535, 538, 454];
/** Sending limits: 5.4.5 is Google's daily quota (support.google.com/a/answer/3726730), 4.7.x a policy for now. */
const QUOTA = /^(5\.4\.5|4\.7\.\d+)$/;
/** RFC 3463: 5.1.x is the address, 5.2.x the mailbox. */
const RECIPIENT_FAULT = /^5\.[12]\.\d+$/;

/**
 * Whose fault a refusal is. A 5xx is the recipient's only in answer to RCPT, or to DATA with 5.1.x or 5.2.x; any other
 * 5xx is the system's, so that a wrong password marks nobody as failed. Without an answer, it was certainly not sent as
 * long as the body had not begun.
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

/** A reply's code and enhanced code; null where the text does not begin with a code. */
export function parseReply(reply: string): { code: number | null; enhanced: string | null } {
  const [, code, enhanced] = /^([2-5]\d\d)[ -]?(?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return { code: code ? Number(code) : null, enhanced: enhanced ?? null };
}
