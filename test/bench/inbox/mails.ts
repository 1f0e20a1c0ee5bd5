import { between, pick, type Random, seededRandom } from '../../faults/harness/random.ts';
import { mail } from '../../support/inbox/mailbox.ts';

const WORDS =
  'bonjour merci devis écran facture réparation garantie téléphone atelier demain client prix'.split(' ');
const ATTACHMENT_BYTES = 150_000;

/** The kinds of mail in a small company's mailbox, by share: text of 4 kB, HTML of 18 kB, some with a file. */
const SHARES = { html: 0.146, file: 0.05 };

const words = (random: Random, bytes: number): string => {
  let text = '';
  while (text.length < bytes)
    text += `${pick(random, WORDS as [string, ...string[]])}${text.length % 70 < 9 ? '\r\n' : ' '}`;
  return text;
};

const text = (random: Random) =>
  mail(
    { ...headers(random), 'Content-Transfer-Encoding': '8bit' },
    words(random, between(random, 1_000, 7_000)),
  );

function html(random: Random): string {
  const part = (type: string, body: string) =>
    `--b\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}\r\n`;
  const plain = words(random, 3_000);
  const rows = plain
    .split('\r\n')
    .map((line) => `<tr><td style="padding:0">${line}</td><td><b>1 €</b></td></tr>`);
  const body = `<html><body><table>${rows.join('\r\n').repeat(3)}</table></body></html>`;
  const parts = `${part('text/plain', plain)}${part('text/html', body)}--b--\r\n`;
  return mail({ ...headers(random), 'Content-Type': 'multipart/alternative; boundary=b' }, parts);
}

function withFile(random: Random, file: string): string {
  const parts = [
    `--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${words(random, 4_000)}\r\n`,
    `--b\r\nContent-Type: application/pdf; name=devis.pdf\r\nContent-Disposition: attachment; filename=devis.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${file}\r\n--b--\r\n`,
  ];
  return mail({ ...headers(random), 'Content-Type': 'multipart/mixed; boundary=b' }, parts.join(''));
}

const headers = (random: Random) => ({
  'Message-ID': `<${Math.floor(random() * 1e15)}@client.test>`,
  Subject: words(random, 30).replace(/\s+/g, ' ').trim(),
});

/** Returns a mail with one file of this many bytes. */
export function heavyMail(bytes: number): Buffer {
  const file = Buffer.alloc(bytes, 'A file that is nothing but large. ')
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n');
  return Buffer.from(withFile(seededRandom(bytes), file));
}

/** Generates N mails, always the same ones. 10,000 of the mixed kind are about 190 MB. */
export function* generatedMails(count: number, kind: 'mixed' | 'text'): Generator<Buffer> {
  const random = seededRandom(count);
  const bytes = Buffer.from(Uint8Array.from({ length: ATTACHMENT_BYTES }, () => Math.floor(random() * 256)));
  const file = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  for (let index = 0; index < count; index += 1) {
    const share = kind === 'text' ? 1 : random();
    if (share < SHARES.file) yield Buffer.from(withFile(random, file));
    else yield Buffer.from(share < SHARES.file + SHARES.html ? html(random) : text(random));
  }
}
