import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { alignRows, type Terminal, toPrintable } from '../terminal.ts';

export interface ListFlags {
  org?: string;
  status?: string;
  view?: string;
  search?: string;
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
      explanation: z.looseObject({ message: z.object({ en: z.string() }) }).nullish(),
    }),
  ),
  counts: z.record(z.string(), z.number()).optional(),
  next_page: z.string().nullish(),
});
type ListPage = z.infer<typeof listPage>;

const PAGE_SIZE = 100;

/** The open ones, unless a view, a search or a status is asked for. */
function listQuery({ org, status, view, search }: ListFlags): URLSearchParams {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (view === undefined && search === undefined) query.set('status', status ?? 'open');
  else if (status !== undefined) query.set('status', status);
  if (view !== undefined) query.set('view', view);
  if (search !== undefined) query.set('q', search);
  if (org !== undefined) query.set('org_id', org);
  return query;
}

/**
 * Lists follow-ups with their ids, one line each, or all of them as JSON. A view or a search says what the next run decides
 * and counts all views.
 */
export async function listFollowups(target: Target, flags: ListFlags, { print }: Terminal): Promise<void> {
  const query = listQuery(flags);
  const items: ListPage['items'] = [];
  let counts: ListPage['counts'];
  for (let more = true; more; ) {
    const request = { method: 'GET', path: `/api/followups?${query}` } as const;
    const answer: ListPage = await callAdmin(target, listPage, request);
    items.push(...answer.items);
    counts = answer.counts;
    more = typeof answer.next_page === 'string';
    if (answer.next_page) query.set('page', answer.next_page);
  }
  if (flags.json) return print(JSON.stringify({ items, counts }, null, 2));
  if (counts)
    print(
      Object.entries(counts)
        .map(([view, count]) => `${view} ${count}`)
        .join('  '),
    );
  if (items.length === 0) return print(`no ${query.get('status') ?? 'such'} follow-ups`);
  for (const line of alignRows(items.map(toRow))) print(line);
}

function toRow(item: ListPage['items'][number]): string[] {
  const { id, org_id, source_label, status, level, next_due_at, parked, explanation } = item;
  const next = parked ? `waits: ${parked.reason}` : `next ${next_due_at ?? 'none'}`;
  const cells = [id, source_label ?? '', org_id, status, `level ${level ?? 0}`, next];
  return [...cells, explanation?.message.en ?? ''].map(toPrintable);
}
