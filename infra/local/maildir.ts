import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names sort in the order of arrival, which is the order in which Dovecot gives UIDs. */
const name = (index: number) => `1700000000.M${String(index).padStart(9, '0')}P1.ronde:2,`;

/**
 * Puts mails into a Maildir (https://cr.yp.to/proto/maildir.html) as files, as a delivery agent does: a thousand a second
 * and more, where APPEND takes a dialogue for each. `received`: when they arrived, which IMAP shows as their INTERNALDATE.
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
