import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { UsageError } from '../run-task.ts';
import type { Target } from '../target.ts';
import { printable, type Terminal } from '../terminal.ts';
import { describeReport, report } from './look.ts';

export interface AddFlags {
  org: string;
  host: string;
  user: string;
  port: string;
  starttls?: true;
  folder: string[];
  label: string;
  notify?: string;
  secretRef?: string;
  oauth?: true;
  json?: true;
}

const created = z.looseObject({ id: z.string(), test: report });

/** Adds a mailbox and says whether it works; 1 where it does not: it is kept, and can be corrected. */
export async function inboxAdd(target: Target, flags: AddFlags, { print }: Terminal): Promise<number> {
  if (!/^\d{1,5}$/.test(flags.port))
    throw new UsageError(`--port ${flags.port} is not a port; give 1 to 65535.`);
  const auth = { user: flags.user, ...(await readAuth(flags)) };
  const answer = await callAdmin(target, created, 'POST', '/api/inbox/integrations', {
    org_id: flags.org,
    host: flags.host,
    port: Number(flags.port),
    secure: flags.starttls === undefined,
    label: flags.label,
    ...(flags.folder.length > 0 ? { folders: flags.folder } : {}),
    ...(flags.notify === undefined ? {} : { notify_email: flags.notify }),
    auth,
  });
  if (flags.json) print(JSON.stringify(answer, null, 2));
  else {
    print(`Added ${answer.id}.`);
    for (const line of describeReport(answer.test)) print(printable(line));
  }
  return answer.test.ok ? 0 : 1;
}

/** What signs in: the name of a secret, or what comes on standard input. */
async function readAuth({ secretRef, oauth }: AddFlags): Promise<Record<string, unknown>> {
  const method = oauth ? 'xoauth2' : 'password';
  if (secretRef !== undefined) return { method, secret_ref: secretRef };
  if (!oauth) return { method, password: await readPassword() };
  const rule =
    'With --oauth a JSON object with refresh_token, client_id, client_secret and token_url is piped in.';
  try {
    const given: unknown = JSON.parse(await readInput());
    if (typeof given === 'object' && given !== null) return { method, ...given };
  } catch {
    // What came may hold secrets: only the rule is told.
  }
  throw new UsageError(rule);
}

/** The first line of standard input. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (it is shown as you type; or pipe it in): ');
  const [password = ''] = (await readInput(/\n/)).split(/\r?\n/);
  if (password === '') throw new UsageError('No password came on standard input; pipe it in.');
  return password;
}

/** Standard input up to its end, or up to where it fits. */
async function readInput(until?: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (until?.test(text)) break;
  }
  return text;
}
