import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { alignRows, type Terminal, toPrintable } from '../terminal.ts';

const gap = z.object({ folder: z.string(), exists: z.number().nullable(), stored: z.number() });
const integration = z.looseObject({
  id: z.string(),
  label: z.string().optional(),
  active: z.boolean().optional(),
  host: z.string(),
  auth: z.object({ user: z.string().nullable() }).loose(),
  health: z
    .looseObject({
      status: z.string(),
      next_attempt_at: z.string().nullish(),
      last_error: z.string().nullish(),
      last_success_at: z.string().nullish(),
      incomplete: z.array(gap).optional(),
    })
    .optional(),
});
const list = z.object({ items: z.array(integration), next_page: z.string().nullable() });

/** The result of testing a mailbox. */
export const report = z.object({
  ok: z.boolean(),
  error: z.object({ kind: z.string(), detail: z.string() }).nullable(),
  capabilities: z.array(z.string()),
  folders: z.array(
    z.object({
      path: z.string(),
      special_use: z.string().nullable(),
      messages: z.number().nullable(),
      synchronised: z.boolean(),
    }),
  ),
});
const synced = z.object({
  success: z.boolean(),
  complete: z.boolean(),
  incomplete: z.array(gap).default([]),
  messages: z.record(z.string(), z.number()),
  error: z.object({ kind: z.string(), detail: z.string() }).nullable(),
});

const retried = z.looseObject({
  subject: z.string(),
  quarantined: z.looseObject({ reason: z.string() }).nullable(),
});

export interface MailboxFlags {
  json?: true;
}

const path = (id: string, rest = '') => `/api/inbox/integrations/${encodeURIComponent(id)}${rest}`;

/** Lists all mailboxes. Returns 0, also if some are ill. */
export async function listMailboxes(
  target: Target,
  { json }: MailboxFlags,
  { print }: Terminal,
): Promise<number> {
  const items: z.infer<typeof integration>[] = [];
  let page: string | null = null;
  do {
    const query: string = page === null ? '' : `&page=${encodeURIComponent(page)}`;
    const answer = await callAdmin(target, list, {
      method: 'GET',
      path: `/api/inbox/integrations?limit=500${query}`,
    });
    items.push(...answer.items);
    page = answer.next_page;
  } while (page !== null);
  if (json) print(JSON.stringify({ items }, null, 2));
  else if (items.length === 0) print('There is no mailbox yet; add one with ronde inbox add.');
  else for (const line of alignRows(items.map(toRow))) print(line);
  return 0;
}

function toRow({ id, active, host, auth, health }: z.infer<typeof integration>): string[] {
  const state = active === true ? (health?.status ?? 'ok') : 'paused';
  const last = health?.last_success_at ? `synchronised ${health.last_success_at}` : 'never synchronised';
  const next = health?.next_attempt_at ? `, next attempt ${health.next_attempt_at}` : '';
  const error = health?.last_error ? `, ${health.last_error}` : '';
  const gaps = (health?.incomplete ?? []).map((each) => `, ${describeGap(each)}`).join('');
  return [id, state, `${auth.user ?? '?'} on ${host}: ${last}${next}${error}${gaps}`].map(toPrintable);
}

/** Tests a mailbox. Returns 1 if it does not work. */
export async function testMailbox(
  target: Target,
  id: string,
  { json }: MailboxFlags,
  { print }: Terminal,
): Promise<number> {
  const answer = await callAdmin(target, report, { method: 'POST', path: path(id, '/test'), body: {} });
  if (json) print(JSON.stringify(answer, null, 2));
  else for (const line of describeReport(answer)) print(toPrintable(line));
  return answer.ok ? 0 : 1;
}

/** Describes the result of a test, line by line. */
export function describeReport({ ok, error, capabilities, folders }: z.infer<typeof report>): string[] {
  if (!ok) return [`It does not work: ${error?.kind}: ${error?.detail}`];
  return [
    `It works. The server can: ${capabilities.join(' ')}`,
    ...folders.map(
      (folder) =>
        `  ${folder.synchronised ? '*' : ' '} ${folder.path}${folder.special_use ? ` (${folder.special_use})` : ''}: ${folder.messages ?? '?'} messages`,
    ),
  ];
}

const describeGap = ({ folder, exists, stored }: z.infer<typeof gap>) =>
  exists === null
    ? `${folder} is not on the server; choose the folders again.`
    : `${folder} is incomplete: ${exists} on the server, ${stored} stored.`;

/** Tries a message in quarantine again. Returns 1 if it still cannot be read. */
export async function retryMessage(
  target: Target,
  id: string,
  { json }: MailboxFlags,
  { print }: Terminal,
): Promise<number> {
  const answer = await callAdmin(target, retried, {
    method: 'POST',
    path: `/api/inbox/messages/${encodeURIComponent(id)}/retry`,
    body: {},
  });
  if (json) print(JSON.stringify(answer, null, 2));
  else if (answer.quarantined) print(toPrintable(`It still cannot be read: ${answer.quarantined.reason}`));
  else print(toPrintable(`It is stored now: ${answer.subject}`));
  return answer.quarantined ? 1 : 0;
}

/** Synchronises a mailbox now. Returns 1 if the sync fails or leaves a folder incomplete. */
export async function syncMailbox(
  target: Target,
  id: string,
  { json }: MailboxFlags,
  { print }: Terminal,
): Promise<number> {
  const answer = await callAdmin(target, synced, { method: 'POST', path: path(id, '/sync'), body: {} });
  const { new: fresh = 0, updated = 0, removed = 0, announced = 0, stored = 0 } = answer.messages;
  if (json) print(JSON.stringify(answer, null, 2));
  else if (answer.error) print(toPrintable(`It failed: ${answer.error.kind}: ${answer.error.detail}`));
  else
    print(`${fresh} new, ${updated} updated, ${removed} removed; ${announced} announced, ${stored} stored.`);
  if (json) return answer.success ? 0 : 1;
  for (const each of answer.incomplete) print(toPrintable(describeGap(each)));
  if (!answer.complete && answer.incomplete.length === 0)
    print('More mail is waiting; the next sync goes on.');
  return answer.success ? 0 : 1;
}
