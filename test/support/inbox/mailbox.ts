import { ImapFlow } from 'imapflow';
import type { ImapUser, LocalImap } from '../../../infra/local/imap/imap.ts';

/** A person's own mail program: what it does to a mailbox is what the synchronisation has to find. */
export interface Mailbox {
  client: ImapFlow;
  /** Puts a mail into a folder; returns its UID. */
  append(
    mail: string | Buffer,
    options?: { folder?: string; flags?: string[]; date?: Date },
  ): Promise<number>;
  /** Every message of a folder by another way than the product's: one FETCH of everything. */
  listing(folder?: string): Promise<Listed[]>;
  /** Opens a folder for writing and works in it. */
  within<T>(folder: string, work: (client: ImapFlow) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Listed {
  uid: number;
  flags: string[];
  size: number;
  messageId: string | undefined;
}

/** Signs in as this account. */
export async function openMailbox(
  server: Pick<LocalImap, 'host' | 'port'>,
  user: ImapUser,
): Promise<Mailbox> {
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: user.user, pass: user.password },
    logger: false,
    disableAutoIdle: true,
  });
  client.on('error', () => undefined);
  await client.connect();
  const within = async <T>(folder: string, work: (client: ImapFlow) => Promise<T>): Promise<T> => {
    const lock = await client.getMailboxLock(folder);
    try {
      return await work(client);
    } finally {
      lock.release();
    }
  };
  return {
    client,
    within,
    async append(mail, { folder = 'INBOX', flags = [], date } = {}) {
      const appended = await client.append(folder, Buffer.from(mail), flags, date);
      if (!appended || appended.uid === undefined)
        throw new Error(`the server did not take a mail into ${folder}`);
      return appended.uid;
    },
    async listing(folder = 'INBOX') {
      // A folder that is open already would not show what others did to it.
      if (client.mailbox) await client.mailboxClose();
      return await within(folder, async () => {
        if (!client.mailbox || client.mailbox.exists === 0) return [];
        const found = await client.fetchAll('1:*', { uid: true, flags: true, size: true, envelope: true });
        return found.map(({ uid, flags, size, envelope }) => ({
          uid,
          flags: [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort(),
          size: size ?? 0,
          messageId: envelope?.messageId,
        }));
      });
    },
    close: () => client.logout().catch(() => undefined),
  };
}

/** A small mail; every header may be overridden, an undefined one is left out. */
export function mail(headers: Record<string, string | undefined> = {}, body = 'Hello.\r\n'): string {
  const all: Record<string, string | undefined> = {
    From: 'Anna Weiss <anna@example.test>',
    To: 'office@example.test',
    Subject: 'A repair',
    Date: 'Wed, 04 Mar 2026 09:00:00 +0000',
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
