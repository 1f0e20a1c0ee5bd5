import { z } from 'zod';
import { toPrintable } from './terminal.ts';

/** Prints at most this many candidates; --json prints all of the answer. */
const MAX_LINES = 50;

const candidate = z.looseObject({
  id: z.string(),
  decision: z.string(),
  reason: z.string(),
  error: z.string().nullish(),
});
const answer = z.looseObject({ candidates: z.array(candidate) });

/** Returns a line per candidate of a dry run. Returns an empty list if the answer has no candidates. */
export function describeCandidates(body: unknown): string[] {
  const { candidates } = answer.catch({ candidates: [] }).parse(body);
  const lines = candidates
    .slice(0, MAX_LINES)
    .map(({ id, decision, reason, error }) =>
      toPrintable(`  ${decision.padEnd(5)} ${reason}: ${id}${error ? `: ${error}` : ''}`),
    );
  const more = candidates.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more; --json lists them`] : lines;
}
