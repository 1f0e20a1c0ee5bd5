import { z } from 'zod';
import { callAdmin } from './admin-call.ts';
import type { Target } from './target.ts';
import { toPrintable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const foundList = z.object({
  items: z.array(z.object({ id: z.string(), name: z.string(), more: z.string() })),
});
const searched = z.object({ followups: foundList, tickets: foundList });

/** The search of the API takes no longer text. */
const MAX_TEXT = 200;

/**
 * Returns the id of a follow-up or ticket that is named by its id, or by its whole number. Returns the name itself if
 * nothing has it: the route of the id then says so. Throws UsageError if several have that number.
 */
export async function findId(target: Target, kind: 'followups' | 'tickets', named: string): Promise<string> {
  const words = named.trim();
  if (words === '' || words.length > MAX_TEXT) return named;
  const path = `/v1/admin/search?q=${encodeURIComponent(words)}`;
  const { items } = (await callAdmin(target, searched, { method: 'GET', path }))[kind];
  if (items.some(({ id }) => id === named)) return named;
  const same = items.filter(({ name }) => name.toLowerCase() === words.toLowerCase());
  if (same.length > 1) {
    const lines = same.map(({ id, name, more }) => toPrintable(`  ${id}  ${name}  ${more}`));
    throw new UsageError(
      [`${same.length} ${kind} are called ${JSON.stringify(words)}; give the id of one:`, ...lines].join(
        '\n',
      ),
    );
  }
  return same[0]?.id ?? named;
}
