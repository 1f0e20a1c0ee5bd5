import type { ReplyFacts } from '../../shared/runtime/task.ts';

/** The parameters that a run was called with. */
export interface Params {
  force: boolean;
  threshold_days?: number | undefined;
}

/** The task's own fields of the answer. An alert is one ticket told to one recipient. */
export function reply(facts: ReplyFacts<Params>): Record<string, unknown> {
  const { dryRun, outcome, params: of, reasons, tally } = facts;
  const told = sum(reasons.acted, ['new', 'reminder', 'forced']);
  return {
    success: outcome !== 'failed',
    message: message(facts, told),
    checked: tally.checked ?? 0,
    overdue: tally.overdue ?? 0,
    alerts: {
      sent: dryRun ? 0 : told,
      ...(dryRun ? { would_send: told } : {}),
      suppressed: reasons.skipped.suppressed ?? 0,
      failed: facts.counts.failed,
    },
    force: of.force,
  };
}

const sum = (counts: Readonly<Record<string, number>>, reasons: readonly string[]) =>
  reasons.reduce((total, reason) => total + (counts[reason] ?? 0), 0);

/** Why a run failed, where a person has to do something about it. */
const REMEDIES: Partial<Record<string, string>> = {
  no_active_recipient: 'nobody is told of it: choose recipients on /tickets/alerts/config/',
  mail_not_configured: 'no mail can go: set EMAIL_HOST and what belongs to it',
  mail_system: 'the mail server refuses to work for us: see the log, and correct EMAIL_* or the account',
};

function message({ outcome, dryRun, counts, reasons, tally }: ReplyFacts<Params>, told: number): string {
  const remedy = Object.keys(reasons.failed).flatMap((reason) => REMEDIES[reason] ?? [])[0];
  const late = `${tally.overdue ?? 0} late ticket(s)`;
  if (outcome === 'failed' && remedy) return `Failed: ${late}, and ${remedy}`;
  if (dryRun) return `Would send ${told} alert(s) about ${late}`;
  if (outcome === 'failed') return `Failed after sending ${told} alert(s) about ${late}`;
  const end = outcome === 'partial' ? `, terminée avec ${counts.failed} échec(s)` : '';
  return `Sent ${told} alert(s) about ${late}${end}`;
}
