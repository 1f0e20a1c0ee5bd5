import { parseBodystructure, parseEnvelope } from 'imapflow/lib/tools.js';
import { failureOf } from '../../../shared/domains/inbox/imap/failure.ts';
import { dataItems } from '../../../shared/domains/inbox/imap/fetch-response.ts';
import { UidSet } from '../../../shared/domains/inbox/imap/uid-set.ts';
import { shapeOf } from '../../../shared/domains/inbox/message/structure.ts';
import { parseReply } from '../../../shared/doors/mail/outcome.ts';
import { DOCUMENT_CAP, LITERAL_CAP, PART_CAP, type Reader, SPACES } from './reader.ts';

const fetched = (value: string) => dataItems(Buffer.from(`* 1 FETCH (UID 1 ENVELOPE ${value})`), []);
const string = (value: string) => ({ type: 'STRING', value });

/** Readers of the answers of mail servers. */
export const serverReaders: readonly Reader[] = [
  {
    name: 'a FETCH response',
    cap: PART_CAP,
    delimiters: {
      runs: ['"', '"" ', '\\', '"\\"', '{1}', 'NIL ', ' ', '<', 'BODY[', '.'],
      nested: [
        ['(', ')'],
        ['((', ') )'],
      ],
      framed: [['"', '\\\\', '"']],
    },
    read: fetched,
  },
  {
    name: 'encoded words of a subject',
    cap: PART_CAP,
    delimiters: {
      runs: [
        '=?',
        '?=',
        '=?utf-8?Q?',
        '=?utf-8?B?QQ==?=',
        '=?utf-8?B?QQ==?= ',
        '=?utf-8?Q?=20?=\r\n ',
        '?',
        '=',
        ' ',
      ],
    },
    read: (subject) => parseEnvelope([null, string(subject)]),
  },
  {
    name: 'recipients of an envelope',
    cap: 200_000,
    delimiters: { runs: ['x'] },
    read: ({ length }) => {
      const one = [string('=?utf-8?Q?a?='), null, string('a'), string('x.test')];
      return parseEnvelope([null, null, null, null, null, Array.from({ length: length / 50 }, () => one)]);
    },
  },
  {
    name: 'the structure of a mail',
    cap: 400_000,
    delimiters: { runs: ['x'] },
    read: ({ length }) => {
      const part = [
        string('TEXT'),
        string('PLAIN'),
        null,
        null,
        null,
        string('7BIT'),
        { type: 'ATOM', value: '1' },
      ];
      return shapeOf(
        parseBodystructure([...Array.from({ length: length / 40 }, () => part), string('MIXED')]),
      );
    },
  },
  {
    name: 'parameters of a part',
    cap: 100_000,
    delimiters: { runs: ['filename', 'filename*0', "filename*=utf-8''%41", '%', '*', "'"] },
    read: (text) => {
      const list = Array.from({ length: text.length / 20 }, (_, index) => [
        string(`${text.slice(0, 20)}${index}*${index}`),
        string(text.slice(0, 40)),
      ]).flat();
      const part = [
        string('TEXT'),
        string('PLAIN'),
        list,
        null,
        null,
        string('7BIT'),
        { type: 'ATOM', value: '1' },
      ];
      return shapeOf(parseBodystructure(part));
    },
  },
  {
    name: 'a set of UIDs',
    cap: PART_CAP,
    delimiters: { runs: ['1,', '1:9,', ',', ':', '1'] },
    read: UidSet.parse,
  },
  {
    name: 'the words of a refusal',
    cap: LITERAL_CAP,
    delimiters: { runs: [...SPACES, '\0', '***', 'AHUAcGFzc3dvcmQ=', 'AHUA', '=', '%41', 'rate'] },
    read: (responseText) =>
      failureOf(Object.assign(new Error('refused'), { responseText }), null, ['pass word', 'u@x.test']),
  },
  {
    name: 'a reply of an SMTP server',
    cap: DOCUMENT_CAP,
    delimiters: { runs: ['5', '5.', '550 ', '5.1.1', ' ', '-'] },
    read: parseReply,
  },
];
