import { z } from 'zod';
import { printable } from './terminal.ts';

/** So many are told one by one; --json has all that the answer holds. */
const MAX_LINES = 50;

const candidate = z.looseObject({
  id: z.string(),
  decision: z.string(),
  reason: z.string(),
  error: z.string().nullish(),
});
const answer = z.looseObject({ candidates: z.array(candidate) });

/** What a dry run would do with each candidate, a line each; none where the answer lists no candidates. */
export function candidateLines(body: unknown): string[] {
  const { candidates } = answer.catch({ candidates: [] }).parse(body);
  const lines = candidates
    .slice(0, MAX_LINES)
    .map(({ id, decision, reason, error }) =>
      printable(`  ${decision.padEnd(5)} ${reason}: ${id}${error ? `: ${error}` : ''}`),
    );
  const more = candidates.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more; --json lists them`] : lines;
}
