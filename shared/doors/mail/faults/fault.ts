import type { Refused } from './conditions.ts';
import { type Fault, type FaultKind, type RefusedMail, toFault } from './kinds.ts';
import { LOGIN_ROWS, MAIL_ROWS } from './rows.ts';

/** Texts are judged up to this length, so that a hostile server cannot make the patterns slow. */
const MAX_TEXT = 500;

/** The judgement leaves out addresses: a customer may be called spam@ or relay@. */
const ADDRESS = /<[^<>]*>|[^\s<>@]+@[^\s<>@]+/g;

/** The steps before a mail is named: a refusal there is about the account or the server. */
const BEFORE_MAIL: readonly RefusedMail['phase'][] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth'];

/**
 * Judges the party at fault in a refusal; pure. The phase does not say it: Postfix answers account and sender restrictions
 * at RCPT (smtpd_delay_reject), and Microsoft 365 answers sender faults after the body with 5.1.x and 5.2.x. The first
 * row of the table that fits decides.
 */
export function faultOf({ phase, code, enhanced, text }: RefusedMail): Fault {
  const refused: Refused = {
    phase,
    code: code ?? 0,
    enhanced: enhanced ?? '',
    text: text.slice(0, MAX_TEXT).replace(ADDRESS, ''),
    isTemporary: code === null ? enhanced?.startsWith('4') === true : code < 500,
  };
  const rows = BEFORE_MAIL.includes(phase) ? LOGIN_ROWS : MAIL_ROWS;
  return toFault(rows.find(({ when }) => when(refused))?.kind ?? otherwise(refused));
}

/** Judges a refusal that no row describes. */
function otherwise({ phase, isTemporary, enhanced }: Refused): FaultKind {
  if (isTemporary) return 'server_fault';
  if (phase === 'auth') return 'login_refused';
  if (BEFORE_MAIL.includes(phase)) return 'server_fault';
  // MAIL names only the account's own address. RFC 3463 gives X.7 to policies, and those of a report are about us.
  if (phase === 'mail' || (phase === 'report' && enhanced.startsWith('5.7.'))) return 'account_refused';
  return 'unclear';
}
