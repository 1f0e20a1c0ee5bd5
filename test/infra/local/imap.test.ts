import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { findDovecot } from '../../../infra/local/programs.ts';
import { localSettings } from '../../../infra/local/settings.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';

const { prefer } = localSettings();
const absent = prefer === 'embedded' || typeof findDovecot(process.env) !== 'string';

it('starts no IMAP server if only engines from npm are wanted', async () => {
  expect(await startImap({ prefer: 'embedded', users: ['anna'] })).toBeNull();
});

describe.skipIf(absent)('the local IMAP server', () => {
  let imap: LocalImap;
  beforeAll(async () => {
    imap = (await startImap({ prefer: 'real', users: ['anna', 'bruno'] })) as LocalImap;
  });
  afterAll(() => imap?.stop());

  it('separates the mails of its accounts', async () => {
    const [anna, bruno] = await Promise.all(imap.users.map((user) => openMailbox(imap, user)));
    const uid = await anna?.append(mail(), { flags: ['\\Flagged'] });
    expect(await anna?.listing()).toMatchObject([{ uid, flags: ['\\Flagged'] }]);
    expect(await bruno?.listing()).toEqual([]);
    await Promise.all([anna?.close(), bruno?.close()]);
  });

  it('rejects a wrong password and accepts an account that was added while it runs', async () => {
    await expect(openMailbox(imap, { user: 'anna', password: 'wrong' })).rejects.toMatchObject({
      authenticationFailed: true,
    });
    const chiara = await openMailbox(imap, await imap.addUser('chiara'));
    expect(await chiara.listing()).toEqual([]);
    await chiara.close();
  });

  it('speaks TLS with a certificate that clients can verify', async () => {
    const [user] = imap.users;
    const options = {
      host: 'localhost',
      port: imap.tlsPort,
      secure: true,
      auth: { user: user?.user ?? '', pass: user?.password ?? '' },
      logger: false as const,
    };
    const trusting = new ImapFlow({ ...options, tls: { ca: imap.certificate } });
    await trusting.connect();
    await trusting.logout();
    const doubting = new ImapFlow(options);
    doubting.on('error', () => undefined);
    await expect(doubting.connect()).rejects.toThrow(/self.signed/);
  });

  it('keeps its mail over a restart and dies by its pid', async () => {
    const [user] = imap.users;
    if (!user) throw new Error('there is no account');
    process.kill(imap.pid, 'SIGKILL');
    await new Promise<void>((resolve) => imap.onExit(resolve));
    await expect(openMailbox(imap, user)).rejects.toThrow();
    await imap.restart();
    const again = await openMailbox(imap, user);
    expect(await again.listing()).toHaveLength(1);
    await again.close();
  });

  it('changes the UIDVALIDITY of a mailbox on demand', async () => {
    await imap.doveadm('mailbox', 'update', '-u', 'anna', '--uid-validity', '4242', 'INBOX');
    const anna = await openMailbox(imap, imap.users[0] ?? { user: '', password: '' });
    const status = await anna.client.status('INBOX', { uidValidity: true });
    expect(status ? status.uidValidity : null).toBe(4242n);
    await anna.close();
  });

  it('leaves nothing behind when it stops', async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('ronde-imap-'));
    const before = folders();
    const other = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
    // Other tests start servers too.
    const added = folders().filter((name) => !before.includes(name));
    await other.stop();
    expect(folders()).not.toEqual(expect.arrayContaining(added));
    expect(() => process.kill(other.pid, 0)).toThrow();
  });
});
