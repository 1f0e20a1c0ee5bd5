import type { DocumentSnapshot } from '@google-cloud/firestore';
import { millis } from '../../../doors/store/firestore.ts';
import { toText } from '../row.ts';
import { isDay } from '../schedule/days.ts';

export const PAUSE_REASONS = ['dispute', 'promise', 'other'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];
export const CUSTOMER_KINDS = ['business', 'consumer', 'unknown'] as const;

/** The word of an organisation about one customer, for all follow-ups of that customer. Times are milliseconds. */
export interface BillingCustomer {
  kind: (typeof CUSTOMER_KINDS)[number];
  /** This customer gets no reminders. */
  excluded: boolean;
  pausedUntil: number | null;
  pauseReason: PauseReason | null;
  /** The day on which the customer said that the payment comes. */
  promisedOn: string | null;
}

/** Reads a customer's document. Returns null if there is none. */
export function toBillingCustomer(snapshot: DocumentSnapshot): BillingCustomer | null {
  if (!snapshot.exists) return null;
  const word = <Word extends string>(name: string, words: readonly Word[]): Word | null =>
    words.find((one) => one === snapshot.get(name)) ?? null;
  const promised = toText(snapshot.get('promised_on'));
  return {
    kind: word('kind', CUSTOMER_KINDS) ?? 'unknown',
    excluded: snapshot.get('excluded') === true,
    pausedUntil: millis(snapshot.get('paused_until')),
    pauseReason: word('pause_reason', PAUSE_REASONS),
    promisedOn: promised !== null && isDay(promised) ? promised : null,
  };
}
