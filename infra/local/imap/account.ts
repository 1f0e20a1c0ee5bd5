import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { userInfo } from 'node:os';

/** The account of a Dovecot that root starts: Dovecot refuses to read mail as root. */
const UNPRIVILEGED = { user: 'nobody', group: 'nogroup' };

/** Returns the account that Dovecot runs as, the command prefix to run as it, and a function that gives it a file. */
export function findAccount(folder: string) {
  if (process.getuid?.() !== 0) {
    const { username } = userInfo();
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    return { user: username, group, command: [], own: () => undefined };
  }
  const { user, group } = UNPRIVILEGED;
  const id = (flag: string, of: string) => Number(execFileSync('id', [flag, of], { encoding: 'utf8' }));
  const [uid, gid] = [id('-u', user), id('-g', user)];
  chownSync(folder, uid, gid);
  const command = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  return { user, group, command, own: (path: string) => chownSync(path, uid, gid) };
}
