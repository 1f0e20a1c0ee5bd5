import type { ReplyFacts } from '../../shared/runtime/task.ts';

/** The parameters of a run. */
export interface Params {
  force: boolean;
  threshold_days?: number | undefined;
}

/** Returns the task's own fields of the answer. An alert is about one ticket, to one recipient. */
export function reply(facts: ReplyFacts<Params>): Record<string, unknown> {
  const { dryRun, outcome, params: of, reasons, tally } = facts;
  const sent = sum(reasons.acted, ['new', 'reminder', 'forced']);
  return {
    success: outcome !== 'failed',
    message: message(facts, sent),
    checked: tally.checked ?? 0,
    overdue: tally.overdue ?? 0,
    alerts: {
      sent: dryRun ? 0 : sent,
      ...(dryRun ? { would_send: sent } : {}),
      suppressed: reasons.skipped.suppressed ?? 0,
      failed: facts.counts.failed,
    },
    force: of.force,
  };
}

const sum = (counts: Readonly<Record<string, number>>, reasons: readonly string[]) =>
  reasons.reduce((total, reason) => total + (counts[reason] ?? 0), 0);

/** The remedy for failures that need a person. */
const REMEDIES: Partial<Record<string, string>> = {
  no_active_recipient: 'there is no active recipient: choose recipients on /tickets/alerts/config/',
  no_responsible_recipient:
    'no recipient has their stage or assignee: widen a filter on /tickets/alerts/config/ or add a recipient without one',
  mail_not_configured: 'mail is not configured: set EMAIL_HOST and the other EMAIL_* variables',
  mail_system: 'the mail server refuses the account: read the log, then correct EMAIL_* or the account',
};

function message({ outcome, dryRun, counts, reasons, tally }: ReplyFacts<Params>, sent: number): string {
  const remedy = Object.keys(reasons.failed).flatMap((reason) => REMEDIES[reason] ?? [])[0];
  const late = `${tally.overdue ?? 0} late ticket(s)`;
  if (outcome === 'failed' && remedy) return `Failed: ${late}, and ${remedy}`;
  if (dryRun) return `Would send ${sent} alert(s) about ${late}`;
  if (outcome === 'failed') return `Failed after sending ${sent} alert(s) about ${late}`;
  const end = outcome === 'partial' ? `, terminée avec ${counts.failed} échec(s)` : '';
  return `Sent ${sent} alert(s) about ${late}${end}`;
}
