import { readFileSync } from 'node:fs';

/** A mail that comes back after a reminder, and its right effect on the follow-up. */
export interface Answer {
  name: string;
  what: string;
  want:
    | 'stopped/replied'
    | 'stopped/hard_bounce'
    | 'stopped/opted_out'
    | 'postponed'
    | 'not delivered'
    | 'open';
  /** `{MESSAGE_ID}` is the reminder's, `client@kunde.example` the customer, `{LABEL}` the invoice. */
  raw: string;
  /** The Message-ID that the provider put in the place of ours, as its 250 answer named it. */
  replacedId?: string;
}

const CASES = 'test/cases/answers.json';
const SES = '<0102018f1c2d3e4f-11111111-2222-3333-4444-555555555555-000000@amazonses.com>';

/** The cases say some effects in words. */
const EFFECTS: Readonly<Record<string, Answer['want']>> = {
  'open, operators notified': 'not delivered',
  'not counted as delivered': 'not delivered',
  'stopped or shown': 'postponed',
  'not stopped': 'postponed',
};

interface Case {
  file: string;
  what: string;
  want: string;
  raw: string;
}

function readCases(): Answer[] {
  const cases = JSON.parse(readFileSync(CASES, 'utf8')) as Case[];
  return cases.map(({ file, what, want, raw: given }) => {
    const name = file.replace('.eml', '');
    const raw = given.replace('F-2026-100', '{LABEL}');
    const replacedId = raw.includes('amazonses.com') ? { replacedId: SES } : {};
    return { name, what, want: EFFECTS[want] ?? (want as Answer['want']), raw, ...replacedId };
  });
}

const mail = (headers: readonly string[], body: string) =>
  [...headers, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', '', body].join('\n');

const answer = (name: string, subject: string, text: string, more: readonly string[] = []): string =>
  mail(
    [
      'From: Client <client@kunde.example>',
      'To: billing@ronde.test',
      `Subject: ${subject}`,
      `Message-ID: <variant-${name}@kunde.example>`,
      'In-Reply-To: {MESSAGE_ID}',
      'References: {MESSAGE_ID}',
      ...more,
    ],
    text,
  );

const report = (type: string, parts: readonly (readonly [string, string])[], more: readonly string[] = []) =>
  [
    'Return-Path: <>',
    'From: MAILER-DAEMON@mx.kunde.example',
    'To: factures@ronde.test',
    'Subject: Report',
    ...more,
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=${type}; boundary="r"`,
    '',
    ...parts.flatMap(([kind, body]) => ['--r', `Content-Type: ${kind}`, '', body]),
    '--r--',
    '',
  ].join('\n');

const dsn = (recipient: string, status: string, diagnostic: string) =>
  report('delivery-status', [
    ['text/plain', 'It could not be delivered.'],
    [
      'message/delivery-status',
      `Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; ${recipient}\nAction: failed\nStatus: ${status}\nDiagnostic-Code: smtp; ${diagnostic}`,
    ],
    ['text/rfc822-headers', 'Message-ID: {MESSAGE_ID}\nSubject: Rappel'],
  ]);

const VARIANTS: readonly Omit<Answer, 'name'>[] = [
  {
    what: 'a person through a list that rewrites From',
    want: 'stopped/replied',
    raw: answer('list', 'Re: Rappel', 'Payé.', [
      'List-ID: <billing.ronde.test>',
      'X-Original-From: Client <client@kunde.example>',
    ]).replace(
      'From: Client <client@kunde.example>',
      `From: "'Client' via Facturation" <billing@ronde.test>`,
    ),
  },
  {
    what: 'a person with an empty Return-Path, as forwarders leave it',
    want: 'postponed',
    raw: answer('path', 'Re: Rappel', 'Payé.', ['Return-Path: <>']),
  },
  {
    what: 'a German absence note without a mark',
    want: 'postponed',
    raw: answer('de', 'Abwesenheitsnotiz: Mahnung', 'Ich bin nicht im Büro.'),
  },
  {
    what: 'an Italian absence in the text alone',
    want: 'postponed',
    raw: answer('it', 'Re: Sollecito', 'Sono in ferie fino al 7 gennaio.'),
  },
  {
    what: 'a Spanish acknowledgement',
    want: 'postponed',
    raw: answer('es', 'Acuse de recibo [#77]', 'Hemos recibido su mensaje.'),
  },
  {
    what: 'a Dutch absence note',
    want: 'postponed',
    raw: answer('nl', 'Automatisch antwoord: Herinnering', 'Ik ben afwezig.'),
  },
  {
    what: 'a Portuguese person',
    want: 'stopped/replied',
    raw: answer('pt', 'Re: Lembrete', 'A fatura foi paga ontem.'),
  },
  {
    what: 'a Polish absence note',
    want: 'postponed',
    raw: answer('pl', 'Nieobecność: Re: Przypomnienie', 'Jestem na urlopie.'),
  },
  {
    what: 'a person of a helpdesk who is marked as generated',
    want: 'postponed',
    raw: answer('desk', 'Re: Rappel', 'Nous contestons.', ['Auto-Submitted: auto-generated']),
  },
  {
    what: 'a report about another recipient',
    want: 'open',
    raw: dsn('prive@gmail.example', '5.1.1', '550 5.1.1 No such user'),
  },
  {
    what: 'a full mailbox',
    want: 'not delivered',
    raw: dsn('client@kunde.example', '5.2.2', '552 5.2.2 Mailbox full'),
  },
  {
    what: 'a group that takes no outside mail',
    want: 'postponed',
    raw: dsn('client@kunde.example', '5.7.133', '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup'),
  },
  {
    what: 'a complaint',
    want: 'stopped/opted_out',
    raw: report('feedback-report', [
      ['text/plain', 'This is an email abuse report.'],
      ['message/feedback-report', 'Feedback-Type: abuse\nUser-Agent: Loop/1\nVersion: 1'],
      [
        'message/rfc822',
        'From: factures@ronde.test\nTo: client@kunde.example\nSubject: Rappel\nMessage-ID: {MESSAGE_ID}\n\nBonjour',
      ],
    ]),
  },
  {
    what: 'a customer who writes of something else',
    want: 'open',
    raw: mail(
      ['From: client@kunde.example', 'Subject: Bonne année', 'Message-ID: <new-year@kunde.example>'],
      'Tous nos vœux.',
    ),
  },
];

/** The cases of the field, and variants of the same kinds. */
export const ANSWERS: readonly Answer[] = [
  ...readCases(),
  ...VARIANTS.map((each, index) => ({ ...each, name: `v${String(index + 1).padStart(2, '0')}` })),
];
