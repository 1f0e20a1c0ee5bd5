import { z } from 'zod';
import { callTask, describe, findTask } from '../run-task.ts';
import type { Target } from '../target.ts';
import { printable, type Terminal } from '../terminal.ts';

/** A late ticket with somebody to be told of it, as a dry run lists it. */
const candidate = z.looseObject({
  id: z.string(),
  decision: z.string(),
  reason: z.string(),
  ticket_number: z.string().optional(),
  stage: z.string().optional(),
  days_in_stage: z.number().optional(),
  recipient: z.string().nullable().optional(),
  until: z.string().optional(),
});

/** Runs check-delay-alerts once; a dry run lists every ticket with every recipient. 1 where the run failed. */
export async function alertsCheck(
  target: Target,
  { dryRun, force, json }: { dryRun?: true; force?: true; json?: true },
  { print }: Terminal,
): Promise<number> {
  const params = { ...(dryRun ? { dry_run: true } : {}), ...(force ? { force: true } : {}) };
  const answer = await callTask(findTask('check-delay-alerts'), params, target);
  if (json) print(JSON.stringify(answer.body, null, 2));
  else {
    for (const line of describeCandidates(answer.body.candidates)) print(line);
    print(printable(describe(answer)));
  }
  return answer.status === 200 ? 0 : 1;
}

/** One line per ticket and recipient; none where the answer lists no candidates. */
export function describeCandidates(candidates: unknown): string[] {
  return z
    .array(candidate)
    .catch([])
    .parse(candidates)
    .map((one) => {
      const ticket = [
        one.ticket_number ?? one.id,
        ...(one.stage === undefined ? [] : [one.stage]),
        ...(one.days_in_stage === undefined ? [] : [`${one.days_in_stage} d`]),
      ].join(', ');
      const until = one.until === undefined ? '' : ` until ${one.until}`;
      const who = one.recipient ?? (one.recipient === null ? 'nobody' : '');
      return printable(
        `  ${one.decision.padEnd(5)} ${one.reason}${until}: ${ticket}${who ? ` -> ${who}` : ''}`,
      );
    });
}
