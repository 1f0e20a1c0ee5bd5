import * as z from 'zod';
import { requireAddress } from '../../doors/mail/address.ts';
import type { Locale } from '../../doors/mail/message.ts';
import { isDocumentId } from '../../doors/store/document-id.ts';
import { MAX_RECIPIENTS, MAX_THRESHOLD_DAYS } from './limits.ts';
import { assignee, stage } from './ticket.ts';

const MAX_NAME = 200;
const NAME_RULE = `must be a text of 1 to ${MAX_NAME} characters on one line, without control characters`;
const ID_RULE = 'must be the id of a document, as GET gave it, or be left out';

const address = z.string('must be an e-mail address').transform((text, context) => {
  try {
    return requireAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

const MAX_STAGES = 50;
const filterDays = z
  .int(`must be a whole number of days from 1 to ${MAX_THRESHOLD_DAYS}, or null`)
  .min(1, 'must be at least 1 day, or null')
  .max(MAX_THRESHOLD_DAYS, `must be at most ${MAX_THRESHOLD_DAYS} days`)
  .nullable();

/** The fields that restrict a recipient's alerts. Null or an empty list restricts nothing. */
export const filterFields = {
  stages: z
    .array(stage, 'must be a list of stages; an empty one means all')
    .max(MAX_STAGES, `must have at most ${MAX_STAGES} stages`)
    .nullable(),
  assignee: assignee.nullable(),
  min_days: filterDays,
  escalate_after_days: filterDays,
};

/** One entry to save. An entry with the id or the address of a recipient changes that recipient. */
const recipientEntry = z.strictObject({
  id: z.string(ID_RULE).refine(isDocumentId, ID_RULE).optional(),
  user_id: z.string(ID_RULE).refine(isDocumentId, ID_RULE).nullable().optional(),
  name: z
    .string(NAME_RULE)
    .trim()
    .min(1, NAME_RULE)
    .max(MAX_NAME, NAME_RULE)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, NAME_RULE)
    .optional(),
  email: address.optional(),
  active: z.boolean('must be true or false; false takes the recipient off the list').optional(),
  locale: z.enum(['fr', 'en'], 'must be fr or en').optional(),
  ...z.object(filterFields).partial().shape,
  updated_at: z.string().nullable().optional(),
});
export type RecipientEntry = z.infer<typeof recipientEntry>;

/** The body of PUT, which merges. Recipients that are absent stay as they are; `active: false` removes one. */
export const recipientsBody = z.strictObject({
  recipients: z
    .array(recipientEntry, 'must be a list of recipients')
    .max(MAX_RECIPIENTS, `must have at most ${MAX_RECIPIENTS} entries`),
  updated_at: z.string().nullable().optional(),
});

/** A recipient for an answer. */
export interface RecipientView {
  id: string;
  name: string;
  email: string;
  active: boolean;
  user_id?: string | null;
  /** Recipients of other back ends may lack it. */
  locale?: Locale | null;
  stages?: readonly string[] | null;
  assignee?: string | null;
  min_days?: number | null;
  escalate_after_days?: number | null;
  updated_at: string | null;
}

/** All recipients for an answer. The version of the list is that of the recipient written last. */
export interface RecipientList {
  recipients: RecipientView[];
  updated_at: string | null;
}
