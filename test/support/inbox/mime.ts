import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The wanted reading of a mail; absent fields are not compared. */
export interface WantedMail {
  text: string;
  subject?: string;
  from?: string;
  /** The names and types of its attachments. */
  attachments?: string[];
}

export interface MimeCase extends WantedMail {
  name: string;
  raw: Buffer;
}

const FILE = join(import.meta.dirname, '..', '..', 'cases', 'mime.json');

/** The right readings of the broken and rare mails of the field. */
const FIELD: Record<string, WantedMail> = {
  'Content-Type: text': { text: 'Hello text.' },
  'Content-Type: text; charset': { text: 'Hello text.' },
  'Content-Type: (empty)': { text: 'Hello text.' },
  'missing semicolon': { text: 'Hello text.' },
  'charset in quotes w/ space': { text: 'Hello café.' },
  'double semicolon multipart': { text: 'Hello text.' },
  'multipart without boundary': { text: 'Hello text.' },
  'multipart wrong boundary': { text: 'Hello text.' },
  'multipart/mixed with only attachments, text in preamble': {
    text: 'Hello text in preamble.',
    attachments: ['a.pdf application/pdf'],
  },
  'text/html as attachment only': { text: 'Hello text.', attachments: ['mail.html text/html'] },
  'text/plain inline, two named parts': {
    text: 'Hello text.\n\nnotes inside',
    attachments: ['notes.txt text/plain'],
  },
  'winmail.dat': { text: 'Hello text.', attachments: ['winmail.dat application/ms-tnef'] },
  'raw latin1 subject': {
    text: 'Hello café.',
    subject: 'Relance facture impayée',
    from: 'René Lefèvre <rene@kunde.example>',
  },
  'encoded-word split in a multibyte char': { text: 'Hello text.', subject: 'Été' },
  'encoded word with space in Q': { text: 'Hello text.', subject: 'Facture impayée' },
  'encoded filename plain rfc2047 in filename': {
    text: 'Hello text.',
    attachments: ['Facture impayée.pdf application/pdf'],
  },
  'rfc2231 continuations out of order': {
    text: 'Hello text.',
    attachments: ['Facture impayée.pdf application/pdf'],
  },
  uuencode: { text: 'Hello text.\n\nbegin 644 a.txt\n#86)C\n`\nend' },
  'utf-8 label, latin1 bytes': { text: 'Hello café.' },
  'us-ascii label, utf-8 bytes': { text: 'Hello café.' },
  'base64 label on plain text': { text: 'Hello text, this is not base64 at all.' },
  'base64 in two padded blocks': { text: 'Hello text and more.' },
  'encoding "8-bit"': { text: 'Hello café.' },
  'format=flowed': { text: 'Hello text that \nflows on.' },
  'message/rfc822 forwarded': { text: 'Hello text.', attachments: ['inner.eml message/rfc822'] },
  'only a forwarded message': {
    text: 'inner text of the forwarded mail',
    attachments: ['inner.eml message/rfc822'],
  },
  'forward as attachment, no text': {
    text: 'inner text of the forwarded mail',
    attachments: ['inner.eml message/rfc822'],
  },
  'smime opaque': { text: '', attachments: ['smime.p7m application/pkcs7-mime'] },
  'calendar only': { text: 'BEGIN:VCALENDAR\nEND:VCALENDAR' },
  amp: { text: 'Hello text.' },
  'html with only image + alt, plain " "': { text: 'Hello text.' },
};

const CAFE_1252 = 'caf\u00e9';
const CAFE_UTF8 = 'caf\u00c3\u00a9';
const base64 = (text: string, encoding: BufferEncoding = 'utf8') =>
  Buffer.from(text, encoding).toString('base64');

/** More of the same kinds: the lines of each mail, in latin1, and its right reading. */
const MORE: Record<string, WantedMail & { lines: string }> = {
  'a type that is turned round': {
    lines: `Content-Type: plain/text\n\nHello ${CAFE_UTF8}.`,
    text: 'Hello café.',
  },
  'no type that anyone knows': {
    lines: 'Content-Type: x-unknown/x-unknown\n\nHello text.',
    text: 'Hello text.',
  },
  'a boundary with hyphens that is not the one': {
    lines: `Content-Type: multipart/alternative; boundary="x"\n\n------=_Part_1\nContent-Type: text/plain; charset=iso-8859-1\n\nHello ${CAFE_1252}.\n------=_Part_1--\n`,
    text: 'Hello café.',
  },
  'a multipart within one without parts': {
    lines:
      'Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: multipart/alternative; boundary="i"\n\nHello text.\n--o--\n',
    text: 'Hello text.',
  },
  'a multipart encoded as a whole': {
    lines: `Content-Type: multipart/mixed; boundary="a"\nContent-Transfer-Encoding: base64\n\n${base64('--a\nContent-Type: text/plain\n\nHello text.\n--a--\n')}\n`,
    text: 'Hello text.',
  },
  'an HTML charset in meta only': {
    lines:
      'Content-Type: text/html\n\n<meta charset="windows-1251"><p>\u00cf\u00f0\u00e8\u00e2\u00e5\u00f2</p>',
    text: 'Привет',
  },
  'GB2312 on UTF-8': {
    lines: `Content-Type: text/plain; charset=gb2312\n\n${Buffer.from('你好').toString('latin1')}`,
    text: '你好',
  },
  'ISO-8859-1 on UTF-8': {
    lines: `Content-Type: text/plain; charset=iso-8859-1\n\n${CAFE_UTF8}`,
    text: 'café',
  },
  'UTF-8 with a footer in Latin-1': {
    lines: `Content-Type: text/plain; charset=utf-8\n\n${CAFE_UTF8}\n--\nSoci\u00e9t\u00e9`,
    text: 'café\n--\nSociété',
  },
  'UTF-16 with a mark': {
    lines: `Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n${Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('été', 'utf16le').swap16()]).toString('base64')}`,
    text: 'été',
  },
  'Korean in seven bits': {
    lines: 'Content-Type: text/plain; charset=iso-2022-kr\n\n\u001b$)C\u000e>H3g\u000f!',
    text: '안녕!',
  },
  'Chinese in seven bits': {
    lines: 'Content-Type: text/plain; charset=hz-gb-2312\n\n~{Dc:C~}!',
    text: '你好!',
  },
  'base64 without its label': {
    lines: `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n${base64('Bonjour, la facture est payée depuis lundi.')}\n`,
    text: 'Bonjour, la facture est payée depuis lundi.',
  },
  'quoted-printable without its label': {
    lines:
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nLa facture est pay=C3=A9e.',
    text: 'La facture est payée.',
  },
  'quoted-printable with more behind it': {
    lines:
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable;\n\ncaf=C3=A9',
    text: 'café',
  },
  'a word that is labelled base64': {
    lines: 'Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nMerci',
    text: 'Merci',
  },
  'short Latin-1 in base64': {
    lines: `Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n${base64(CAFE_1252, 'latin1')}`,
    text: 'café',
  },
  'base64 with a list footer': {
    lines: `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64('Bonjour à tous')}\n_______\nList mailing list\n`,
    text: 'Bonjour à tous',
  },
  'a raw byte in an encoded word': {
    lines: 'Subject: =?iso-8859-1?Q?Die_Fr\u00f6sche?=\n\nHello text.',
    text: 'Hello text.',
    subject: 'Die Frösche',
  },
  'an encoded word whose charset lies': {
    lines: `Subject: =?iso-8859-1?B?${base64('Facture impayée')}?=\n\nHello text.`,
    text: 'Hello text.',
    subject: 'Facture impayée',
  },
  'a raw file name': {
    lines:
      'Content-Type: multipart/mixed; boundary="a"\n\n--a\n\nHello text.\n--a\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="Facture impay\u00e9e.pdf"\n\nx\n--a--\n',
    text: 'Hello text.',
    attachments: ['Facture impayée.pdf application/pdf'],
  },
  'a header without an empty line below': {
    lines: 'Subject: s\nHello text.',
    text: 'Hello text.',
  },
  'Japanese without a label': {
    lines: 'Content-Type: text/plain\n\n\u001b$B$3$s\u001b(B',
    text: 'こん',
  },
  'Latin-1 in quoted-printable without its label': {
    lines:
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 7bit\n\nHello caf=E9 d=E9j=E0.',
    text: 'Hello café déjà.',
  },
  'base64 of URLs': {
    lines: `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from('Hello café?? >>').toString('base64url')}`,
    text: 'Hello café?? >>',
  },
  'base64 that is cut short': {
    lines: `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64('Hello text, of a length.').slice(0, -2)}`,
    text: 'Hello text, of a lengt',
  },
  'uuencode as an encoding': {
    lines:
      'Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 t.txt\n+2&5L;&\\@=&5X="X\n`\nend\n',
    text: 'Hello text.',
  },
  'a type in quotes': {
    lines: 'Content-Type: "text/html"; charset=utf-8\n\n<p>Hello text.</p>',
    text: 'Hello text.',
  },
  'a multipart without its first boundary': {
    lines:
      'Content-Type: multipart/alternative; boundary="a"\n\nContent-Type: text/plain\n\nHello text.\n--a--\n',
    text: 'Hello text.',
  },
  'a part without an empty line below its header': {
    lines:
      'Content-Type: multipart/mixed; boundary="a"\n\n--a\nContent-Type: text/plain\nHello text.\n--a--\n',
    text: 'Hello text.',
  },
  'XHTML by its own type': {
    lines: 'Content-Type: application/xhtml+xml\n\n<p>Hello text.</p>',
    text: 'Hello text.',
  },
  'ASCII that calls itself UTF-16': {
    lines: 'Content-Type: text/html\n\n<meta charset="utf-16"><p>Hello text.</p>',
    text: 'Hello text.',
  },
  'a picture only': {
    lines:
      'Content-Type: multipart/mixed; boundary="a"\n\nThis is a multi-part message in MIME format.\n--a\nContent-Type: image/png; name="a.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--a--\n',
    text: '',
    attachments: ['a.png image/png'],
  },
};

/** Returns every case with its right reading. */
export function mimeCases(): MimeCase[] {
  const field = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>;
  const cases = Object.entries(field).map(([name, lines]) => {
    const wanted = FIELD[name];
    if (!wanted) throw new Error(`test/cases/mime.json has ${JSON.stringify(name)}; say here how it reads.`);
    return { name, raw: rawOf(name, lines), ...wanted };
  });
  return [
    ...cases,
    ...Object.entries(MORE).map(([name, { lines, ...wanted }]) => ({
      name,
      raw: rawOf(name, lines),
      ...wanted,
    })),
  ];
}

/** A mail with these lines in its header and below. */
function rawOf(name: string, lines: string): Buffer {
  const own = /^From:/m.test(lines.split('\n\n', 1)[0] ?? '') ? '' : 'From: a@kunde.example\n';
  const id = Buffer.from(name).toString('hex');
  const text = `${own}Message-ID: <${id}@kunde.example>\nMIME-Version: 1.0\n${lines}`;
  return Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
}
