import type { Delivery } from './outcome.ts';

/** The end of `sendOnce`. All but a `Delivery` mean that nothing was tried and that this run holds no claim. */
export type SendResult =
  | (Delivery & { messageId: string })
  /** Another run has the claim. */
  | { outcome: 'taken' }
  | NotTried;

/** A mail that this run did not try. */
export type NotTried =
  /** EMAIL_PAUSED. */
  | { outcome: 'paused' }
  /** The budget is used up, or an earlier mail of this run found the mail system or this From at fault. */
  | { outcome: 'stopped'; reason: 'budget' | 'mail_system' | 'sender' };

/** The run's budget is used up. */
export const BUDGET: NotTried = { outcome: 'stopped', reason: 'budget' };
