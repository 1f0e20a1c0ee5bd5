import { batchProtocol } from './batches.ts';
import { digestProtocol } from './digest.ts';
import type { Bounds, Protocol } from './explorer.ts';
import { ledgerProtocol } from './ledger.ts';
import { noticeProtocol } from './notice.ts';
import { presenceProtocol } from './presence.ts';
import { reminderProtocol } from './reminder.ts';
import { visitProtocol } from './visits.ts';

/** A protocol with the bounds within which every interleaving is tried. */
export interface ProtocolCase {
  protocol: Protocol;
  bounds: Bounds;
}

export const bounds = (preemptions: number, faults = 0, kills = 0): Bounds => ({
  preemptions,
  faults,
  kills,
});

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
  { protocol: presenceProtocol({ sweeps: 1, pings: 1 }), bounds: bounds(9) },
  { protocol: presenceProtocol({ sweeps: 1, pings: 1 }), bounds: bounds(2, 1) },
  { protocol: presenceProtocol({ sweeps: 1, pings: 1 }), bounds: bounds(2, 0, 1) },
  { protocol: presenceProtocol({ sweeps: 2, pings: 1 }), bounds: bounds(2) },
  { protocol: presenceProtocol({ lastPings: 1, logouts: 1 }), bounds: bounds(2, 1) },
  { protocol: presenceProtocol({ lastPings: 1, logouts: 1 }), bounds: bounds(2, 0, 1) },
  { protocol: presenceProtocol({ pings: 1, lastPings: 1, logouts: 1 }), bounds: bounds(2) },
  { protocol: presenceProtocol({ sweeps: 1, lastPings: 1, logouts: 1 }), bounds: bounds(2) },
  { protocol: presenceProtocol({ sweeps: 1, logins: 1 }), bounds: bounds(2, 1) },
];

/** The explorations beyond, by random walks: more parties, faults and kills together. */
export const BEYOND: readonly ProtocolCase[] = [
  { protocol: reminderProtocol({ runs: 2, minutes: 2, payments: 1 }), bounds: bounds(20, 2, 1) },
  { protocol: digestProtocol({ runs: 2, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: noticeProtocol({ runs: 2, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: ledgerProtocol({ deliveries: 3, minutes: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: batchProtocol({ deliveries: [2, 2], closers: 2 }), bounds: bounds(20, 2, 1) },
  { protocol: visitProtocol({ sweeps: 2, heartbeats: 2, ends: 1 }), bounds: bounds(20, 2, 1) },
  {
    protocol: presenceProtocol({ sweeps: 2, pings: 2, lastPings: 1, logouts: 1, logins: 1 }),
    bounds: bounds(20, 2, 1),
  },
];

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
