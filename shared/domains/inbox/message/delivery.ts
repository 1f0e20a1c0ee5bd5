import { firstValue, type Headers, messageIdsIn, parseHeaders } from './headers.ts';

/** The words of a report about one recipient (RFC 3464). */
export interface Delivery {
  /** The addresses that name the recipient, lower-case: the original one, and the one it was forwarded to. */
  recipients: string[];
  /** Lower-case, such as `failed` or `delayed`. */
  action: string;
  /** An enhanced code such as 5.1.1 (RFC 3463); null where there is none. */
  status: string | null;
  /** The server's reply, on one line; null where there is none. */
  diagnostic: string | null;
}

/** A report on deliveries: of each recipient, and the Message-ID of the mail if it names one. */
export interface DeliveryReport {
  deliveries: Delivery[];
  enclosed: string | null;
}

/** Bounds of a report, in characters and recipients: a mail of ours has one recipient. */
const MAX_REPORT = 64 * 1024;
const MAX_DELIVERIES = 20;
/** Reports without a form say what they say at the beginning; the copy of the mail follows. */
const LOOKED_AT = 20_000;
const MAX_DIAGNOSTIC = 300;
const STATUS = /(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])/;
const ADDRESS = /[^\s<>()[\]"',;:]{1,64}@[a-z0-9.-]{1,255}[a-z0-9]/i;

/** Reads a message/delivery-status part: a group of fields for the message, then one for each recipient. Equal ones count once. */
export function parseDeliveryStatus(text: string): Delivery[] {
  const groups = text
    .slice(0, MAX_REPORT)
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n/);
  const deliveries = new Map<string, Delivery>();
  for (const group of groups) {
    const fields = parseHeaders(group);
    const action = fields.get('action')?.[0]?.trim().toLowerCase().split(/\s/)[0];
    if (action === undefined || action === '') continue;
    const named = ['original-recipient', 'final-recipient'].flatMap((name) => fields.get(name) ?? []);
    const diagnostic = oneLine((fields.get('diagnostic-code')?.[0] ?? '').replace(/^[\w-]{1,20} ?;/, ''));
    const delivery = {
      recipients: [...new Set(named.flatMap((value) => ADDRESS.exec(value)?.[0].toLowerCase() ?? []))],
      action,
      status: STATUS.exec(fields.get('status')?.[0] ?? '')?.[0] ?? null,
      diagnostic: diagnostic === '' ? null : diagnostic,
    };
    deliveries.set(JSON.stringify(delivery), delivery);
    if (deliveries.size === MAX_DELIVERIES) break;
  }
  return [...deliveries.values()];
}

/** Subjects of reports by servers, in small letters without accents. */
const REPORT_SUBJECT =
  /failure notice|undeliver|delivery (?:status|failure|failed|has failed|problem|delay)|mail delivery|returned mail|delivery notification|could not be delivered|mail (?:system )?error|non[- ]?(?:remis|delivr|distribu)|(?:echec|retard)[^:]{0,20} (?:remise|distribution|livraison|envoi)|message non|unzustellbar|nicht zugestellt|zustellung|mancata (?:consegna|recapito)|impossibile (?:recapitare|consegnare)|no se (?:puede|pudo|ha podido) entregar|no entregado|onbestelbaar|niet (?:bezorgd|afgeleverd)|nao (?:entregue|foi possivel entregar)|falha na entrega|niedoreczon|nie (?:dostarczono|mozna dostarczyc)|niedostarczon/;
const REPORTER =
  /^(?:mailer-?daemon|postmaster|mail-?delivery|maildelivery|bounces?|mdaemon|posta-?certificata|microsoftexchange[0-9a-f]{1,40})(?:[+.\-_][^@]*)?(?:@|$)/i;
/** Subjects that Exchange and Domino put before that of the mail; they come from an administrator's address too. */
const REPORT_PREFIX =
  /^(?:undeliverable|undelivered|non remis|unzustellbar|mancata consegna|non recapitabile|no se puede entregar|onbestelbaar|nao (?:foi possivel entregar|entregue)|niedostarczone|delivery failure) ?:/;
const DELAY =
  /\bdelay|\bwarning\b|will (?:be retried|keep trying|continue)|still (?:being )?tr|not yet been delivered|temporar(?:y|ily) (?:failure|problem)|you do not need to resend|retard\b|sera (?:de nouveau|a nouveau)|verzoger|in ritardo|retraso|vertraag|atraso|opoznien/i;
const GIVEN_UP =
  /permanent|given up|failed permanently|definitive|giving up|no longer|expired|retry (?:time|timeout)|not (?:be )?delivered after/i;
/** The line after which a server copies the mail. */
const COPY =
  /^[ \t]*(?:-{2,}[^\n]{0,80}(?:copy|original|below this line|returned|unsent|message header)[^\n]{0,80}|(?:original|returned) (?:message|mail)[^\n]{0,40}:?[ \t]*$|received: (?:from|by) )/im;
const REPLY_LINE = /^.*(?:(?<!\d)[45]\d\d[ \-:#]|#[45]\.\d|[45]\.\d{1,3}\.\d{1,3}).*$/m;

/** Receipts of certified mail in Italy (D.M. 2 November 2005), of which only those of errors say more. */
const RECEIPT = /^(?:accettazione|presa-in-carico|avvenuta-consegna)/i;

interface PlainReport {
  headers: Headers;
  /** Lower-case. */
  from: string;
  subject: string;
  text: string;
}

/**
 * Reads a report that is plain text only: qmail (QSBMF), exim, old Gmail and sendmail, and what names its recipients in
 * X-Failed-Recipients. Returns null if it is none.
 */
export function readPlainReport({ headers, from, subject, text }: PlainReport): DeliveryReport | null {
  const failed = firstValue(headers, 'x-failed-recipients')?.slice(0, LOOKED_AT);
  if (RECEIPT.test(firstValue(headers, 'x-ricevuta') ?? '')) return { deliveries: [], enclosed: null };
  const about = subject.slice(0, 500).toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  const beginning = text.slice(0, LOOKED_AT);
  const isTitled = REPORT_PREFIX.test(about) && STATUS.test(beginning);
  if (failed === undefined && !isTitled && !REPORTER.test(from) && !isNullSender(headers)) return null;
  const isQmail = /^hi\. this is the qmail-send program/i.test(beginning.trimStart());
  if (failed === undefined && !isQmail && !REPORT_SUBJECT.test(about)) return null;
  const at = COPY.exec(beginning)?.index ?? beginning.length;
  const said = beginning.slice(0, at);
  const named = (failed ?? '').split(',').flatMap((value) => ADDRESS.exec(value)?.[0].toLowerCase() ?? []);
  const recipients = named.length > 0 ? named : addressesIn(said).filter((address) => address !== from);
  const status = STATUS.exec(said)?.[0] ?? null;
  const isDelay = (DELAY.test(about) || DELAY.test(said)) && !GIVEN_UP.test(said) && !status?.startsWith('5');
  const diagnostic = oneLine(replyIn(said));
  return {
    deliveries: [...new Set(recipients)].slice(0, MAX_DELIVERIES).map((recipient) => ({
      recipients: [recipient],
      action: isDelay ? 'delayed' : 'failed',
      status,
      diagnostic: diagnostic === '' ? null : diagnostic,
    })),
    enclosed: enclosedIn(text.slice(at, at + 4 * LOOKED_AT)) ?? enclosedIn(said),
  };
}

const isNullSender = (headers: Headers) => /^<\s*>$/.test(firstValue(headers, 'return-path') ?? '');

/** The addresses at the beginnings of lines or paragraphs, where servers name their recipients. */
function addressesIn(said: string): string[] {
  const all = said.split('\n').map((line) => line.trim());
  const lines = all.filter((line) => !/^message-id:/i.test(line));
  const heads = lines.filter((line) =>
    /^(?:to:? |recipient:? |user:? |failed (?:address|recipient):? )?<?[^\s<>]{1,64}@[^\s<>]{1,255}>?[:,.]?(?:\s|$)/i.test(
      line,
    ),
  );
  const found = (heads.length > 0 ? heads : lines).flatMap(
    (line) => ADDRESS.exec(line.slice(0, 1_000))?.[0] ?? [],
  );
  return found.map((address) => address.toLowerCase());
}

/** The server's reply: the line with its code, else what follows the recipient on its line or the next one. */
function replyIn(said: string): string {
  const line = REPLY_LINE.exec(said)?.[0];
  if (line !== undefined) return line;
  const lines = said.split('\n').map((each) => each.trim().slice(0, MAX_DIAGNOSTIC));
  const at = lines.findIndex((each) => ADDRESS.test(each));
  const beside =
    (lines[at] ?? '')
      .split(ADDRESS)
      .at(-1)
      ?.replace(/^[>:.,; \t]+/, '') ?? '';
  if (/\w{3}/.test(beside)) return beside;
  const isReason = (each: string) => each !== '' && !/^(?:because|reason):?$|^message-id:/i.test(each);
  return lines.slice(at + 1).find(isReason) ?? '';
}

/** Returns the Message-ID in the copy of a mail's header; null if there is none. */
export function enclosedIn(copy: string): string | null {
  const line = /^[> \t]*message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,990}>)/im.exec(copy)?.[1];
  return messageIdsIn(line)[0] ?? null;
}

const oneLine = (text: string) =>
  text
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, MAX_DIAGNOSTIC);

/** A complaint of a reader (RFC 5965): a reader who presses "spam" wants no more mail. Returns false for other feedback. */
export function isComplaint(feedbackReports: readonly string[]): boolean {
  return feedbackReports.some((text) =>
    /^(?:abuse|opt-out|opt-out-list|fraud)$/i.test(parseHeaders(text).get('feedback-type')?.[0] ?? ''),
  );
}
