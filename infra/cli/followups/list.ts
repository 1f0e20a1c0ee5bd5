import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';

export interface ListFlags {
  org?: string;
  status: string;
  json?: true;
}

const listPage = z.looseObject({
  items: z.array(
    z.looseObject({
      id: z.string(),
      org_id: z.string(),
      source_label: z.string().nullish(),
      status: z.string(),
      level: z.number().nullish(),
      next_due_at: z.string().nullish(),
      parked: z.looseObject({ reason: z.string() }).nullish(),
    }),
  ),
  next_page: z.string().nullish(),
});
type ListPage = z.infer<typeof listPage>;

const PAGE_SIZE = 100;

/** Lists follow-ups with their ids, one line each, or all of them as JSON. */
export async function listFollowups(target: Target, flags: ListFlags, { print }: Terminal): Promise<void> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE), status: flags.status });
  if (flags.org !== undefined) query.set('org_id', flags.org);
  const items: ListPage['items'] = [];
  for (let more = true; more; ) {
    const request = { method: 'GET', path: `/api/followups?${query}` } as const;
    const answer: ListPage = await callAdmin(target, listPage, request);
    items.push(...answer.items);
    more = typeof answer.next_page === 'string';
    if (answer.next_page) query.set('page', answer.next_page);
  }
  if (flags.json) return print(JSON.stringify({ items }, null, 2));
  if (items.length === 0) return print(`no ${flags.status} follow-ups`);
  for (const { id, org_id, source_label, status, level, next_due_at, parked } of items) {
    const next = parked ? `waits: ${parked.reason}` : `next ${next_due_at ?? 'none'}`;
    print(toPrintable(`${id}  ${source_label ?? ''}  ${org_id}  ${status}  level ${level ?? 0}  ${next}`));
  }
}
