import type { RecipientView } from '../../../../shared/domains/tickets/recipient.ts';

/** A recipient as it is typed; a new one has no id yet. */
export type TypedRecipient = Omit<RecipientView, 'id' | 'updated_at'> & { id?: string };

/** Returns a recipient as the API takes it, without the fields that are not known. */
export function recipientOf({ id, user_id, name, email, active, locale, ...filter }: TypedRecipient): object {
  return {
    ...(id === undefined ? {} : { id }),
    ...(user_id ? { user_id } : {}),
    name: name.trim(),
    email: email.trim(),
    active,
    ...(locale ? { locale } : {}),
    ...(filter.stages === undefined ? {} : { stages: filter.stages }),
    ...(filter.assignee === undefined ? {} : { assignee: filter.assignee }),
    ...(filter.min_days === undefined ? {} : { min_days: filter.min_days }),
    ...(filter.escalate_after_days === undefined ? {} : { escalate_after_days: filter.escalate_after_days }),
  };
}
