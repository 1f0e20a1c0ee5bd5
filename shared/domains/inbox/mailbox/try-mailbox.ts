import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import type { Failure } from '../imap/failure.ts';
import type { Integration } from '../integration.ts';
import { openFolder } from '../sync/open-folder.ts';

/** The result of trying a mailbox. */
export interface MailboxReport {
  ok: boolean;
  /** The kind of a failure, with the text of the server or the network. */
  error: Failure | null;
  capabilities: string[];
  folders: { path: string; special_use: string | null; messages: number | null; synchronised: boolean }[];
  /** Folders that are to be synchronised and are not on the server. */
  missing: string[];
}

const MAX_FOLDERS = 200;

/** The failure of folders that are not on the server. */
const missingFailure = (missing: readonly string[]): Failure => ({
  kind: 'protocol',
  detail: `The server has no folder ${missing.map((path) => JSON.stringify(path)).join(', ')}; choose one of those it lists.`,
});

/**
 * Signs in, asks what the server can and which folders there are, and opens those that are to be synchronised. Changes
 * nothing.
 */
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
    const missing: string[] = [];
    for (const path of integration.folders)
      if ((await openFolder(connection, path)) === null) missing.push(path);
    return {
      ok: missing.length === 0,
      error: missing.length === 0 ? null : missingFailure(missing),
      missing,
      capabilities: [...connection.client.capabilities.keys()].sort(),
      folders,
    };
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return { ok: false, error: error.failure, capabilities: [], folders: [], missing: [] };
  } finally {
    await connection?.close();
  }
}
