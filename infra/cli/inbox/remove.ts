import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { confirm, type Terminal, toPrintable } from '../terminal.ts';

export interface RemoveFlags {
  keepMail?: true;
  yes?: true;
  json?: true;
}

const mailbox = z.looseObject({ host: z.string(), auth: z.looseObject({ user: z.string().nullable() }) });

/** Asks, and deletes a mailbox with its stored mail, or without. Returns 1 if the person says no. */
export async function removeMailbox(
  target: Target,
  id: string,
  flags: RemoveFlags,
  { print }: Terminal,
): Promise<number> {
  const path = `/api/inbox/integrations/${encodeURIComponent(id)}`;
  const { host, auth } = await callAdmin(target, mailbox, { method: 'GET', path });
  const mail = flags.keepMail ? 'keep its stored mail' : 'delete its stored mail';
  const question = toPrintable(`Remove ${auth.user ?? 'the mailbox'} on ${host} and ${mail}?`);
  if (!flags.yes && !(await confirm(question))) return 1;
  const query = flags.keepMail ? '?purge=false' : '';
  await callAdmin(target, z.unknown(), { method: 'DELETE', path: path + query });
  print(flags.json ? JSON.stringify({ id, removed: true }) : `Removed ${id}.`);
  return 0;
}
