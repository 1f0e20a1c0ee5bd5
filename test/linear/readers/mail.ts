import type { MessageStructureObject } from 'imapflow';
import { decodeCharset, decodeHtml } from '../../../shared/domains/inbox/message/charset.ts';
import { decodeTextTransfer, decodeTransfer } from '../../../shared/domains/inbox/message/decode.ts';
import { parseDeliveryStatus, readPlainReport } from '../../../shared/domains/inbox/message/delivery.ts';
import { envelopeOf } from '../../../shared/domains/inbox/message/envelope.ts';
import { headerText } from '../../../shared/domains/inbox/message/header-text.ts';
import {
  firstValue,
  messageIdsIn,
  parseHeaders,
  referencesOf,
} from '../../../shared/domains/inbox/message/headers.ts';
import { htmlToText } from '../../../shared/domains/inbox/message/html.ts';
import { readRaw } from '../../../shared/domains/inbox/message/raw.ts';
import { sanitise } from '../../../shared/domains/inbox/message/sanitise.ts';
import { shapeOf } from '../../../shared/domains/inbox/message/structure.ts';
import { cleanText, MAX_HTML_BYTES, snippetOf } from '../../../shared/domains/inbox/message/text.ts';
import { threadsOf } from '../../../shared/domains/inbox/message/thread.ts';
import { authorsOf, writerOf } from '../../../shared/domains/inbox/message/writer/writer.ts';
import { HEADER_CAP, LITERAL_CAP, PART_CAP, type Reader, SPACES } from './reader.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const none = new Map<string, readonly string[]>();
const FIELDS = { runs: ['list-id:\n', 'a:', ':', ' ', '\n ', '\r\n\t', '(', '()', 'x\n'] } as const;
const IDS = { runs: ['<', '>', '<a@b>', '<a', '@', ' ', ','], nested: [['<', '>']] } as const;
const MARKUP = {
  runs: ['<', '<a ', '&', '<!--', '<p title="', '<![CDATA[', '</b>', "='", '<br>', '<b>'],
  nested: [
    ['<table><tr><td>', '</td></tr></table>'],
    ['<a href="https://x.test">', '</a>'],
    ['<blockquote>', '</blockquote>'],
    ['<noframes', '>'],
  ],
} as const;
const READ_MARKUP = { runs: ['&amp;', '<br>', '<b>'], nested: [['<blockquote>', '</blockquote>']] } as const;

const text = (cap: number, runs: readonly string[], read: (text: string) => unknown) => ({
  ...{ cap, delimiters: { runs }, read },
});

/** Readers of the parts of a mail. */
export const mailReaders: readonly Reader[] = [
  {
    name: 'quoted-printable',
    ...text(PART_CAP, [' ', '\t', '=', '=\n', '=\r\n', '=3D', '=4', '\n', ' \n'], (part) =>
      decodeTransfer(latin1(part), 'quoted-printable'),
    ),
  },
  {
    name: 'base64',
    ...text(PART_CAP, ['=', 'QUJD', '\n', ' ', '!', '='], (part) => decodeTransfer(latin1(part), 'base64')),
  },
  {
    name: 'a text whose encoding may lie',
    ...text(PART_CAP, ['=', 'QUJD', '\n', ' ', '!', '=C3=A9', 'a b', '=\n'], (part) => [
      decodeTextTransfer(latin1(part), 'base64'),
      decodeTextTransfer(latin1(part), '8bit'),
    ]),
  },
  {
    name: 'text in two charsets, and in seven bits',
    ...text(PART_CAP, ['\u00c3\u00a9', '\u00e9', '~{', '~}', '\u000e', 'a', '\u00f0\u0090'], (part) =>
      ['utf-8', 'hz', 'iso-2022-kr'].map((label) => decodeCharset(latin1(part), label)),
    ),
  },
  {
    name: 'HTML that may name its charset',
    ...text(PART_CAP, ['<meta ', 'charset', '=', ' ', '"', '\u00e9'], (part) => decodeHtml(latin1(part), '')),
  },
  {
    name: 'encoded words',
    ...text(40_000, ['=?', '=?a?Q?', '?=', '=?utf-8?B?QQ==?=', ' ', '=?utf-8?Q?\u00e9?=', '?'], headerText),
  },
  {
    name: 'an envelope of a header',
    ...text(HEADER_CAP, [',', '"', '\\"', 'a@b,', 'From: ', '<', '>', '\n '], (header) =>
      envelopeOf(latin1(`From: ${header}\r\nSubject: ${header}\r\n\r\n`)),
    ),
  },
  {
    name: 'a mail without a structure',
    ...text(
      PART_CAP,
      [
        ...[
          '--a\n',
          '--a\n\n',
          '--',
          '\n',
          '\r\n\r\n',
          'a:',
          'Content-Type: multipart/mixed; boundary=a\n\n',
        ],
        ...['Content-Type: message/rfc822\n\n', 'name=', '"', ';', '--=_a\nA:\n\n'],
      ],
      (mail) => readRaw(latin1(`Content-Type: multipart/mixed; boundary=a\n\n${mail}`)),
    ),
  },
  {
    name: 'UTF-8 that may be cut',
    ...text(PART_CAP, ['\u0080', '\u00c3', '\u00ff', 'a'], (part) =>
      decodeCharset(latin1(part), 'utf-8', true),
    ),
  },
  {
    name: 'ISO-2022-JP',
    ...text(PART_CAP, ['\u001b$B', '\u001b(B', '\u001b', '$', 'a'], (part) =>
      decodeCharset(latin1(part), 'iso-2022-jp'),
    ),
  },
  {
    name: 'UTF-7, by iconv-lite',
    ...text(PART_CAP, ['+AGE-'], (part) => decodeCharset(latin1(part), 'utf-7')),
  },
  {
    name: 'the label of a charset',
    ...text(PART_CAP, ['"', "'", ' ', '-', 'utf-'], (label) => decodeCharset(latin1('é'), label)),
  },
  { name: 'header fields', cap: LITERAL_CAP, delimiters: FIELDS, read: parseHeaders },
  {
    name: 'comments in a header',
    cap: HEADER_CAP,
    delimiters: { runs: ['(', ')', '()', ' ', '(a'], nested: [['(', ')']] },
    read: (value) => firstValue(new Map([['precedence', [value]]]), 'precedence'),
  },
  { name: 'Message-IDs', cap: LITERAL_CAP, delimiters: IDS, read: messageIdsIn },
  {
    name: 'references',
    cap: LITERAL_CAP,
    delimiters: IDS,
    read: (value) => referencesOf(new Map([['references', [value, value]]]), value, '<own@x.test>'),
  },
  {
    name: 'a delivery report',
    ...text(
      PART_CAP,
      ['Action:failed\n\n', 'Action:', 'Action: ', '\n', '\r', ' \n', ';', 'Status: 5.1.1\n', '1.'],
      parseDeliveryStatus,
    ),
  },
  {
    name: 'subjects and senders of machines',
    ...text(LITERAL_CAP, [...SPACES, 'auto', 'out of the ', 'je suis ', '-', 'no-', '@', 're: '], (value) =>
      writerOf({ headers: new Map(), subject: value, from: value, text: value, reaction: false }),
    ),
  },
  {
    name: 'fields that mark a machine',
    ...text(HEADER_CAP, ['<', ' ', ';', '(', 'all', 'bulk'], (value) => {
      const names = ['auto-submitted', 'precedence', 'return-path', 'x-auto-response-suppress', 'reply-to'];
      const headers = new Map([...none, ...names.map((name) => [name, [value]] as const)]);
      writerOf({ headers, subject: '', from: '', text: '', reaction: false });
      return authorsOf(headers, { name: `a via ${value}`, address: '' });
    }),
  },
  {
    name: 'reports without a form',
    ...text(
      HEADER_CAP,
      ['<a@b>:\n', '-', '--- copy ', '5.1.1 ', '550 ', ' \n', 'message-id: <', '@'],
      (value) =>
        readPlainReport({
          headers: new Map([['x-failed-recipients', [value]]]),
          ...{ from: 'mailer-daemon@x.test', subject: value, text: value },
        }),
    ),
  },
  {
    name: 'HTML to be shown',
    cap: PART_CAP,
    delimiters: MARKUP,
    read: (html) => sanitise(html, MAX_HTML_BYTES),
  },
  {
    name: 'HTML to be read as text',
    cap: MAX_HTML_BYTES,
    delimiters: READ_MARKUP,
    read: (html) => htmlToText(sanitise(html, MAX_HTML_BYTES)),
  },
  { name: 'snippets', ...text(PART_CAP, [...SPACES, '>', '> ', '\u200b', '😀'], snippetOf) },
  { name: 'plain text', ...text(PART_CAP, [...SPACES, '\0', '\ud800', 'a'], cleanText) },
  {
    name: 'names of files',
    ...text(LITERAL_CAP, ['/', '\\', '.', ' ', '\u202e', '😀', '\0'], (filename) =>
      shapeOf({ type: 'application/pdf', dispositionParameters: { filename } } as MessageStructureObject & {
        dispositionParameters: object;
      }),
    ),
  },
  {
    name: 'a chain of answers',
    cap: 20_000,
    delimiters: { runs: ['x'] },
    read: ({ length }) =>
      threadsOf(
        Array.from({ length }, (_, index) => ({
          messageId: `<${index}@x>`,
          references: index + 1 < length ? [`<${index + 1}@x>`] : [],
          documentId: String(index),
        })),
        'org',
        new Map(),
      ),
  },
];
