import { z } from 'zod';
import { callTask, describeAnswer, findTask } from '../run-task.ts';
import type { Target } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';

/** A late ticket and a recipient to notify, as a dry run lists them. */
const alertCandidate = z.looseObject({
  id: z.string(),
  decision: z.string(),
  reason: z.string(),
  ticket_number: z.string().optional(),
  stage: z.string().optional(),
  days_in_stage: z.number().optional(),
  recipient: z.string().nullable().optional(),
  until: z.string().optional(),
});

/** Runs check-delay-alerts once; a dry run lists every ticket with every recipient. Returns 1 if the run fails. */
export async function checkAlerts(
  target: Target,
  { dryRun, force, json }: { dryRun?: true; force?: true; json?: true },
  { print }: Terminal,
): Promise<number> {
  const params = { ...(dryRun ? { dry_run: true } : {}), ...(force ? { force: true } : {}) };
  const answer = await callTask(findTask('check-delay-alerts'), params, target);
  if (json) print(JSON.stringify(answer.body, null, 2));
  else {
    for (const line of describeAlerts(answer.body.candidates)) print(line);
    print(toPrintable(describeAnswer(answer)));
  }
  return answer.status === 200 ? 0 : 1;
}

/** Returns a line per ticket and recipient. Returns an empty list if there are no candidates. */
export function describeAlerts(candidates: unknown): string[] {
  return z
    .array(alertCandidate)
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
      return toPrintable(
        `  ${one.decision.padEnd(5)} ${one.reason}${until}: ${ticket}${who ? ` -> ${who}` : ''}`,
      );
    });
}
