import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { followupPath } from './path.ts';

const explanation = z.looseObject({
  decision: z.string(),
  reason: z.string(),
  message: z.object({ en: z.string() }),
  detail: z.string().nullable(),
  level: z.number().nullable(),
  levels: z.number(),
  next_due_at: z.string().nullable(),
  last_run: z
    .looseObject({
      run_id: z.string(),
      reasons: z.array(
        z.looseObject({ reason: z.string(), count: z.number(), message: z.object({ en: z.string() }) }),
      ),
    })
    .nullish(),
});
const historyLine = z.looseObject({
  at: z.string().nullable(),
  reason: z.string(),
  level: z.number(),
  detail: z.string().nullish(),
  response: z.string().nullish(),
  run_id: z.string().nullish(),
  by: z.string().nullish(),
});
const history = z.looseObject({ items: z.array(historyLine) });

/** Remedies that need a person, by the reason; the console has the button. */
const CONSOLE_REMEDIES: Readonly<Record<string, string>> = {
  unknown_delivery: 'settle it in the console',
  held: 'confirm it in the console',
};

/** Prints what the next run would decide and why, then every decision so far. */
export async function explainFollowup(
  target: Target,
  id: string,
  { json }: { json?: true },
  { print }: Terminal,
): Promise<void> {
  const now = await callAdmin(target, explanation, { method: 'GET', path: followupPath(id, 'explain') });
  const historyPath = `${followupPath(id, 'history')}?limit=500`;
  const { items } = await callAdmin(target, history, { method: 'GET', path: historyPath });
  if (json) return print(JSON.stringify({ ...now, history: items }, null, 2));
  print(`${now.decision} (${now.reason}): ${now.message.en}`);
  if (now.detail) print(now.detail);
  const remedy = CONSOLE_REMEDIES[now.reason];
  if (remedy) print(`${remedy}: ${target.url}/console/followups/${encodeURIComponent(id)}`);
  const next = now.level === null ? 'no further level' : `level ${now.level} of ${now.levels} is next`;
  print(`${next}${now.next_due_at ? `, due ${now.next_due_at}` : ''}`);
  for (const { reason, count, message } of now.last_run?.reasons ?? [])
    print(`the last run, ${now.last_run?.run_id}, left ${count} (${reason}): ${message.en}`);
  for (const line of items) print(describeHistory(line));
}

function describeHistory(line: z.infer<typeof historyLine>): string {
  const actor = line.by ?? line.run_id;
  const more = [line.detail, line.response, actor ? `by ${actor}` : null].filter(Boolean).join('; ');
  return `  ${line.at}  level ${line.level}  ${line.reason}${more ? `  ${more}` : ''}`;
}
