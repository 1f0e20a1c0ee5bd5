import { ImapFlow } from 'imapflow';
import type { ImapUser, LocalImap } from '../../../infra/local/imap/imap.ts';

/** A person's mail program. A sync must find every change that it makes. */
export interface Mailbox {
  client: ImapFlow;
  /** Appends a mail to a folder and returns its UID. */
  append(
    mail: string | Buffer,
    options?: { folder?: string; flags?: string[]; date?: Date },
  ): Promise<number>;
  /** Returns every message of a folder by one FETCH, a way that the product does not use. */
  listing(folder?: string): Promise<Listed[]>;
  /** Opens a folder for writing and runs `work` in it. */
  within<T>(folder: string, work: (client: ImapFlow) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Listed {
  uid: number;
  flags: string[];
  size: number;
  messageId: string | undefined;
}

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
      if (!appended || appended.uid === undefined) throw new Error(`the server refused a mail for ${folder}`);
      return appended.uid;
    },
    async listing(folder = 'INBOX') {
      // A folder that is already open would not show changes by other clients.
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

/** Returns a small mail. Each header can be replaced; undefined removes it. */
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
