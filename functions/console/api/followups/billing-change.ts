import * as z from 'zod';
import { billingSettings } from '../../../../shared/domains/followups/schema/billing-settings.ts';

/** Fields that only the answer has. A client may send them back; PUT ignores them. */
const ANSWER_ONLY = [
  'id',
  'held_due_before',
  'held',
  'rechecking',
  'rescheduling',
  'holding_since',
  'releasing_held',
  'time_zone_before',
  'from_used',
  'warnings',
  'activation',
  'rescheduled',
];

/** The body of PUT: the fields to merge, and what a person confirms. */
export const billingChange = z.preprocess(
  (sent) =>
    typeof sent === 'object' && sent !== null
      ? Object.fromEntries(Object.entries(sent).filter(([name]) => !ANSWER_ONLY.includes(name)))
      : sent,
  billingSettings.partial().extend({
    /** The follow-ups held since the activation may go now. */
    confirm_held: z.boolean('must be true or false').optional(),
    updated_at: z.string().nullable().optional(),
  }),
);
export type BillingChange = z.infer<typeof billingChange>;
