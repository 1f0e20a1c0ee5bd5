import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

export interface CustomerFlags {
  exclude?: true;
  include?: true;
  dispute?: true;
  promised?: string;
  pauseUntil?: string;
  resume?: true;
  note?: string;
  json?: true;
}

const customer = z.looseObject({
  email: z.string(),
  excluded: z.boolean(),
  paused_until: z.string().nullable(),
  pause_reason: z.string().nullable(),
  promised_on: z.string().nullable(),
  note: z.string().nullable(),
  followups: z.number().optional(),
});

/** Shows what an organisation says about a customer, or changes it by the flags. */
export async function showCustomer(
  target: Target,
  [orgId, address]: readonly [string, string],
  flags: CustomerFlags,
  { print }: Terminal,
): Promise<void> {
  const path = `/v1/admin/customers/${encodeURIComponent(orgId)}/${encodeURIComponent(address)}`;
  const body = toPatch(flags);
  const isChange = Object.keys(body).length > 0;
  const found = await callAdmin(
    target,
    customer,
    isChange ? { method: 'PUT', path, body } : { method: 'GET', path },
  );
  if (flags.json) return print(JSON.stringify(found, null, 2));
  const { email, excluded, paused_until, pause_reason, promised_on, note, followups } = found;
  const state = excluded ? 'gets no reminders' : paused_until === null ? 'gets reminders' : 'waits';
  const until = promised_on === null ? `until ${paused_until}` : `payment promised for ${promised_on}`;
  const why = paused_until === null ? '' : ` (${pause_reason}, ${until})`;
  print(toPrintable(`${email} ${state}${why}${note ? `: ${note}` : ''}`));
  if (followups !== undefined) print(`${followups} open follow-ups of this customer are changed`);
}

function toPatch(flags: CustomerFlags): Record<string, unknown> {
  const { exclude, include, dispute, promised, pauseUntil, resume, note } = flags;
  const pauses = [dispute, promised, pauseUntil, resume].filter((flag) => flag !== undefined);
  if (pauses.length > 1)
    throw new UsageError('Give one of --dispute, --promised, --pause-until and --resume.');
  if (exclude && include) throw new UsageError('Give --exclude or --include, not both.');
  return {
    ...(exclude || include ? { excluded: exclude === true } : {}),
    ...(dispute ? { pause_reason: 'dispute' } : {}),
    ...(promised === undefined ? {} : { promised_on: promised }),
    ...(pauseUntil === undefined ? {} : { paused_until: pauseUntil }),
    ...(resume ? { paused_until: null } : {}),
    ...(note === undefined ? {} : { note: note || null }),
  };
}
