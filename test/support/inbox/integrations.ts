import { randomUUID } from 'node:crypto';
import type { ImapUser, LocalImap } from '../../../infra/local/imap/imap.ts';
import { ownerOf } from '../../../shared/domains/inbox/integration.ts';
import { seal } from '../../../shared/doors/account/sealed.ts';
import type { World } from '../world.ts';

/** Returns an integration in its stored form. */
export function integrationDocument(
  world: Pick<World, 'environment'>,
  server: Pick<LocalImap, 'host' | 'port'>,
  { user, password }: ImapUser,
  changes: Record<string, unknown> = {},
): { id: string; fields: Record<string, unknown> } {
  const id = randomUUID();
  const keys = [world.environment['INBOX_SEALING_KEY'] as string];
  const fields = {
    org_id: 'org-1',
    label: `Mailbox ${user}`,
    active: true,
    host: server.host,
    port: server.port,
    secure: false,
    auth: { method: 'password', user, sealed: seal(JSON.stringify({ password }), ownerOf(id), keys) },
    folders: ['INBOX'],
    ...changes,
  };
  return { id, fields };
}

/** Stores an integration; returns its id. */
export async function addIntegration(
  world: World,
  server: Pick<LocalImap, 'host' | 'port'>,
  user: ImapUser,
  changes: Record<string, unknown> = {},
): Promise<string> {
  const { id, fields } = integrationDocument(world, server, user, changes);
  await world.store.doc(`inbox_integrations/${id}`).create(fields);
  return id;
}

/** Calls sync-inbox with the cron secret. */
export const syncAll = (world: World, body: object = {}) =>
  world.post('/api/inbox/integrations/sync-all', { body, headers: { 'X-Cron-Secret': world.secret } });
