import { FORGET, PING } from '../../shared/domains/presence/activity-scripts.ts';
import { batchProtocol } from './batches.ts';
import { bounds, type ProtocolCase } from './cases.ts';
import { digestProtocol } from './digest.ts';
import { ledgerProtocol } from './ledger.ts';
import { withoutCondition, withoutMark, withoutWrite, withoutWrites } from './mutate.ts';
import { noticeProtocol } from './notice.ts';
import { presenceProtocol } from './presence.ts';
import { reminderProtocol } from './reminder.ts';
import { visitProtocol } from './visits.ts';

/** A fault planted into the store or Redis, as if the product had left something out. */
export interface Mutant extends ProtocolCase {
  name: string;
}

const SENDS = /^followups\/F\/sends\//;
const FOLLOWUP = /^followups\/F$/;
const RUNS = /^task_runs\/[^/]+$/;
const twoRuns = { runs: 2, minutes: 0, payments: 0 };
const twice = { deliveries: 2, minutes: 0 };
const browser = { sweeps: 1, heartbeats: 1, ends: 1 };

/** Each of them must be found. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no claim and no version of the follow-up is checked',
    protocol: reminderProtocol({ ...twoRuns, mutate: withoutCondition(/^followups\//) }),
    bounds: bounds(9),
  },
  {
    name: 'the commit of `sending` does not check the follow-up, nor that of a claim',
    protocol: reminderProtocol({ runs: 1, minutes: 0, payments: 1, mutate: withoutCondition(FOLLOWUP) }),
    bounds: bounds(9),
  },
  {
    name: 'a claim is not stored',
    protocol: reminderProtocol({ ...twoRuns, mutate: withoutWrite(SENDS, 'state', 'claimed') }),
    bounds: bounds(9),
  },
  {
    name: '`sending` is not stored before the body',
    protocol: reminderProtocol({
      ...{ runs: 1, minutes: 0, payments: 0 },
      mutate: withoutWrite(SENDS, 'state', 'sending'),
    }),
    bounds: bounds(4, 0, 1),
  },
  {
    name: 'a sent mail is not counted',
    protocol: reminderProtocol({ ...twoRuns, mutate: withoutWrite(SENDS, 'state', 'sent') }),
    bounds: bounds(9),
  },
  {
    name: 'a digest is claimed, and released from a dead run, unchecked',
    protocol: digestProtocol({ runs: 2, minutes: 0, mutate: withoutCondition(/^delay_alert/) }),
    bounds: bounds(9),
  },
  {
    name: 'the claim of a digest is not stored',
    protocol: digestProtocol({
      runs: 1,
      minutes: 1,
      mutate: withoutWrite(/^delay_alert_logs/, 'state', 'sending'),
    }),
    bounds: bounds(3, 0, 1),
  },
  {
    name: 'a notice is claimed unchecked',
    protocol: noticeProtocol({ runs: 2, minutes: 0, mutate: withoutCondition(/^incidents/) }),
    bounds: bounds(4),
  },
  {
    name: 'a process does not recognise its own write of the ledger',
    protocol: ledgerProtocol({ ...twice, mutate: withoutMark }),
    bounds: bounds(2, 1),
  },
  {
    name: 'the effects of a task are unchecked',
    protocol: ledgerProtocol({ deliveries: 2, minutes: 1, mutate: withoutCondition(/^sheep\//) }),
    bounds: bounds(4),
  },
  {
    name: 'an attempt is opened over another one unchecked',
    protocol: ledgerProtocol({ deliveries: 2, minutes: 1, mutate: withoutCondition(RUNS, 'all') }),
    bounds: bounds(4),
  },
  {
    name: 'the lease is taken although it has a holder',
    protocol: ledgerProtocol({ ...twice, redis: { withoutNx: true } }),
    bounds: bounds(9),
  },
  {
    name: 'the lease is released by anybody',
    protocol: ledgerProtocol({ deliveries: 2, minutes: 1, redis: { withoutCompare: true } }),
    bounds: bounds(4),
  },
  {
    name: 'the end of a run is not stored',
    protocol: ledgerProtocol({ ...twice, mutate: withoutWrite(RUNS, 'outcome', 'succeeded') }),
    bounds: bounds(9),
  },
  {
    name: 'a run is closed by several',
    protocol: batchProtocol({ deliveries: [1, 1], closers: 0, mutate: withoutCondition(RUNS) }),
    bounds: bounds(4),
  },
  {
    name: 'visits are swept and reported unchecked',
    protocol: visitProtocol({ ...browser, mutate: withoutCondition(/^page_visits\//) }),
    bounds: bounds(9),
  },
  {
    name: 'a sweep does not recognise its own write',
    protocol: visitProtocol({ sweeps: 1, heartbeats: 0, ends: 0, mutate: withoutMark }),
    bounds: bounds(2, 1),
  },
  {
    name: 'a ping revives a session that logged out',
    protocol: presenceProtocol({
      ...{ lastPings: 1, logouts: 1 },
      redis: { blind: { script: PING, argument: 3, value: 'login' } },
    }),
    bounds: bounds(3),
  },
  {
    name: 'a sweep forgets a ping of whatever age',
    protocol: presenceProtocol({
      ...{ sweeps: 1, pings: 1 },
      redis: { blind: { script: FORGET, argument: 0, value: String(Number.MAX_SAFE_INTEGER) } },
    }),
    bounds: bounds(3),
  },
  {
    name: 'users are put offline unchecked',
    protocol: presenceProtocol({ sweeps: 1, pings: 1, mutate: withoutCondition(/^users\//) }),
    bounds: bounds(3),
  },
  {
    name: 'a logout is kept in Redis only',
    protocol: presenceProtocol({ lastPings: 1, logouts: 1, mutate: withoutWrites(/^login_history\/first/) }),
    bounds: bounds(2, 1),
  },
];
