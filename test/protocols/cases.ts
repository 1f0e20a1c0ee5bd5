import { batchProtocol } from './batches.ts';
import { digestProtocol } from './digest.ts';
import type { Bounds, Protocol } from './explorer.ts';
import { ledgerProtocol } from './ledger.ts';
import { withoutCondition, withoutMark, withoutWrite } from './mutate.ts';
import { noticeProtocol } from './notice.ts';
import { reminderProtocol } from './reminder.ts';
import { visitProtocol } from './visits.ts';

/** A protocol with the bounds within which every interleaving is tried. */
export interface ProtocolCase {
  protocol: Protocol;
  bounds: Bounds;
}

const bounds = (preemptions: number, faults = 0, kills = 0): Bounds => ({ preemptions, faults, kills });

/** The complete explorations: two parties, a minute passing, and one fault or one kill. */
export const CASES: readonly ProtocolCase[] = [
  { protocol: reminderProtocol({ runs: 2, minutes: 0, payments: 0 }), bounds: bounds(9) },
  { protocol: reminderProtocol({ runs: 2, minutes: 1, payments: 0 }), bounds: bounds(3) },
  { protocol: reminderProtocol({ runs: 1, minutes: 0, payments: 1 }), bounds: bounds(9, 1) },
  { protocol: reminderProtocol({ runs: 1, minutes: 1, payments: 0 }), bounds: bounds(3, 1, 1) },
  { protocol: reminderProtocol({ runs: 2, minutes: 1, payments: 0 }), bounds: bounds(2, 1) },
  { protocol: reminderProtocol({ runs: 2, minutes: 1, payments: 0 }), bounds: bounds(2, 0, 1) },
  { protocol: digestProtocol({ runs: 2, minutes: 0 }), bounds: bounds(9) },
  { protocol: digestProtocol({ runs: 2, minutes: 1 }), bounds: bounds(3) },
  { protocol: digestProtocol({ runs: 2, minutes: 1 }), bounds: bounds(2, 1) },
  { protocol: digestProtocol({ runs: 2, minutes: 1 }), bounds: bounds(2, 0, 1) },
  { protocol: noticeProtocol({ runs: 2, minutes: 0 }), bounds: bounds(4) },
  { protocol: noticeProtocol({ runs: 2, minutes: 1 }), bounds: bounds(3) },
  { protocol: noticeProtocol({ runs: 2, minutes: 1 }), bounds: bounds(2, 1) },
  { protocol: noticeProtocol({ runs: 2, minutes: 1 }), bounds: bounds(2, 0, 1) },
  { protocol: ledgerProtocol({ deliveries: 2, minutes: 0 }), bounds: bounds(9) },
  { protocol: ledgerProtocol({ deliveries: 2, minutes: 1 }), bounds: bounds(4) },
  { protocol: ledgerProtocol({ deliveries: 2, minutes: 1 }), bounds: bounds(2, 1) },
  { protocol: ledgerProtocol({ deliveries: 2, minutes: 1 }), bounds: bounds(3, 0, 1) },
  { protocol: ledgerProtocol({ deliveries: 3, minutes: 1 }), bounds: bounds(2) },
  { protocol: batchProtocol({ deliveries: [2, 1], closers: 0 }), bounds: bounds(3) },
  { protocol: batchProtocol({ deliveries: [1, 1], closers: 1 }), bounds: bounds(3) },
  { protocol: batchProtocol({ deliveries: [1, 1], closers: 1 }), bounds: bounds(2, 1) },
  { protocol: batchProtocol({ deliveries: [2, 1], closers: 1 }), bounds: bounds(2, 0, 1) },
  { protocol: visitProtocol({ sweeps: 2, heartbeats: 1, ends: 1 }), bounds: bounds(9) },
  { protocol: visitProtocol({ sweeps: 1, heartbeats: 2, ends: 1 }), bounds: bounds(3, 1) },
  { protocol: visitProtocol({ sweeps: 2, heartbeats: 1, ends: 0 }), bounds: bounds(4, 1, 1) },
];

/** The explorations beyond, by random walks: more parties, faults and kills together. */
export const BEYOND: readonly ProtocolCase[] = [
  { protocol: reminderProtocol({ runs: 2, minutes: 2, payments: 1 }), bounds: bounds(20, 2, 1) },
  { protocol: digestProtocol({ runs: 2, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: noticeProtocol({ runs: 2, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: ledgerProtocol({ deliveries: 3, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: batchProtocol({ deliveries: [2, 2], closers: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: visitProtocol({ sweeps: 2, heartbeats: 2, ends: 1 }), bounds: bounds(20, 2, 1) },
];

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

/** A walk that broke a promise once. */
export interface KeptWalk extends ProtocolCase {
  name: string;
  /** The events that lead there; undisturbed ones follow. */
  picks: readonly number[];
}

/** The walks that found faults of the product. */
export const KEPT: readonly KeptWalk[] = [
  {
    name: 'a run finds a claim of a digest old, and the other run is alive and sends it',
    protocol: digestProtocol({ runs: 2, minutes: 1 }),
    bounds: bounds(3),
    picks: [0, 0, 0, 0, 0, 2, 0, 0, 0, 1],
  },
  {
    name: 'a run finds a notice that was in its body for a minute, and the other run releases it',
    protocol: noticeProtocol({ runs: 2, minutes: 1 }),
    bounds: bounds(2, 1),
    picks: [0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 1],
  },
];

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
];
