import type { Fault } from './faults/kinds.ts';
import type { Phase } from './phase.ts';

/**
 * The end of one delivery:
 * - `sent`: the server accepted the mail (2xx after the body);
 * - `failed`: a permanent fault of the recipient; the same mail can never arrive there;
 * - `retry`: this mail was not taken, or the connection was lost before the body began; `fault` says more;
 * - `system`: the account, its quota or the server is at fault, so other mails would fail too;
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
  /** The party at fault; null if the mail was sent or no answer came. */
  fault: Fault | null;
}

/** Returns the end of a delivery that the server refused. */
export function outcomeOf({ whose, mayPass }: Fault): 'failed' | 'retry' | 'system' {
  if (whose === 'account' || whose === 'server') return 'system';
  return whose === 'recipient' && !mayPass ? 'failed' : 'retry';
}

/**
 * Returns the end of a delivery without an answer: the mail is certainly not sent if its body had not begun. A reply that
 * refuses nothing, such as a second 250, counts as none.
 */
export const outcomeWithoutAnswer = (phase: Phase): 'unknown' | 'retry' =>
  phase === 'body' ? 'unknown' : 'retry';

/** Reads a reply's code and enhanced code; both are null if the text does not begin with a code. */
export function parseReply(reply: string): { code: number | null; enhanced: string | null } {
  const [, code, enhanced] = /^([2-5]\d\d)[ -]?(?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return { code: code ? Number(code) : null, enhanced: enhanced ?? null };
}
