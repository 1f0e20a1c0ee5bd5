import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { readAuth } from '../credentials-input.ts';
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
    if (!answer.test.ok)
      print(
        `It is stored all the same, and the next runs try it again. Correct it in the console, or: ronde inbox remove ${answer.id}`,
      );
  }
  return answer.test.ok ? 0 : 1;
}
