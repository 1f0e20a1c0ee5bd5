import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';

export interface WhatIfFlags {
  settings?: string;
  asOf?: string;
  until?: string;
  json?: true;
}

const item = z.looseObject({
  id: z.string(),
  source_label: z.string(),
  level: z.number(),
  at: z.string().nullable(),
  to: z.string().nullable(),
  reason: z.string(),
});
const answer = z.looseObject({
  as_of: z.string(),
  until: z.string(),
  counts: z.object({ would_send: z.number(), would_not: z.number(), changed: z.number() }),
  difference: z.object({ by_change: z.record(z.string(), z.number()) }),
  would_send: z.array(item),
  changed: z.array(item.extend({ change: z.string(), saved_at: z.string().nullable() })),
});

const mails = (count: number) => (count === 1 ? '1 mail' : `${count} mails`);
const without = (count: number) => (count === 1 ? '1 follow-up gets' : `${count} follow-ups get`);

/** Prints which mails would go, and with other settings from a JSON file what differs. Writes nothing. */
export async function showWhatIf(
  target: Target,
  orgId: string,
  { settings, asOf, until, json }: WhatIfFlags,
  { print }: Terminal,
): Promise<void> {
  const body = {
    org_id: orgId,
    ...(settings === undefined ? {} : { settings: JSON.parse(await readFile(settings, 'utf8')) as unknown }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
    ...(until === undefined ? {} : { until }),
  };
  const found = await callAdmin(target, answer, { method: 'POST', path: '/api/followups/what-if', body });
  if (json) return print(JSON.stringify(found, null, 2));
  const { counts, difference } = found;
  print(
    `${found.as_of} to ${found.until}: ${mails(counts.would_send)} would go, ${without(counts.would_not)} none`,
  );
  for (const { at, level, source_label, to, id } of found.would_send)
    print(toPrintable(`  ${at}  level ${level}  ${source_label}  ${to}  ${id}`));
  if (settings === undefined) return;
  const kinds = Object.entries(difference.by_change).map(([change, count]) => `${count} ${change}`);
  print(
    kinds.length === 0
      ? 'no difference to the saved settings'
      : `compared with the saved settings: ${kinds.join(', ')}`,
  );
  for (const { change, saved_at, at, level, source_label, reason, id } of found.changed)
    print(
      toPrintable(
        `  ${change}  ${source_label} level ${level}: ${saved_at ?? 'none'} -> ${at ?? `none (${reason})`}  ${id}`,
      ),
    );
}
