import { describe, expect, it } from 'vitest';
import { toFollowupSignal } from '../../functions/followup-signals.ts';
import { envelopeOf } from '../../shared/domains/inbox/message/envelope.ts';
import { readMessage } from '../../shared/domains/inbox/message/message.ts';
import { outlineOf } from '../../shared/domains/inbox/message/outline.ts';
import { readRaw } from '../../shared/domains/inbox/message/raw.ts';
import { signalsOf } from '../../shared/domains/inbox/message/signals.ts';
import { shapeOfRaw } from '../../shared/domains/inbox/message/structure.ts';
import { NOW } from '../support/world.ts';

const OURS = `<${'a'.repeat(43)}@ronde.test>`;

/** Returns what a mail means for the reminder OURS; `none` if nothing. */
function meaningOf(raw: string): string {
  const bytes = Buffer.from(raw);
  const headers = bytes.subarray(0, bytes.indexOf('\n\n'));
  const { structure, parts } = readRaw(bytes);
  const outline = outlineOf(1, { size: bytes.length, headers, envelope: envelopeOf(headers) });
  const read = readMessage({ ...outline, shape: shapeOfRaw(structure) }, parts, NOW);
  const identity = { orgId: 'o', integrationId: 'i', documentId: 'd', messageId: null, outbound: false };
  const signals = signalsOf({ ...read, ...identity }).map((signal) => toFollowupSignal(signal, NOW));
  const ours = signals.filter(({ messageIds }) => messageIds.includes(OURS));
  return ours.map(({ kind }) => kind).join() || 'none';
}

const head = (from: string, subject: string, ...more: readonly string[]) =>
  [
    `From: ${from}`,
    'To: factures@ronde.test',
    `Subject: ${subject}`,
    'Message-ID: <b@k.example>',
    ...more,
    '',
  ].join('\n');
const daemon = head('MAILER-DAEMON@mx.example', 'Undelivered Mail');
const client = (...more: readonly string[]) => head('Client <c@k.example>', 'Re: Rappel', ...more);
const report = (type: string, header: string, ...parts: readonly string[]) =>
  `${header}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=${type}; boundary="r"\n\n${parts.map((part) => `--r\n${part}\n`).join('')}--r--\n`;
const words = 'Content-Type: text/plain\n\nA report.';
const status = (fields: string, header = 'Content-Type: message/delivery-status') =>
  `${header}\n\nReporting-MTA: dns; mx.example\n\n${fields}`;
const failed = (code: string, diagnostic?: string) =>
  `Final-Recipient: rfc822; c@k.example\nAction: failed\nStatus: ${code}${diagnostic ? `\nDiagnostic-Code: smtp; ${diagnostic}` : ''}`;
const copied = `From: factures@ronde.test\nMessage-ID: ${OURS}\nSubject: Rappel`;
const headers = `Content-Type: text/rfc822-headers\n\n${copied}`;
const enclosed = `Content-Type: message/rfc822\n\n${copied}\n\nBonjour`;
const dsn = (part: string, copy = headers) => report('delivery-status', daemon, words, part, copy);
const base64 = (text: string) =>
  `Content-Transfer-Encoding: base64\n\n${Buffer.from(text).toString('base64')}`;
const text = (body: string) => `Content-Type: text/plain; charset=utf-8\n\n${body}`;
const html = (body: string) => `Content-Type: text/html; charset=utf-8\n\n${body}`;
const answers = `In-Reply-To: ${OURS}`;
const receipt = (subject: string, value: string, body: string) =>
  head('posta-certificata@pec.example', subject, answers, `X-Ricevuta: ${value}`) + text(body);

describe('a mail that comes back', () => {
  it.each([
    ['hard_bounce', 'a report with the whole mail', dsn(status(failed('5.1.1')), enclosed)],
    [
      'hard_bounce',
      'a report whose form is attached',
      dsn(
        status(
          failed('5.1.1'),
          'Content-Type: message/delivery-status\nContent-Disposition: attachment; filename=d.txt',
        ),
      ),
    ],
    [
      'hard_bounce',
      'a report whose form is a file',
      report(
        'delivery-status',
        daemon,
        text('c@k.example\n550 5.1.1 User unknown'),
        status(failed('5.1.1'), 'Content-Type: application/octet-stream; name=details.txt'),
        headers,
      ),
    ],
    [
      'hard_bounce',
      'a report in base64',
      dsn(
        `Content-Type: message/delivery-status\n${base64(failed('5.1.1'))}`,
        `Content-Type: text/rfc822-headers\n${base64(copied)}`,
      ),
    ],
    [
      'hard_bounce',
      'a report of RFC 6533',
      dsn(
        status(failed('5.1.1'), 'Content-Type: message/global-delivery-status'),
        `Content-Type: message/global-headers\n\n${copied}`,
      ),
    ],
    [
      'hard_bounce',
      'a report with the copy as a text',
      dsn(status(failed('5.1.1')), `Content-Type: text/plain\n\n${copied}`),
    ],
    [
      'hard_bounce',
      'a report without a copy that answers',
      report(
        'delivery-status',
        head('postmaster@k.example', 'Non remis', answers),
        words,
        status(failed('5.1.10')),
      ),
    ],
    [
      'hard_bounce',
      'a report below a footer',
      `${daemon}Content-Type: multipart/mixed; boundary="m"\n\n--m\n${report('delivery-status', '', words, status(failed('5.1.1')), headers)}\n--m\n${text('Footer')}\n--m--\n`,
    ],
    ['hard_bounce', 'a domain that is gone', dsn(status(failed('5.4.4', 'Host or domain name not found')))],
    ['returned', 'a full mailbox', dsn(status(failed('5.2.2')))],
    ['returned', 'a greylist that never ended', dsn(status(failed('4.7.1', '450 4.7.1 greylisted')))],
    [
      'refused',
      'a blocklist',
      dsn(status(failed('5.7.1', '554 5.7.1 Client host blocked using zen.spamhaus.org'))),
    ],
    [
      'none',
      'a relayed mail',
      dsn(status('Final-Recipient: rfc822; c@k.example\nAction: relayed\nStatus: 2.0.0')),
    ],
    [
      'none',
      'a delayed mail',
      report(
        'delivery-status',
        head('postmaster@k.example', 'Remise différée', answers),
        words,
        status('Final-Recipient: rfc822; c@k.example\nAction: delayed\nStatus: 4.4.7'),
        headers,
      ),
    ],
    [
      'none',
      'a read receipt',
      report(
        'disposition-notification',
        client(answers),
        words,
        'Content-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed',
      ),
    ],
    [
      'complaint',
      'a complaint',
      report(
        'feedback-report',
        head('fbl@isp.example', 'FW: Rappel'),
        words,
        'Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1',
        enclosed,
      ),
    ],
    [
      'none',
      'a praise',
      report(
        'feedback-report',
        head('fbl@isp.example', 'FW: Rappel'),
        words,
        'Content-Type: message/feedback-report\n\nFeedback-Type: not-spam\nVersion: 1',
        enclosed,
      ),
    ],
    [
      'none',
      'a receipt of certified mail',
      receipt('ACCETTAZIONE: Sollecito', 'accettazione', 'Ricevuta di accettazione'),
    ],
    [
      'none',
      'a delivery of certified mail',
      receipt('CONSEGNA: Sollecito', 'avvenuta-consegna', 'Consegnato'),
    ],
    [
      'hard_bounce',
      'a failure of certified mail',
      receipt(
        'AVVISO DI MANCATA CONSEGNA: Sollecito',
        'errore-consegna',
        `c@k.example\n5.1.1 - Pec Domain - indirizzo non valido\n\nMessage-ID: ${OURS}`,
      ),
    ],
  ])('means %s: %s', (wanted, _what, raw) => {
    expect(meaningOf(raw)).toBe(wanted);
  });
});

describe('an answer', () => {
  it.each([
    [
      'reply',
      'in HTML only',
      client(answers) + html('<p>C’est payé.</p><blockquote>Ceci est un message automatique</blockquote>'),
    ],
    [
      'reply',
      'above what Outlook quotes',
      client(answers) +
        html(
          '<div>Payé.</div><div><p><b>De&nbsp;:</b> Ronde<br><b>Envoyé&nbsp;:</b> lundi</p></div><p>Ceci est un message automatique.</p>',
        ),
    ],
    ['reply', 'by References alone', client(`References: <z@z.example>\n ${OURS}`) + text('Payé')],
    [
      'reply',
      'with words around the id',
      client(`In-Reply-To: Message of lundi "${OURS}" from x`) + text('Payé'),
    ],
    ['reply', 'with an id without brackets', client(`In-Reply-To: ${OURS.slice(1, -1)}`) + text('Payé')],
    ['reply', 'with a folded id', client(`In-Reply-To:\n ${OURS}`) + text('Payé')],
    [
      'reply',
      'by certified mail',
      head(
        '"Per conto di: c@k.example" <posta-certificata@pec.example>',
        'POSTA CERTIFICATA: Re: Sollecito',
        answers,
      ) + text('Pagato'),
    ],
    [
      'doubtful',
      'of a calendar',
      `${head('Client <c@k.example>', 'Accepté : Rappel', answers)}Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nEND:VCALENDAR`,
    ],
    [
      'doubtful',
      'of an address that no person reads',
      head('forwarding-noreply@mail.example', 'Re: Rappel', answers) + text('Hello'),
    ],
    [
      'doubtful',
      'that is an absence in HTML',
      client(answers) +
        html('<p>Guten Tag,</p><p>ich bin bis einschlie&szlig;lich 5.1. nicht im B&uuml;ro.</p>'),
    ],
  ])('is a %s: %s', (wanted, _what, raw) => {
    expect(meaningOf(raw)).toBe(wanted);
  });
});
