import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { confirm, type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

export interface BulkFlags {
  org?: string;
  reason?: string;
  all?: true;
  outcome?: string;
  yes?: true;
  json?: true;
}

const result = z.looseObject({
  changed: z.number(),
  unchanged: z.array(z.looseObject({ id: z.string(), reason: z.string() })),
  more: z.boolean(),
});

/** Requeues parked follow-ups or settles uncertain mails: those of these ids, or all that the flags choose. */
export async function changeMany(
  target: Target,
  action: 'requeue' | 'settle',
  ids: readonly string[],
  { flags, terminal }: { flags: BulkFlags; terminal: Terminal },
): Promise<number> {
  const hasFilter = flags.org !== undefined || flags.reason !== undefined || flags.all === true;
  if (ids.length > 0 === hasFilter)
    throw new UsageError('Give ids, or one of --org, --reason and --all, and not both.');
  const org = flags.org === undefined ? {} : { org_id: flags.org };
  const filter = { ...org, ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
  const choice = ids.length > 0 ? { ids } : { filter };
  const question = action === 'requeue' ? 'The next run mails these customers. Go on?' : 'Settle them?';
  if (!flags.yes && !(await confirm(question))) return 1;
  const body = { ...choice, ...(action === 'settle' ? { outcome: flags.outcome } : {}) };
  const path = `/api/followups/${action}`;
  const sum: z.infer<typeof result> = { changed: 0, unchanged: [], more: true };
  while (sum.more) {
    const part = await callAdmin(target, result, { method: 'POST', path, body });
    sum.changed += part.changed;
    sum.unchanged.push(...part.unchanged);
    // A page in which nothing changes would come again for ever.
    sum.more = part.more && part.changed > 0;
  }
  if (flags.json) terminal.print(JSON.stringify(sum, null, 2));
  else {
    terminal.print(`${sum.changed} changed, ${sum.unchanged.length} unchanged`);
    for (const { id, reason } of sum.unchanged) terminal.print(toPrintable(`  ${id}: ${reason}`));
  }
  return 0;
}
