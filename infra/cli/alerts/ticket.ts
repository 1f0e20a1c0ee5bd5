import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { findId } from '../find-id.ts';
import { findTarget } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const MAX_ALERTS = 10;

const ticket = z.looseObject({
  id: z.string(),
  number: z.unknown(),
  device: z.unknown(),
  status: z.unknown(),
  stage: z.unknown(),
  snoozed_until: z.unknown().optional(),
  delay: z.object({
    since: z.string().nullable(),
    source: z.enum(['stage_entered_at', 'events', 'created_at', 'reopened_at']).nullable(),
    days_in_stage: z.number().nullable(),
    threshold_days: z.number(),
    late_after: z.string().nullable(),
    late: z.boolean(),
    reason: z.enum([
      'over_threshold',
      'within_threshold',
      'not_active',
      'excluded_stage',
      'snoozed',
      'no_date',
    ]),
  }),
});
type ExplainedTicket = z.infer<typeof ticket>;

const alert = z.looseObject({
  recipient: z.unknown(),
  state: z.unknown(),
  stage: z.unknown(),
  claimed_at: z.unknown(),
  message_id: z.unknown(),
});
const log = z.object({ items: z.array(alert) });

/** Prints why a ticket, named by id or number, causes alerts or not: its time in the stage, the threshold, the last alerts. */
export async function explainTicket(
  named: string,
  { json }: { json?: true },
  { print }: Terminal,
): Promise<number> {
  const target = await findTarget();
  const id = await findId(target, 'tickets', named);
  if (id.trim() === '' || id.includes('/'))
    throw new UsageError(
      `${JSON.stringify(named)} is neither the id nor the number of a ticket; give one of both.`,
    );
  const path = encodeURIComponent(id);
  const found = await callAdmin(target, ticket, { method: 'GET', path: `/v1/admin/tickets/${path}` });
  const query = `ticket=${path}&limit=${MAX_ALERTS}`;
  const { items } = await callAdmin(target, log, { method: 'GET', path: `/tickets/alerts/log?${query}` });
  if (json) print(JSON.stringify({ ...found, alerts: items }, null, 2));
  else for (const line of describeTicket(found, items)) print(toPrintable(line));
  return 0;
}

const SOURCES: Record<NonNullable<ExplainedTicket['delay']['source']>, string> = {
  stage_entered_at: 'its field stage_entered_at',
  events: 'its last event into that stage (it has no stage_entered_at)',
  created_at: 'its creation (it has no stage_entered_at, and no event leads into that stage)',
  reopened_at: 'its last reopening; the time before it does not count',
};

function describeTicket(found: ExplainedTicket, alerts: z.infer<typeof alert>[]): string[] {
  const { delay } = found;
  const dated =
    delay.source === null
      ? [`Stage     ${found.stage}`]
      : [
          `Stage     ${found.stage}, for ${delay.days_in_stage} whole days, since ${delay.since}`,
          `Since     ${SOURCES[delay.source]}`,
          `Threshold ${delay.threshold_days} days: late after ${delay.late_after}`,
        ];
  return [
    `Ticket ${found.number} (${found.id}), ${found.device}`,
    ...dated,
    `Late      ${REASONS[delay.reason](found)}`,
    alerts.length === 0 ? 'Alerts    none yet' : 'Alerts    newest first',
    ...alerts.map(
      (one) => `  ${one.claimed_at}  ${one.state}  ${one.recipient}  ${one.stage}  ${one.message_id}`,
    ),
  ];
}

const REASONS: Record<ExplainedTicket['delay']['reason'], (found: ExplainedTicket) => string> = {
  over_threshold: () => 'yes: longer in its stage than the threshold',
  within_threshold: () => 'no: not longer in its stage than the threshold',
  not_active: ({ status }) => `no: its status is ${status}, and only active tickets are checked`,
  excluded_stage: () => 'no: settings/alerts excludes its stage',
  snoozed: ({ snoozed_until }) => `no: snoozed until ${snoozed_until}`,
  no_date: () => 'no: neither stage_entered_at nor created_at can be read; store them as timestamps',
};
