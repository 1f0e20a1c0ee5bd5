import { at, both, type Condition, either, has, isFinal, isTemporary, not, says } from './conditions.ts';
import type { FaultKind } from './kinds.ts';

/** The words of a server that wants fewer connections or a slower pace (Postfix anvil, Exchange ThrottlingPolicy, Gmail "Try again later"). */
const HURRY =
  /too many (concurrent )?(connection|session|login|message|mail|email|recipient|request)|concurrent|too (much mail|fast|quickly)|(rate|relay|connection|submission) [\w ]{0,20}limit|limit[\w ]{0,20}exceeded|exceeded[\w ]{0,40}(limit|quota)|throttl|server (is )?busy/i;
const isBusy = both(
  isTemporary,
  either(({ code }) => code === 421 || code === 432, has(/^4\.(7\.0|3\.2|7\.500|7\.650)$/), says(HURRY)),
);
/** The address of our server on a block list, or without a name (RFC 7372: 5.7.25). */
const OUR_SERVER =
  /client host|helo (command )?reject|blocked using|spamhaus|spamcop|barracuda|\bdnsbl|\brbl\b|block ?-?list|black ?-?list|reverse dns|\bptr\b|banned sending ip|sending ip|traffic not accepted from this ip/i;

interface FaultRow {
  kind: FaultKind;
  when: Condition;
}

/** Refusals of the connection and the login. */
export const LOGIN_ROWS: readonly FaultRow[] = [
  // Exchange team, 27 January 2026: basic authentication for client submission ends; only OAuth is left.
  {
    kind: 'basic_auth_off',
    when: either(has(/^5\.7\.30$/), says(/basic auth\w* is (not supported|disabled)/i)),
  },
  // Microsoft Learn, "Enable or disable SMTP AUTH": a switch of the tenant or the mailbox, whatever the method.
  { kind: 'smtp_auth_off', when: says(/smtpclientauth\w* is disabled/i) },
  // Gmail 534 5.7.9.
  {
    kind: 'app_password_needed',
    when: either(has(/^5\.7\.9$/), says(/app(lication)?[- ](specific )?password/i)),
  },
  { kind: 'busy', when: isBusy },
  { kind: 'address_blocked', when: both(isFinal, says(OUR_SERVER)) },
];

/** The words about our From: Postfix reject_sender_login_mismatch, Exchange SendAsDenied, Exim sender verify. */
const SENDER =
  /sender (address )?(rejected|refused|denied|not allowed|verif)|sender[\w ]{0,20}(is not|not) (allowed|permitted|authori[sz]ed|owned)|not owned by|send ?as ?denied|not (allowed|permitted|authori[sz]ed) to send|permissions? to send|send as this sender|send (mail )?(as|on behalf|from this)|invalid sender|from (address|header|domain)[\w ]{0,30}(not|must|does|reject|mismatch|invalid)|must match|\bdmarc\b|\bspf\b|\bdkim\b|unauthenticated (e-?mail|mail|sender)/i;
/** RFC 7372 and Microsoft's list of non-delivery reports: the sender's address or its domain does not prove itself. */
const SENDER_CODES = /^5\.(1\.7|2\.252|7\.(60|2[0-4]|26|27|509|515))$/;
const RELAY =
  /relay(ing)? ?(access )?(is )?(denied|prohibited|refused|not (permitted|allowed|possible))|(unable|not permitted|not allowed|cannot|refus\w+) to relay|not relay|\brcpthosts\b/i;
/** A limit of what we may send, not of what the recipient may store. */
const SENDING_LIMIT =
  /(daily|hourly|sending|outgoing|outbound|relay|submission|your|this account|per (hour|day))[\w ]{0,40}(quota|limit)|(quota|limit)[\w ]{0,40}(sending|outgoing|outbound|this account|this sender|messages? per|allowed outgoing)|too many (messages|mails|emails|requests|recipients)|sending rate|rate limit/i;
const SUBMISSION = /storedrv\.(submission|clientsubmit)/i;
const isOurs = either(
  says(SENDER),
  says(RELAY),
  says(OUR_SERVER),
  says(SENDING_LIMIT),
  says(SUBMISSION),
  says(/\bsender\b|\brelay\b|client host|look-?up|configuration/i),
);
const GREYLISTED = /gr[ae]y[- ]?list|postgrey/i;
const RECIPIENT_RATE = /(trying to (contact|reach)|recipient\b)[\w' ]{0,40}receiv/i;
const FULL =
  /(mailbox|inbox|mail ?box|user|account|recipient|quota)[\w' ]{0,40}(is |was )?(full|over ?quota|out of storage|over its|over their)|quota[\w ]{0,10}exceeded|exceed\w*[\w ]{0,30}quota|over ?quota|bo[iî]te[\w ]{0,20}pleine/i;
const NOBODY =
  /no such (user|mailbox|recipient|address|person|account|local)|no mailbox|(user|recipient|mailbox|address|account|utilisateur|destinataire|adresse|compte)[\w' :<>@.+-]{0,80}(unknown|not (be )?found|does ?n.?t exist|does not exist|not exist|no longer|unavailable|disabled|inactive|invalid|inconnu|n.existe pas|not (valid|active|recognized|listed|available|known|a valid))|(unknown|invalid|nonexistent|non-existent|bad) (user|recipient|mailbox|address|local|destination|account)|host or domain name not found|not our customer|user not local|unrouteable address|undeliverable address/i;
const isAfterMail = at('rcpt', 'data', 'body', 'report');

/**
 * Refusals from MAIL on, and reports. Words about us come before the codes of the recipient: Microsoft answers "our own
 * mailbox is full" with 5.2.2.
 */
export const MAIL_ROWS: readonly FaultRow[] = [
  // RFC 4954: authentication required, encryption required.
  { kind: 'login_refused', when: ({ code }) => [530, 534, 535, 538].includes(code) },
  // Microsoft's list of non-delivery reports: groups and mailboxes that take mail of their organisation only.
  {
    kind: 'takes_no_outside_mail',
    when: both(isFinal, either(has(/^5\.7\.(2|12|12[0-9]|13[0-6])$/), says(/authrequired|resolver\.rst/i))),
  },
  // Gmail 5.4.5; Microsoft 5.1.90, 5.7.232, 5.7.233 and SubmissionQuotaExceeded: limits of rolling 24 hours.
  {
    kind: 'daily_limit',
    when: either(has(/^[45]\.(4\.5|1\.90|7\.232|7\.233)$/), says(/submissionquotaexceeded/i)),
  },
  { kind: 'sender_refused', when: both(isFinal, isAfterMail, either(has(SENDER_CODES), says(SENDER))) },
  // Microsoft Learn, "smtp-submission-improvements": our own Sent Items are full.
  {
    kind: 'own_mailbox_full',
    when: both(isFinal, says(SUBMISSION), either(has(/^5\.2\.2$/), says(/quota|full/i))),
  },
  // Gmail 4.2.1 and 5.2.1 "receiving mail at a rate"; Microsoft 5.2.121, 5.2.122.
  { kind: 'recipient_later', when: either(says(RECIPIENT_RATE), has(/^[45]\.2\.12[12]$/)) },
  { kind: 'recipient_later', when: both(isTemporary, isAfterMail, says(GREYLISTED)) },
  { kind: 'relay_denied', when: either(says(RELAY), has(/^[45]\.7\.5[47]$/)) },
  {
    kind: 'login_refused',
    when: both(isFinal, says(/(client|user)[\w ]{0,10}not authenticated|authentication (is )?required/i)),
  },
  // Microsoft 5.1.8, 5.7.501 to 511, 5.7.705 to 750: our account is blocked for sending spam.
  {
    kind: 'account_blocked',
    when: both(
      isFinal,
      either(has(/^5\.(1\.8|7\.5(0[0-9]|1[01])|7\.7[0-5][0-9])$/), says(/bad outbound sender/i)),
    ),
  },
  {
    kind: 'message_refused',
    when: either(
      has(/^5\.(6\.\d+|3\.4|2\.3)$/),
      both(isFinal, says(/message (is )?(size|too (big|large|long))|size limit/i)),
    ),
  },
  {
    kind: 'mailbox_full',
    when: both(
      isAfterMail,
      not(says(SENDING_LIMIT)),
      not(says(SUBMISSION)),
      either(has(/^[45]\.2\.2$/), says(FULL)),
    ),
  },
  { kind: 'rate_limit', when: both(isTemporary, either(says(SENDING_LIMIT), has(/^4\.5\.3$/))) },
  { kind: 'sending_limit', when: both(isFinal, says(SENDING_LIMIT)) },
  { kind: 'busy', when: isBusy },
  { kind: 'address_blocked', when: both(isFinal, either(says(OUR_SERVER), has(/^5\.7\.(25|6[0-4][0-9])$/))) },
  // A mailbox that is busy, or an address that the server could not check yet.
  {
    kind: 'recipient_later',
    when: both(
      isTemporary,
      isAfterMail,
      not(isOurs),
      either(
        has(/^4\.(2\.\d+|1\.1)$/),
        says(/recipient address rejected|mailbox (is )?(busy|locked|unavailable)/i),
      ),
    ),
  },
  { kind: 'server_fault', when: isTemporary },
  { kind: 'no_such_address', when: both(isAfterMail, has(/^5\.1\.(1|2|3|6|10)$/)) },
  { kind: 'mailbox_disabled', when: both(isAfterMail, has(/^5\.2\.1$/)) },
  // RFC 3463: ambiguous address, host or user has moved (RFC 7293: 5.7.17, 5.7.18). Microsoft 5.4.310: no such domain.
  { kind: 'address_refused', when: both(isAfterMail, has(/^5\.(1\.4|7\.17|7\.18|4\.310|4\.312)$/)) },
  // Microsoft's directory check (DBEB): 5.4.1 Recipient address rejected.
  {
    kind: 'address_refused',
    when: both(isAfterMail, has(/^5\.4\.[14]$/), says(/recipient|domain|user|address|host/i)),
  },
  // RFC 3463: time-out of delivery, in reports.
  { kind: 'recipient_later', when: both(isAfterMail, has(/^5\.4\.(7|300|316)$/)) },
  // RFC 3463 X.3.x: the mail system.
  { kind: 'server_fault', when: has(/^5\.3\.[1235]$/) },
  {
    kind: 'message_refused',
    when: both(
      at('data', 'body', 'report'),
      says(
        /spam|junk|virus|malware|phish|unsolicited|suspicious|content|attachment|(rejected|blocked|refused) (by|due to|for) (\w+ ){0,2}polic|rejectmessage/i,
      ),
    ),
  },
  { kind: 'address_refused', when: both(isAfterMail, says(NOBODY)) },
  // RFC 5321 4.2.3: 552 is the recipient's storage at RCPT, the size of the mail after it.
  { kind: 'mailbox_full', when: both(at('rcpt'), ({ code, enhanced }) => code === 552 && enhanced === '') },
  {
    kind: 'message_refused',
    when: both(at('data', 'body'), ({ code, enhanced }) => code === 552 && enhanced === ''),
  },
];
