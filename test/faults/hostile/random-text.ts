import { pick, type Random } from '../harness/random.ts';

/** Units that readers look for, in the forms of mails, headers, URLs and JSON. */
const UNITS = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r',
    '\0',
    '=',
    '=\n',
    '=3D',
    '%',
    '%41',
    '%zz',
    '&',
    ';',
    ',',
    '.',
    '/',
    '//',
  ],
  ...[
    '@',
    'a@',
    '@a.',
    '<',
    '>',
    '<a@b>',
    '"',
    "'",
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '{{',
    '}}',
    '\\',
    '-',
    '--',
  ],
  ...[
    '=?utf-8?Q?',
    '?=',
    '=?utf-8?B?QQ==?= ',
    '<p>',
    '</p>',
    '<table><tr><td>',
    '<blockquote>',
    '<!--',
    '&amp;',
  ],
  ...[
    'é',
    '😀',
    '\u202e',
    '\u2066',
    '\u200b',
    '\u0000',
    '\ud800',
    '\u0301',
    'İ',
    'a',
    'x:',
    're: ',
    '1',
    '5.1.1 ',
  ],
  ...[
    '__proto__',
    'constructor',
    '../',
    '$a{',
    '{"a":',
    '[',
    'null',
    'http://',
    'javascript:',
    '<a@b.test>\n',
  ],
] as const;

/** Returns a whole number from 0 to below `end`. */
export const below = (random: Random, end: number): number => Math.floor(random() * end);

/** Returns a text of up to `most` characters: runs of units, mostly short, sometimes one that fills it. */
export function randomText(random: Random, most: number): string {
  const length = random() < 0.1 ? most : below(random, Math.min(most, 200));
  let text = '';
  while (text.length < length) {
    const unit = pick(random, UNITS);
    const room = length - text.length;
    const run = random() < 0.3 ? room : below(random, Math.min(room, 40)) + 1;
    text += unit.repeat(Math.ceil(run / unit.length));
  }
  return text.slice(0, length);
}
