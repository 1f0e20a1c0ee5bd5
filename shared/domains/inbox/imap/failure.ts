import { maskSecrets } from '../../../doors/mail/mask-secrets.ts';

/**
 * Failures of a mailbox, apart from bugs of this code:
 * - auth: the credentials are refused, and a person must act;
 * - busy: the server has enough of us for now (throttled, too many connections, unavailable);
 * - network: no connection, or one that broke;
 * - timeout: no answer in time;
 * - tls: the certificate or the encryption;
 * - protocol: an answer that is none;
 * - credentials: ours do not open; host: not one that may be called.
 */
export type FailureKind =
  | 'auth'
  | 'busy'
  | 'network'
  | 'timeout'
  | 'tls'
  | 'protocol'
  | 'credentials'
  | 'host';

export interface Failure {
  kind: FailureKind;
  /** For people: what the server or the network said, on one line; never a secret. */
  detail: string;
}

/** Fields of imapflow's and Node's errors. The cause of a broken connection comes by a separate event. */
interface MailError extends Error {
  code?: string;
  authenticationFailed?: boolean;
  serverResponseCode?: string;
  responseText?: string;
  reason?: string;
  response?: unknown;
  cause?: unknown;
}

/** Response codes of RFC 5530 and 9051 that mean "not now", whatever the client makes of them. */
const BUSY_CODES = [
  ...['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG', 'CONTACTADMIN', 'OVERQUOTA', 'THROTTLED'],
  // Not of a standard: Dovecot's, Cyrus' and Yahoo's, and that of POP3 (RFC 3206).
  ...['TEMPFAIL', 'SYS/TEMP', 'LOGIN-DELAY', 'IN-USE'],
];
/** Texts, without a code, of servers that are ill, or have too many connections or requests of one account. */
const BUSY_TEXT =
  /too many|simultaneous|concurrent|maximum number of connections|connection limit|\brate\b|throttl|\bbusy\b|time-?out|timed out|try again|retry|temporar|unavailable|(service|server|currently)( is)? not available|(internal|server|system) error|overquota|bandwidth|overload|maintenance|not reachable|unreachable|cannot connect|backend|indisponible|r[eé]essay|vor[uü]bergehend|nicht verf[uü]gbar|sp[aä]ter (erneut|noch)|non disponibile|riprova|no disponible|m[aá]s tarde|niet beschikbaar|probeer/i;
/** Texts of a password that is wrong. Some of their servers add "try again", and mean another password. */
const WRONG_TEXT = /\b(invalid|incorrect|wrong|bad)\W+(user ?name|user|login|password|credentials)/i;
/** Codes that ask a person to act. */
const AUTH_CODES = ['AUTHENTICATIONFAILED', 'EXPIRED', 'AUTHORIZATIONFAILED'];
const TLS_CODES = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO|ERR_OSSL/;
const TIMEOUTS = [
  'ETIMEDOUT',
  'ETIMEOUT',
  'CONNECT_TIMEOUT',
  'GREETING_TIMEOUT',
  'UPGRADE_TIMEOUT',
  'ESOCKETTIMEDOUT',
];
const PROTOCOL_CODES =
  /TooLarge|^TooMany|^Parser|InvalidResponse|UnexpectedTag|ResponseProcessingFailed|NESTING|TRAILING|INJECTION/;
const MAX_DETAIL = 300;

/** Returns the failure of a thrown error. `heard` is the error that the connection reported before it. */
export function failureOf(thrown: unknown, heard: unknown, secrets: readonly string[] = []): Failure {
  const error = asError(thrown);
  const cause = asError(heard ?? thrown);
  // The reason is the server's last word, BYE.
  const said = error.responseText || cause.responseText || error.reason || cause.message || error.message;
  const detail = maskSecrets(said, secrets).slice(0, MAX_DETAIL);
  return { kind: kindOf(error, cause, detail), detail: detail || 'no reason was given' };
}

/** Words of a session whose access token has ended; some servers say them only as they hang up. */
const TOKEN_END = [/token|session/i, /expired|revoked|invalid/i];

/** Returns true if a session ended with its access token. */
export const isTokenEnd = ({ detail }: Failure): boolean => TOKEN_END.every((words) => words.test(detail));

function kindOf(error: MailError, cause: MailError, detail: string): FailureKind {
  // imapflow calls every refusal of a login a failed authentication, throttling too.
  if (error.authenticationFailed || cause.authenticationFailed) return refusedLogin(error, detail);
  const codes = [error.code, cause.code].filter((code) => code !== undefined);
  if (codes.some((code) => TIMEOUTS.includes(code)) || error.name === 'TooLate') return 'timeout';
  if (codes.some((code) => TLS_CODES.test(code)) || /certificate|STARTTLS|TLS/i.test(cause.message))
    return 'tls';
  if (codes.some((code) => PROTOCOL_CODES.test(code))) return 'protocol';
  if (BUSY_CODES.includes(error.serverResponseCode ?? '') || codes.includes('ETHROTTLE')) return 'busy';
  if (AUTH_CODES.includes(error.serverResponseCode ?? '')) return 'auth';
  if (codes.length === 0 && error.name !== 'Error') return 'protocol';
  return BUSY_TEXT.test(detail) ? 'busy' : 'network';
}

/** The response code decides, then words of a server that is busy; else the credentials are refused. */
function refusedLogin({ serverResponseCode: code = '' }: MailError, detail: string): FailureKind {
  if (code === 'EXPIRED' || code === 'AUTHORIZATIONFAILED') return 'auth';
  if (BUSY_CODES.includes(code)) return 'busy';
  const words = WRONG_TEXT.test(detail)
    ? detail.replace(/(re-?)?try( again)?(?! later| in)|r[eé]essay\w{0,9}(?! plus tard)/gi, '')
    : detail;
  return BUSY_TEXT.test(words) ? 'busy' : 'auth';
}

const asError = (value: unknown): MailError => (value instanceof Error ? value : new Error(String(value)));
