import { describe, expect, it } from 'vitest';
import { kindOfBounce } from '../../../../../functions/followup-signals.ts';
import {
  isComplaint,
  parseDeliveryStatus,
  readPlainReport,
} from '../../../../../shared/domains/inbox/message/delivery.ts';
import { parseHeaders } from '../../../../../shared/domains/inbox/message/headers.ts';
import { signalsOf } from '../../../../../shared/domains/inbox/message/signals.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');

describe('a report of deliveries', () => {
  it('names who did not get the mail, with the code and the words of the server', () => {
    const report = [
      'Reporting-MTA: dns; mx.test',
      '',
      'Original-Recipient: rfc822;gone@x.test',
      'Final-Recipient: rfc822; Moved@X.test',
      'Action: failed',
      'Status: 5.1.1 (bad destination)',
      'Diagnostic-Code: smtp; 550 5.1.1',
      ' No such user',
      '',
      'Final-Recipient: rfc822;slow@x.test',
      'Action: delayed',
      'Status: 4.4.1',
    ].join('\r\n');
    expect(parseDeliveryStatus(report)).toEqual([
      {
        recipients: ['gone@x.test', 'moved@x.test'],
        action: 'failed',
        status: '5.1.1',
        diagnostic: '550 5.1.1 No such user',
      },
      { recipients: ['slow@x.test'], action: 'delayed', status: '4.4.1', diagnostic: null },
    ]);
  });

  it('counts equal recipients of a forged report once, and at most twenty different ones', () => {
    expect(parseDeliveryStatus('Action:failed\n\n'.repeat(40_000))).toHaveLength(1);
    const many = Array.from(
      { length: 2_000 },
      (_, index) => `Action: failed\nFinal-Recipient: ;a${index}@x.test`,
    );
    expect(parseDeliveryStatus(many.join('\n\n'))).toHaveLength(20);
  });

  const plain = (text: string, more: { headers?: string; subject?: string; from?: string } = {}) =>
    readPlainReport({
      headers: parseHeaders(more.headers ?? 'Return-Path: <>'),
      from: more.from ?? 'mailer-daemon@mx.test',
      subject: more.subject ?? 'failure notice',
      text,
    });
  const copy = '\nReturn-Path: <us@ronde.test>\nTo: c@x.test\nMessage-ID: <sent@us>\n\nBonjour';

  it.each([
    [
      'qmail',
      `Hi. This is the qmail-send program at mx.test.\nThis is a permanent error; I've given up.\n\n<c@x.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n${copy}`,
      {},
    ],
    [
      'exim',
      `This message was created automatically by mail delivery software.\n\nThis is a permanent error. The following address(es) failed:\n\n  c@x.test\n    SMTP error from remote mail server after RCPT TO:<c@x.test>:\n    550 5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------\n${copy}`,
      {
        headers: 'X-Failed-Recipients: c@x.test\r\nAuto-Submitted: auto-replied',
        subject: 'Mail delivery failed',
      },
    ],
    [
      'old Gmail',
      `Delivery to the following recipient failed permanently:\n\n     c@x.test\n\nTechnical details of permanent failure:\nThe error that the other server returned was:\n550 5.1.1 The email account that you tried to reach does not exist.\n\n----- Original message -----\n${copy}`,
      { subject: 'Delivery Status Notification (Failure)' },
    ],
    [
      'old sendmail',
      `   ----- The following addresses had permanent fatal errors -----\n<c@x.test>\n\n   ----- Transcript of session follows -----\n550 5.1.1 <c@x.test>... User unknown\n\n   ----- Original message follows -----\n${copy}`,
      { subject: 'Returned mail: User unknown' },
    ],
    [
      'a French server',
      `Votre message n'a pas pu être remis :\n\nc@x.test\n  550 5.1.1 Utilisateur inconnu\n\n----- Message original / original message -----\n${copy}`,
      { subject: 'Échec de la remise : Rappel', from: 'postmaster@x.test' },
    ],
    [
      'old Exchange',
      "Delivery has failed to these recipients or groups:\n\nc@x.test\nThe e-mail address you entered couldn't be found.\n\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n\nReceived: from a\nMessage-ID: <sent@us>",
      { headers: '', subject: 'Undeliverable: Rappel', from: 'microsoftexchange329e71ec88ae@x.test' },
    ],
    [
      'an administrator’s address',
      'The following recipient(s) could not be reached:\n\n      c@x.test on 04/01/2027 10:00\n            The e-mail account does not exist.\n            <mx.x.test #5.1.1>\n\nMessage-ID: <sent@us>',
      { headers: '', subject: 'Non remis : Rappel', from: 'admin@x.test' },
    ],
    [
      'MDaemon',
      'The attached message had PERMANENT fatal delivery errors.\n\nFailed address: c@x.test\n\n--- Session Transcript ---\n <-- 550 5.1.1 Recipient unknown\n--- End Transcript ---\nMessage-ID: <sent@us>',
      { subject: 'Permanent Delivery Failure', from: 'mdaemon@x.test' },
    ],
  ])('without a form, of %s, is read', (_name, text, more) => {
    const report = plain(text, more);
    expect(report).toMatchObject({
      deliveries: [{ recipients: ['c@x.test'], action: 'failed', status: '5.1.1' }],
      enclosed: '<sent@us>',
    });
    expect(report?.deliveries.map(kindOfBounce)).toEqual(['hard_bounce']);
  });

  it.each([
    [
      'Domino',
      'DELIVERY FAILURE: User c (c@x.test) not listed in Domino Directory',
      'Your message was not delivered to:\n\n  c@x.test\n\nbecause:\n\n  User c (c@x.test) not listed in Domino Directory\n\nMessage-ID: <sent@us>',
    ],
    [
      'GroupWise',
      'Mail System Error - Returned Mail',
      'The message that you sent was undeliverable to the following:\n\tc@x.test (user not found)\n\nMessage-ID: <sent@us>',
    ],
  ])('without a form or a code, of %s, is read by its words', (_name, subject, text) => {
    const report = plain(text, { subject });
    expect(report).toMatchObject({ deliveries: [{ recipients: ['c@x.test'] }], enclosed: '<sent@us>' });
    expect(report?.deliveries.map(kindOfBounce)).toEqual(['hard_bounce']);
  });

  it('without a form that only warns of a delay says so', () => {
    const text = `The following addresses had transient non-fatal errors\n<c@x.test>\nWarning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old`;
    expect(
      plain(text, { subject: 'Warning: could not send message for past 4 hours, returned mail' }),
    ).toMatchObject({ deliveries: [{ action: 'delayed' }] });
  });

  it('is none where a person writes, or an answering machine', () => {
    expect(plain('Bonjour', { headers: '', from: 'c@x.test' })).toBeNull();
    expect(plain('Je suis absent.', { subject: 'Absence : Rappel', from: 'c@x.test' })).toBeNull();
  });

  it.each([
    ['5.1.1', '550 5.1.1 No such user', 'hard_bounce'],
    ['5.1.10', null, 'hard_bounce'],
    ['5.0.0', '550 5.1.1 <c@x.test>: Recipient address rejected: User unknown', 'hard_bounce'],
    [null, 'Sorry, no mailbox here by that name. (#5.1.1)', 'hard_bounce'],
    ['5.2.2', '552 5.2.2 Mailbox full', 'returned'],
    ['4.4.7', '550 4.4.7 Message expired', 'returned'],
    ['5.4.7', '550 5.4.7 Delivery expired', 'returned'],
    ['5.7.1', '550 5.7.1 Client host blocked using Spamhaus', 'refused'],
    ['5.7.1', '550 5.7.1 refused', 'refused'],
    ['5.1.7', '550 5.1.7 Sender rejected', 'refused'],
    ['5.1.8', '550 5.1.8 Access denied, bad outbound sender', 'refused'],
    ['5.7.133', '550 5.7.133 sender not authenticated for group', 'doubtful'],
    ['5.0.0', null, 'doubtful'],
  ])('with %s and %j is %s', (status, diagnostic, kind) => {
    const delivery = { recipients: ['c@x.test'], action: 'failed', status, diagnostic };
    expect(kindOfBounce(delivery)).toBe(kind);
  });

  it('of a complaint is one for abuse, none for other feedback', () => {
    expect(isComplaint(['Feedback-Type: abuse\r\nVersion: 1\r\n'])).toBe(true);
    expect(isComplaint(['Feedback-Type: not-spam\r\n'])).toBe(false);
  });
});

describe('the signals of a message', () => {
  const facts = {
    ...{ orgId: 'o', integrationId: 'i', documentId: 'd', receivedAt: NOW, messageId: null },
    ...{ authors: ['anna@x.test'], references: ['<sent@us>'], subject: 'Re: x', snippet: 'Yes.' },
    ...{ writer: 'person' as const, report: null, complaint: false, outbound: false },
  };
  const failed = { recipients: ['gone@x.test'], action: 'failed', status: '5.1.1', diagnostic: null };

  it('are the mail itself, and its Message-ID, of what was written from here the latter only', () => {
    expect(signalsOf(facts)).toMatchObject([{ kind: 'mail', writer: 'person', references: ['<sent@us>'] }]);
    expect(signalsOf({ ...facts, references: [] })).toMatchObject([{ kind: 'mail' }]);
    expect(signalsOf({ ...facts, outbound: true })).toEqual([]);
    const found = [{ kind: 'found', messageId: '<m@x.test>', documentId: 'd' }];
    expect(signalsOf({ ...facts, messageId: '<m@x.test>', outbound: true })).toMatchObject(found);
  });

  it('are one bounce for each recipient who did not get it, and nothing for other reports', () => {
    const report = { deliveries: [failed, { ...failed, action: 'delayed' }], enclosed: '<mail@us>' };
    const bounce = { kind: 'bounce', references: ['<mail@us>'], delivery: failed };
    expect(signalsOf({ ...facts, report })).toMatchObject([bounce]);
    expect(signalsOf({ ...facts, report: { ...report, enclosed: null } })).toMatchObject([
      { ...bounce, references: ['<sent@us>'] },
    ]);
    const delivered = { deliveries: [{ ...failed, action: 'delivered' }], enclosed: '<mail@us>' };
    expect(signalsOf({ ...facts, report: delivered })).toEqual([]);
    // A read receipt.
    expect(signalsOf({ ...facts, report: { deliveries: [], enclosed: null } })).toEqual([]);
  });

  it('are a complaint about the enclosed mail', () => {
    const report = { deliveries: [], enclosed: '<mail@us>' };
    expect(signalsOf({ ...facts, report, complaint: true })).toMatchObject([
      { kind: 'complaint', references: ['<mail@us>'] },
    ]);
  });
});
