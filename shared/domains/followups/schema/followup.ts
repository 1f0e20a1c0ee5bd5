import * as z from 'zod';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { isDocumentId } from '../../../doors/store/document-id.ts';
import { STATUSES } from '../followup.ts';
import { MAX_LINK } from '../limits.ts';
import { FIRST_DAY, isLink } from '../row.ts';
import { isDay } from '../schedule/days.ts';

/** A day, which begins at the organisation's midnight, or an instant with its offset. */
const moment = z
  .string()
  .refine(
    (text) => isDay(text) || z.iso.datetime({ offset: true }).safeParse(text).success,
    'must be a date (2026-03-31) or an instant with its offset (2026-03-31T09:00:00Z)',
  )
  .nullable();
/** A day of the document itself. */
const documentDay = moment.refine(
  (text) => text === null || Date.parse(text) >= FIRST_DAY,
  'must be from 1990 on; null if it is not known',
);
const day = z.string().refine(isDay, 'must be a day, such as 2026-03-31').nullable();
const line = (max: number) =>
  z.string().trim().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);

const link = z
  .string()
  .max(MAX_LINK, `must have at most ${MAX_LINK} characters`)
  .refine(isLink, 'must be an address that begins with https://')
  .nullable();

const customer = z.strictObject({
  name: line(200).nullable().optional(),
  email: z
    .string()
    .transform(normaliseAddress)
    .refine((address) => address !== null, 'must be one e-mail address')
    .nullable()
    .optional(),
  locale: z
    .string()
    .regex(/^(fr|en)([-_][A-Za-z0-9]+)*$/, 'must be fr or en, with a region if need be, such as fr-CA')
    .nullable()
    .optional(),
});

const fields = {
  source_label: line(200).optional(),
  customer: customer.optional(),
  amount_due: z.number('must be an amount in units of the currency, such as 1250.5').nullable().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, such as EUR')
    .nullable()
    .optional(),
  due_date: documentDay.optional(),
  due_day: day.optional(),
  sent_at: documentDay.optional(),
  valid_until: documentDay.optional(),
  document_url: link.optional(),
  payment_url: link.optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  auto_enabled: z.boolean('must be true or false').optional(),
  paused_until: moment.optional(),
  level: z.int('must be the number of levels already sent').min(0).max(10).optional(),
  next_due_at: moment.optional(),
  last_sent_at: moment.optional(),
};

/** The body of PATCH: the document's fields, and the version that the client read. */
export const followupPatch = z.strictObject({ ...fields, updated_at: z.string().nullable().optional() });
export type FollowupPatch = Omit<z.infer<typeof followupPatch>, 'updated_at'>;

const id = z.string().refine(isDocumentId, 'must be able to name a document: no slash');

/** The body of POST: one follow-up per invoice or quote of an organisation. */
export const newFollowup = z.strictObject({
  org_id: id,
  type: z.enum(['invoice', 'quote'], 'must be invoice or quote'),
  source_id: line(200),
  ...fields,
});
export type NewFollowup = z.infer<typeof newFollowup>;
