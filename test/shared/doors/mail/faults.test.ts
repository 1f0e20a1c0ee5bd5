import { describe, expect, it } from 'vitest';
import { faultOf } from '../../../../shared/doors/mail/faults/fault.ts';
import type { FaultKind, RefusedMail } from '../../../../shared/doors/mail/faults/kinds.ts';
import { parseReply } from '../../../../shared/doors/mail/outcome.ts';

const judge = (phase: RefusedMail['phase'], text: string) => faultOf({ phase, ...parseReply(text), text });

/** Each refusal: its step, the words of the server, and its kind. */
const ANSWERS: [RefusedMail['phase'], string, FaultKind][] = [
  // The connection and the login.
  ['greeting', '421 4.3.2 Service not available', 'busy'],
  ['greeting', '421 4.7.0 Too many connections from your IP', 'busy'],
  ['greeting', '554 5.3.2 No service here', 'server_fault'],
  ['greeting', '554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org', 'address_blocked'],
  ['connect', '432 4.3.2 Concurrent connections limit exceeded', 'busy'],
  ['ehlo', '421 4.3.2 Shutting down', 'busy'],
  ['auth', '535 5.7.3 Authentication unsuccessful', 'login_refused'],
  ['auth', '535 5.7.8 Username and Password not accepted', 'login_refused'],
  ['auth', '550 5.7.30 Basic authentication is not supported for Client Submission', 'basic_auth_off'],
  [
    'auth',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant',
    'smtp_auth_off',
  ],
  ['auth', '535 5.7.139 Authentication unsuccessful, the user credentials were incorrect', 'login_refused'],
  ['auth', '534 5.7.9 Application-specific password required', 'app_password_needed'],
  ['auth', '454 4.7.0 Too many login attempts, please try again later', 'busy'],
  ['auth', '421 4.3.0 Try later', 'busy'],

  // The recipient.
  ['rcpt', '550 5.1.1 <client@kunde.example>: Recipient address rejected: User unknown', 'no_such_address'],
  [
    'rcpt',
    '550 5.1.1 <client@kunde.example>: Recipient address rejected: User unknown in relay recipient table',
    'no_such_address',
  ],
  ['data', '550 5.1.1 User unknown', 'no_such_address'],
  ['body', '550 5.1.1 No such user', 'no_such_address'],
  ['rcpt', '550 5.1.2 <a@kunde.example>: Recipient address rejected: Domain not found', 'no_such_address'],
  [
    'rcpt',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    'no_such_address',
  ],
  ['rcpt', '550 5.2.1 The email account that you tried to reach is disabled.', 'mailbox_disabled'],
  ['rcpt', '550 No such user', 'address_refused'],
  ['rcpt', '550 <relay@kunde.example>... User unknown', 'address_refused'],
  ['rcpt', '550 Requested action not taken: mailbox unavailable', 'address_refused'],
  ['rcpt', '550 5.4.1 Recipient address rejected: Access denied', 'address_refused'],
  ['rcpt', '550 5.4.1 Recipient address rejected: Access denied. [AS(201806281)]', 'address_refused'],
  ['rcpt', '550 5.1.4 Ambiguous address', 'address_refused'],
  ['rcpt', '550 5.7.17 Mailbox owner has changed', 'address_refused'],
  [
    'body',
    '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; not authenticated',
    'takes_no_outside_mail',
  ],
  ['rcpt', '552 5.2.2 Mailbox full', 'mailbox_full'],
  ['rcpt', '552 5.2.2 The email account that you tried to reach is over quota', 'mailbox_full'],
  ['rcpt', '452 4.2.2 The recipient’s inbox is out of storage space', 'mailbox_full'],
  ['rcpt', '552 mailbox full', 'mailbox_full'],
  ['rcpt', '450 4.7.1 Recipient address rejected: Greylisted', 'recipient_later'],
  [
    'rcpt',
    '450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see postgrey',
    'recipient_later',
  ],
  ['rcpt', '451 4.2.1 try later', 'recipient_later'],
  ['rcpt', '450 4.1.1 <a@b.example>: Recipient address rejected: unverified address', 'recipient_later'],
  ['rcpt', '450 4.1.2 <a@b.example>: Recipient address rejected: Domain not found', 'recipient_later'],
  ['rcpt', '450 4.2.1 The user you are trying to contact is receiving mail too quickly', 'recipient_later'],
  ['rcpt', '550 5.2.122 The recipient has exceeded their limit for receiving messages', 'recipient_later'],

  // The sender.
  ['data', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', 'sender_refused'],
  [
    'rcpt',
    '553 5.7.1 <compta@ronde.test>: Sender address rejected: not owned by user noreply@ronde.test',
    'sender_refused',
  ],
  [
    'body',
    '554 5.2.252 SendAsDenied; noreply@ronde.test not allowed to send as compta@ronde.test',
    'sender_refused',
  ],
  [
    'body',
    '554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied',
    'sender_refused',
  ],
  ['rcpt', '550 5.1.8 <a@b.example>: Sender address rejected: Domain not found', 'sender_refused'],
  ['body', '550-5.7.26 This mail has been blocked because the sender is unauthenticated.', 'sender_refused'],
  ['body', '550 5.7.509 Access denied, sending domain does not pass DMARC verification', 'sender_refused'],

  // The account.
  ['mail', '530 5.7.57 Client not authenticated to send mail', 'login_refused'],
  ['rcpt', '554 5.7.1 <client@kunde.example>: Relay access denied', 'relay_denied'],
  ['rcpt', '454 4.7.1 <client@kunde.example>: Relay access denied', 'relay_denied'],
  ['rcpt', '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain', 'relay_denied'],
  ['rcpt', '553 sorry, that domain isn’t in my list of allowed rcpthosts (#5.7.1)', 'relay_denied'],
  ['rcpt', '550 5.7.1 Daily sending quota exceeded for this account', 'sending_limit'],
  [
    'body',
    '554 5.7.0 The limit on the number of allowed outgoing messages was exceeded. Try again later.',
    'sending_limit',
  ],
  ['rcpt', '450 4.2.1 Peak SMTP relay limit exceeded for customer', 'rate_limit'],
  ['data', '550 5.4.5 Daily user sending limit exceeded', 'daily_limit'],
  ['body', '550 5.1.90 You have reached your daily limit for message recipients', 'daily_limit'],
  ['body', '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException', 'daily_limit'],
  [
    'body',
    '554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException',
    'own_mailbox_full',
  ],
  ['body', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 'account_blocked'],
  ['body', '550 5.7.501 Access denied, spam abuse detected', 'account_blocked'],
  ['rcpt', '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using a list', 'address_blocked'],
  ['mail', '550 5.7.1 No', 'account_refused'],

  // The server.
  ['mail', '452 4.3.1 Insufficient system storage', 'server_fault'],
  ['mail', '432 4.3.2 Concurrent connections limit exceeded', 'busy'],
  ['body', '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded', 'busy'],
  ['rcpt', '450 4.7.1 Error: too much mail from 192.0.2.1', 'busy'],
  ['rcpt', '421 4.4.2 Message submission rate for this client has exceeded the configured limit', 'busy'],
  ['rcpt', '451 4.3.0 Temporary lookup failure', 'server_fault'],
  ['rcpt', '451 4.3.5 Server configuration problem', 'server_fault'],
  ['rcpt', '450 4.1.8 <a@b.example>: Sender address rejected: Domain not found', 'server_fault'],
  ['data', '451 4.3.0 Error: queue file write error', 'server_fault'],

  // This mail, or nobody in particular.
  ['body', '554 5.7.1 Message rejected as spam by Content Filtering', 'message_refused'],
  ['body', '550 5.7.1 This message is likely unsolicited mail', 'message_refused'],
  ['body', '550 5.6.0 Invalid message content', 'message_refused'],
  ['body', '552 5.3.4 Message size exceeds fixed limit', 'message_refused'],
  ['rcpt', '550 5.7.1 Rejected', 'unclear'],
  ['body', '554 Transaction failed', 'unclear'],

  // Reports have the status alone, or the words of the customer's server.
  ['report', '550 5.1.1 smtp; unknown', 'no_such_address'],
  ['report', '550 5.7.1 refused', 'account_refused'],
  ['report', '550 5.4.316 Message expired', 'recipient_later'],
];

describe('the party at fault in a refusal', () => {
  it.each(ANSWERS)('at %s with "%s" is %s', (phase, text, kind) => {
    expect(judge(phase, text).kind).toBe(kind);
  });

  it('is read from a status without a reply code', () => {
    const report = (enhanced: string) => faultOf({ phase: 'report', code: null, enhanced, text: '' });
    expect(report('5.1.1')).toMatchObject({ kind: 'no_such_address', whose: 'recipient', isExplicit: true });
    expect(report('4.2.2')).toMatchObject({ kind: 'mailbox_full', mayPass: true });
    expect(report('5.1.7')).toMatchObject({ whose: 'sender' });
    expect(report('5.7.134')).toMatchObject({ kind: 'takes_no_outside_mail' });
  });

  it('does not depend on the name of the customer', () => {
    expect(judge('rcpt', '550 5.1.1 <spamhaus@relay.example> spam@sender.example: unknown user').kind).toBe(
      'no_such_address',
    );
  });

  it('of a text without end is judged in bounded time', () => {
    const begun = performance.now();
    judge('rcpt', `550 5.7.1 ${'user mailbox quota exceeded your limit '.repeat(50_000)}`);
    expect(performance.now() - begun).toBeLessThan(200);
  });
});
