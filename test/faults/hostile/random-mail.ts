import { pick, type Random } from '../harness/random.ts';
import { below, randomText } from './random-text.ts';

const FIELDS = [
  ...[
    'From',
    'To',
    'Cc',
    'Subject',
    'Date',
    'References',
    'In-Reply-To',
    'List-Id',
    'Precedence',
    'Return-Path',
  ],
  ...['Auto-Submitted', 'Reply-To', 'X-Failed-Recipients', 'X-Original-From', 'Mailing-List', 'Delivered-To'],
] as const;
const TYPES = [
  ...['text/plain', 'text/html', 'text/calendar', 'message/delivery-status', 'message/feedback-report'],
  ...[
    'text/rfc822-headers',
    'message/rfc822',
    'application/pdf',
    'image/png',
    'multipart/mixed',
    'x/y; name=',
  ],
] as const;
const CHARSETS = ['utf-8', 'iso-2022-jp', 'utf-7', 'windows-1252', 'gb18030', 'x', '"', 'utf-16'] as const;
const ENCODINGS = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable', 'x-uuencode', ''] as const;
const REPEATED = [
  ...['<p>', '<table><tr><td>', '<a href="https://u:p@e.test">', '&nbsp;', 'Action: failed\n\n', '=\n', ' '],
  ...['\t', 'QUJD', '> ', '\u202e', '<a@b.test> ', 'Final-Recipient: rfc822;a@b.test\nAction: failed\n\n'],
] as const;

/** A body part is usually short, seldom at the bound of what is fetched. */
const partSize = (random: Random): number =>
  pick(random, [100, 2_000, 2_000, 20_000, random() < 0.1 ? 600_000 : 500]);

/** Returns a mail that nobody should send, with a Message-ID of its own, so that it can be found again. */
export function randomMail(random: Random, id: string): string {
  const fields = Array.from({ length: below(random, 12) }, () => randomField(random));
  const { head, body } = randomPart(random, 0);
  // A line end within a value would end the header; folded it belongs to the value.
  const header = [...fields, ...head].map((field) => field.replace(/\r?\n|\r/g, '\r\n '));
  return `Message-ID: <${id}@x.test>\r\n${header.join('\r\n')}\r\n\r\n${body.replace(/\r?\n/g, '\r\n')}`;
}

function randomField(random: Random): string {
  const name = pick(random, FIELDS);
  const value =
    random() < 0.2 ? pick(random, REPEATED).repeat(below(random, 2_000)) : randomText(random, 8_000);
  const times = random() < 0.02 ? 3_000 : 1;
  return Array.from(
    { length: times },
    () => `${name}: ${value.slice(0, times > 1 ? 20 : value.length)}`,
  ).join('\r\n');
}

/** Deeper parts are leaves; a few mails nest without end. */
const MAX_DEPTH = 5;

function randomPart(random: Random, depth: number): { head: string[]; body: string } {
  if (random() < 0.005 && depth === 0) return endlessNesting(random);
  if (depth < MAX_DEPTH && random() < 0.4) return multipart(random, depth);
  const head = [
    `Content-Type: ${pick(random, TYPES)}; charset=${pick(random, CHARSETS)}; name="${randomText(random, 300)}"`,
    `Content-Transfer-Encoding: ${pick(random, ENCODINGS)}`,
    ...(random() < 0.3
      ? [`Content-Disposition: attachment; filename*=utf-8''${randomText(random, 300)}`]
      : []),
  ];
  const size = partSize(random);
  const unit = pick(random, REPEATED);
  const body = random() < 0.4 ? unit.repeat(Math.ceil(size / unit.length)) : randomText(random, size);
  return { head, body };
}

function multipart(random: Random, depth: number): { head: string[]; body: string } {
  const boundary = `b${depth}${below(random, 1e6)}`;
  const kind = pick(random, ['mixed', 'alternative', 'report', 'related', 'digest']);
  const count = random() < 0.03 ? 300 : 1 + below(random, 4);
  const parts = Array.from({ length: count }, () => {
    const { head, body } = randomPart(random, count > 10 ? MAX_DEPTH : depth + 1);
    return `--${boundary}\n${head.join('\n')}\n\n${count > 10 ? body.slice(0, 200) : body}\n`;
  });
  const end = random() < 0.9 ? `--${boundary}--\n` : '';
  return { head: [`Content-Type: multipart/${kind}; boundary=${boundary}`], body: parts.join('') + end };
}

/** Multiparts or enclosed mails within each other, hundreds deep. */
function endlessNesting(random: Random): { head: string[]; body: string } {
  const depth = 50 + below(random, 450);
  if (random() < 0.5)
    return { head: ['Content-Type: message/rfc822'], body: 'Content-Type: message/rfc822\n\n'.repeat(depth) };
  const open = Array.from(
    { length: depth },
    (_, index) => `--n${index}\nContent-Type: multipart/mixed; boundary=n${index + 1}\n\n`,
  );
  return { head: ['Content-Type: multipart/mixed; boundary=n0'], body: open.join('') };
}
