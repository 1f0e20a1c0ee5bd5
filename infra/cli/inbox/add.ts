import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { describeReport, report } from './mailboxes.ts';

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

/** Adds a mailbox and tests it. Returns 1 if the test fails; the mailbox stays, so that it can be corrected. */
export async function addMailbox(target: Target, flags: AddFlags, { print }: Terminal): Promise<number> {
  if (!/^\d{1,5}$/.test(flags.port))
    throw new UsageError(`--port ${flags.port} is not a port; give 1 to 65535.`);
  const auth = { user: flags.user, ...(await readAuth(flags)) };
  const answer = await callAdmin(target, created, {
    method: 'POST',
    path: '/api/inbox/integrations',
    body: {
      org_id: flags.org,
      host: flags.host,
      port: Number(flags.port),
      secure: flags.starttls === undefined,
      label: flags.label,
      ...(flags.folder.length > 0 ? { folders: flags.folder } : {}),
      ...(flags.notify === undefined ? {} : { notify_email: flags.notify }),
      auth,
    },
  });
  if (flags.json) print(JSON.stringify(answer, null, 2));
  else {
    print(`Added ${answer.id}.`);
    for (const line of describeReport(answer.test)) print(toPrintable(line));
  }
  return answer.test.ok ? 0 : 1;
}

/** Returns the login: the name of a secret, or the credentials from standard input. */
async function readAuth({ secretRef, oauth }: AddFlags): Promise<Record<string, unknown>> {
  const method = oauth ? 'xoauth2' : 'password';
  if (secretRef !== undefined) return { method, secret_ref: secretRef };
  if (!oauth) return { method, password: await readPassword() };
  try {
    const given: unknown = JSON.parse(await readInput());
    if (typeof given === 'object' && given !== null) return { method, ...given };
  } catch {
    // The input may hold secrets, so the error below does not quote it.
  }
  throw new UsageError(
    '--oauth needs a JSON object on standard input; give refresh_token, client_id, client_secret and token_url.',
  );
}

/** Reads the first line of standard input. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (visible as you type; or pipe it in): ');
  const [password = ''] = (await readInput(/\n/)).split(/\r?\n/);
  if (password === '') throw new UsageError('Standard input holds no password; pipe it in.');
  return password;
}

/** Reads standard input to its end, or until it matches `until`. */
async function readInput(until?: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (until?.test(text)) break;
  }
  return text;
}
