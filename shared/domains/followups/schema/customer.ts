import * as z from 'zod';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { CUSTOMER_KINDS, PAUSE_REASONS } from '../customers/billing-customer.ts';
import { MAX_NOTE } from '../limits.ts';
import { isDay } from '../schedule/days.ts';

const line = (max: number) => z.string().trim().max(max, `must have at most ${max} characters`);
const day = z.string().refine(isDay, 'must be a day, such as 2026-03-12');
const instant = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its offset, such as 2026-03-31T09:00:00Z',
});

/** The fields that a request may write to a customer's document. */
export const customerPatch = z
  .strictObject({
    name: line(200).nullable(),
    kind: z.enum(CUSTOMER_KINDS, `must be one of ${CUSTOMER_KINDS.join(', ')}`),
    cc: z
      .string()
      .transform(normaliseAddress)
      .refine((value): value is string => value !== null, 'must be an e-mail address')
      .nullable(),
    excluded: z.boolean('must be true or false'),
    paused_until: instant.nullable(),
    pause_reason: z.enum(PAUSE_REASONS, `must be one of ${PAUSE_REASONS.join(', ')}`).nullable(),
    promised_on: day.nullable(),
    note: line(MAX_NOTE).nullable(),
  })
  .partial();
export type CustomerPatch = z.output<typeof customerPatch>;
