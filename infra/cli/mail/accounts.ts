import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { readAuth } from '../credentials-input.ts';
import type { Target } from '../target.ts';
import { alignRows, type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

export interface AccountFlags {
  json?: true;
}

export interface AddFlags extends AccountFlags {
  org: string;
  host: string;
  user: string;
  port?: string;
  tls?: true;
  address?: string;
  domain: string[];
  maxConnections?: string;
  perMinute?: string;
  label: string;
  secretRef?: string;
  oauth?: true;
}

const account = z.looseObject({
  id: z.string(),
  org_id: z.string().nullable(),
  host: z.string(),
  auth: z.looseObject({ user: z.string().nullable() }),
  health: z
    .looseObject({
      status: z.string(),
      next_attempt_at: z.string().nullish(),
      last_error: z.string().nullish(),
    })
    .optional(),
  held_until: z.string().nullable(),
});
type Account = z.infer<typeof account>;
const list = z.object({ items: z.array(account), next_page: z.string().nullable() });
const report = z.looseObject({
  ok: z.boolean(),
  error: z
    .looseObject({ kind: z.string(), detail: z.string(), remedies: z.object({ en: z.string() }).loose() })
    .nullable(),
});
const created = z.looseObject({ id: z.string(), test: report });

const ROOT = '/v1/admin/mail-accounts';
const path = (id: string, rest = '') => `${ROOT}/${encodeURIComponent(id)}${rest}`;

/** Lists all mail accounts. Returns 0, also if some are ill. */
export async function listAccounts(
  target: Target,
  { json }: AccountFlags,
  { print }: Terminal,
): Promise<number> {
  const items: Account[] = [];
  let page: string | null = null;
  do {
    const query: string = page === null ? '' : `&page=${encodeURIComponent(page)}`;
    const answer = await callAdmin(target, list, { method: 'GET', path: `${ROOT}?limit=500${query}` });
    items.push(...answer.items);
    page = answer.next_page;
  } while (page !== null);
  if (json) print(JSON.stringify({ items }, null, 2));
  else if (items.length === 0) print('There is no mail account: EMAIL_HOST is not set.');
  else for (const line of alignRows(items.map(toRow))) print(line);
  return 0;
}

function toRow({ id, org_id, host, auth, health, held_until }: Account): string[] {
  const next = health?.next_attempt_at ? `, next attempt ${health.next_attempt_at}` : '';
  const hold = held_until ? `, daily limit reached, next attempt ${held_until}` : '';
  const error = health?.last_error ? `, ${health.last_error}` : '';
  const owner = org_id ?? 'all organisations without their own';
  const state = `${auth.user ?? 'no login'} on ${host}: ${owner}${hold}${next}${error}`;
  return [id, health?.status ?? 'ok', state].map(toPrintable);
}

/** Adds an account and tries it. Returns 1 if it does not work; the account stays, so that it can be corrected. */
export async function addAccount(target: Target, flags: AddFlags, { print }: Terminal): Promise<number> {
  const auth = { user: flags.user, ...(await readAuth(flags)) };
  const number = (name: string, text: string | undefined) => {
    if (text === undefined) return {};
    if (!/^\d{1,5}$/.test(text)) throw new UsageError(`--${name.replace('_', '-')} ${text} is not a number.`);
    return { [name]: Number(text) };
  };
  const answer = await callAdmin(target, created, {
    method: 'POST',
    path: ROOT,
    body: {
      org_id: flags.org,
      label: flags.label,
      host: flags.host,
      security: flags.tls ? 'tls' : 'starttls',
      ...number('port', flags.port),
      ...number('max_connections', flags.maxConnections),
      ...number('per_minute', flags.perMinute),
      ...(flags.address === undefined ? {} : { address: flags.address }),
      ...(flags.domain.length > 0 ? { from_domains: flags.domain } : {}),
      auth,
    },
  });
  if (flags.json) print(JSON.stringify(answer, null, 2));
  else {
    print(`Added ${answer.id}.`);
    print(describeReport(answer.test));
  }
  return answer.test.ok ? 0 : 1;
}

function describeReport({ ok, error }: z.infer<typeof report>): string {
  if (ok || !error) return 'It works: the server accepts the login.';
  return toPrintable(`It does not work: ${error.detail}; ${error.remedies.en}`);
}

/** Tries an account. Returns 1 if it does not work. */
export async function testAccount(
  target: Target,
  id: string,
  { json }: AccountFlags,
  { print }: Terminal,
): Promise<number> {
  const answer = await callAdmin(target, report, { method: 'POST', path: path(id, '/test'), body: {} });
  print(json ? JSON.stringify(answer, null, 2) : describeReport(answer));
  return answer.ok ? 0 : 1;
}

/** Deletes an account. */
export async function removeAccount(
  target: Target,
  id: string,
  { json }: AccountFlags,
  { print }: Terminal,
): Promise<number> {
  await callAdmin(target, z.unknown(), { method: 'DELETE', path: path(id) });
  print(json ? JSON.stringify({ removed: id }) : `Removed ${id}.`);
  return 0;
}
