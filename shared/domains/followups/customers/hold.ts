import { dueDayOf, type Followup } from '../followup.ts';
import type { Reason } from '../reasons.ts';
import { endOf } from '../schedule/days.ts';
import type { Settings } from '../settings.ts';
import type { BillingCustomer, PauseReason } from './billing-customer.ts';

const REASON_OF: Readonly<Record<PauseReason, Reason>> = {
  dispute: 'customer_disputes',
  promise: 'customer_promised',
  other: 'customer_paused',
};

/** Returns the end of a customer's pause, in milliseconds: after a promise the day after it, in the organisation's zone. */
function pauseEnd({ pausedUntil, promisedOn }: BillingCustomer, { rules }: Settings): number | null {
  return promisedOn === null ? pausedUntil : endOf(promisedOn, rules.hours.zone);
}

/** Returns why a customer's follow-ups wait at an instant, and until when; null if they do not. */
export function customerPause(
  { billing }: Followup,
  settings: Settings,
  now: number,
): { reason: Reason; until: number } | null {
  const until = billing ? pauseEnd(billing, settings) : null;
  if (!billing || until === null || until <= now) return null;
  return { reason: REASON_OF[billing.pauseReason ?? 'other'], until };
}

/**
 * Returns the day that a customer promised to pay on, if this mail is the first one after it: the document was due by then,
 * the day is over, and no mail has gone since.
 */
export function brokenPromise(followup: Followup, settings: Settings, now: number): string | null {
  const day = followup.billing?.promisedOn ?? null;
  if (day === null || followup.type !== 'invoice') return null;
  const end = endOf(day, settings.rules.hours.zone);
  const due = dueDayOf(followup, settings);
  const isFirst = followup.lastSentAt === null || followup.lastSentAt < end;
  return now >= end && isFirst && due !== null && due.day <= day ? day : null;
}
