import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImapUser, LocalImap } from '../../../infra/local/imap/imap.ts';

/** Returns true if mbsync (Debian package isync) is installed. */
export function hasMbsync(): boolean {
  try {
    execFileSync('mbsync', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Mailboxes that mbsync copies to disk with minimal settings. */
export interface Mbsync {
  /** Copies all mailboxes once, one after the other. Returns seconds. */
  run(): Promise<number>;
  remove(): void;
}

/** Configures mbsync for accounts of a server, in a new folder. */
export function setUpMbsync(imap: LocalImap, users: readonly ImapUser[]): Mbsync {
  const folder = mkdtempSync(join(tmpdir(), 'ronde-mbsync-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const { user } of users) mkdirSync(join(folder, user));
  const config = join(folder, 'mbsyncrc');
  writeFileSync(config, users.map((user) => channel(imap, user, folder)).join('\n'), { mode: 0o600 });
  return {
    async run() {
      const begun = performance.now();
      await promisify(execFile)('mbsync', ['-q', '-c', config, '-a'], {
        env: { ...process.env, HOME: folder },
      });
      return (performance.now() - begun) / 1000;
    },
    remove() {
      process.off('exit', remove);
      remove();
    },
  };
}

const channel = ({ host, port }: LocalImap, { user, password }: ImapUser, folder: string) => `
IMAPAccount ${user}
Host ${host}
Port ${port}
User ${user}
Pass ${password}
SSLType None
AuthMechs LOGIN

IMAPStore ${user}-far
Account ${user}

MaildirStore ${user}-near
Path ${folder}/${user}/
Inbox ${folder}/${user}-INBOX

Channel ${user}
Far :${user}-far:
Near :${user}-near:
Sync Pull
Create Near
SyncState *
`;
