import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import type { Failure } from '../imap/failure.ts';
import type { Integration } from '../integration.ts';

/** The result of trying a mailbox. */
export interface MailboxReport {
  ok: boolean;
  /** The kind of a failure, with the text of the server or the network. */
  error: Failure | null;
  capabilities: string[];
  folders: { path: string; special_use: string | null; messages: number | null; synchronised: boolean }[];
}

const MAX_FOLDERS = 200;

/** Signs in, asks what the server can and which folders there are, and changes nothing. */
export async function tryMailbox(
  integration: Pick<Integration, 'folders'>,
  connect: () => Promise<MailboxConnection>,
): Promise<MailboxReport> {
  let connection: MailboxConnection | undefined;
  try {
    connection = await connect();
    const listed = await connection.run((client) => client.list({ statusQuery: { messages: true } }));
    const folders = listed.slice(0, MAX_FOLDERS).map(({ path, specialUse, status }) => ({
      path,
      special_use: specialUse ?? null,
      messages: (status && 'messages' in status ? status.messages : null) ?? null,
      synchronised: integration.folders.includes(path),
    }));
    return {
      ok: true,
      error: null,
      capabilities: [...connection.client.capabilities.keys()].sort(),
      folders,
    };
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return { ok: false, error: error.failure, capabilities: [], folders: [] };
  } finally {
    await connection?.close();
  }
}
