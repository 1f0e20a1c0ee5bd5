import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** File names sort in the order of arrival, in which Dovecot assigns UIDs. */
const name = (index: number) => `1700000000.M${String(index).padStart(9, '0')}P1.ronde:2,`;

/**
 * Writes mails as files into a Maildir (https://cr.yp.to/proto/maildir.html), a thousand a second instead of one
 * APPEND each. `received` returns the arrival time that IMAP shows as INTERNALDATE.
 */
export function fillMaildir(
  home: string,
  mails: Iterable<string | Buffer>,
  own: (path: string) => void,
  received: (index: number) => Date,
): void {
  const maildir = join(home, 'Maildir');
  for (const path of [home, maildir, ...['cur', 'new', 'tmp'].map((each) => join(maildir, each))])
    if (!existsSync(path)) {
      mkdirSync(path);
      own(path);
    }
  let index = readdirSync(join(maildir, 'cur')).length;
  for (const mail of mails) {
    const path = join(maildir, 'cur', name(index));
    writeFileSync(path, mail);
    own(path);
    const at = received(index);
    utimesSync(path, at, at);
    index += 1;
  }
}
