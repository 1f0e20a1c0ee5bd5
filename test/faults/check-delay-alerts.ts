import { type DocumentData, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { CLAIM_LEASE_MS } from '../../shared/doors/mail/claims.ts';
import { seed } from '../support/documents.ts';
import type { Figures } from './harness/plan.ts';
import type { FaultStage } from './harness/stage.ts';
import { taskPlan } from './harness/task-plan.ts';

const DAY_MS = 86_400_000;
/** Late tickets; each recipient gets one mail about all of them. */
const LATE = 5;
const numberOf = (ticket: number) => `R-${1000 + ticket}`;
const addressOf = (recipient: number) => `recipient-${recipient}@example.test`;
const logs = async (stage: FaultStage) => (await stage.store().collection('delay_alert_logs').get()).docs;
const pairOf = (row: QueryDocumentSnapshot) => `${row.get('ticket_number')} ${row.get('recipient')}`;

function ticket(index: number, since: Date, days: number): DocumentData {
  const entered = Timestamp.fromMillis(since.getTime() - days * DAY_MS);
  return {
    number: numberOf(index),
    device: 'Phone',
    status: 'active',
    stage: index % 2 === 0 ? 'diagnosis' : 'parts',
    stage_entered_at: entered,
    created_at: entered,
  };
}

/**
 * Requirements on mails and rows:
 * - no recipient gets two mails about one ticket
 * - each mail is the one that its rows name
 * - a `sent` row has a mail
 * - an `unknown` row has at most one: its process died between the body's first byte and the record of the answer
 */
async function violations(stage: FaultStage): Promise<string[]> {
  const found: string[] = [];
  const mails = stage.smtp.mails();
  const rows = await logs(stage);
  const mailsByPair = new Map<string, number>();
  for (const mail of mails) {
    const rowsOfMail = rows.filter((row) => row.get('message_id') === mail.message_id);
    if (rowsOfMail.length === 0) found.push(`wrong: the mail ${mail.message_id} is in no row of the log`);
    for (const row of rowsOfMail) {
      mailsByPair.set(pairOf(row), (mailsByPair.get(pairOf(row)) ?? 0) + 1);
      if (!mail.text.includes(row.get('ticket_number')) || mail.to[0] !== row.get('recipient'))
        found.push(`wrong: the mail to ${mail.to[0]} is not what ${pairOf(row)} says`);
    }
  }
  for (const row of rows) {
    const pair = pairOf(row);
    const count = mailsByPair.get(pair) ?? 0;
    const state = row.get('state') as string;
    if (count > 1) found.push(`twice: ${pair} is in ${count} mails`);
    if (!['sent', 'unknown'].includes(state)) found.push(`ledger: ${pair} was left ${state}`);
    if (state === 'sent' && count === 0) found.push(`lost: ${pair} is called sent and is in no mail`);
  }
  return found;
}

/** Counts the uncertain alerts by whether their mail has arrived. */
async function unknowns(stage: FaultStage): Promise<Figures> {
  const arrived = new Set(stage.smtp.mails().map((mail) => mail.message_id));
  const rows = (await logs(stage)).filter((row) => row.get('state') === 'unknown');
  const digests = [...new Set(rows.map((row) => row.get('message_id') as string))];
  return {
    mails: arrived.size,
    'unknown, arrived': digests.filter((id) => arrived.has(id)).length,
    'unknown, not arrived': digests.filter((id) => !arrived.has(id)).length,
  };
}

/** Faults while recipients are notified of late tickets, four digests at a time. */
export const plan = taskPlan({
  name: 'check-delay-alerts',
  items: { sample: 4 * LATE, full: 8 * LATE },
  claimLeaseMs: CLAIM_LEASE_MS,
  async seed(stage, { items, now, random }) {
    // A store that lost everything knows of no mail.
    stage.smtp.clear();
    const late = [...Array(LATE).keys()];
    const tickets = late.map((index): [string, DocumentData] => [
      `late-${index}`,
      ticket(index, now, 15 + Math.floor(random() * 300)),
    ]);
    const others = [...Array(20).keys()].map((index): [string, DocumentData] => [
      `other-${index}`,
      index % 2 === 0 ? ticket(100 + index, now, 3) : { ...ticket(100 + index, now, 30), status: 'closed' },
    ]);
    await seed(stage.store(), 'tickets', new Map([...tickets, ...others]));
    const recipients = [...Array(items / LATE).keys()];
    const people = recipients.map((index): [string, DocumentData] => [
      `recipient-${index}`,
      { name: 'Somebody', email: addressOf(index), active: true },
    ]);
    await seed(stage.store(), 'alert_recipients', new Map(people));
    // With a clock moved by a day, a reminder would become due, and its mail would be right.
    await seed(stage.store(), 'settings', new Map([['alerts', { repeat_hours: 96 }]]));
    return recipients.flatMap((index) => late.map((number) => `${numberOf(number)} ${addressOf(index)}`));
  },
  async effects(stage) {
    const settled = (await logs(stage)).filter((row) => ['sent', 'unknown'].includes(row.get('state')));
    const marks = new Map<string, string>();
    for (const row of settled) marks.set(pairOf(row), [marks.get(pairOf(row)) ?? '', row.id].sort().join());
    return marks;
  },
  violations,
  figures: unknowns,
});
