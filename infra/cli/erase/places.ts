import { followupPlaces } from '../../../shared/domains/followups/erase.ts';
import { inboxPlaces } from '../../../shared/domains/inbox/mailbox/erase.ts';
import { presencePlaces } from '../../../shared/domains/presence/erase.ts';
import { ticketPlaces } from '../../../shared/domains/tickets/erase.ts';
import { visitPlaces } from '../../../shared/domains/visits/erase.ts';
import { watchPlaces } from '../../../shared/domains/watch/erase.ts';
import type { PersonalPlace } from '../../../shared/doors/erase/erase.ts';
import { runPlaces } from '../../../shared/runtime/erase.ts';

/**
 * Every place of personal data, in the order of erasing. The account goes last, so that a second run after an
 * interruption still finds the person.
 */
export const personalPlaces: readonly PersonalPlace[] = [
  ...visitPlaces,
  ...ticketPlaces,
  ...followupPlaces,
  ...inboxPlaces,
  ...runPlaces,
  ...watchPlaces,
  ...presencePlaces,
];

/** Configuration. `erase` reports where it names the person; an operator edits it. */
export const configurationPlaces: Readonly<Record<string, string>> = {
  settings: 'PUT /v1/admin/settings (for watch.operators: without this address)',
  billing_settings: 'PUT /v1/admin/billing-settings/{id} with other addresses',
  mail_accounts: 'DELETE /v1/admin/mail-accounts/{id} if the account is theirs',
  inbox_integrations:
    'DELETE /api/inbox/integrations/{id} if the mailbox is theirs, else PATCH its notify_email',
};

/** Documents of others may name the person in these fields, which erasing never changes. `says`: a remedy for people. */
export interface OthersPlace {
  fields: readonly string[];
  says: string;
}

/** The collections in which documents of others may name the person. `erase` counts them and leaves them. */
export const othersPlaces: Readonly<Record<string, OthersPlace>> = {
  page_visits: {
    fields: ['path', 'title', 'referrer'],
    says: 'visits of others to a page that names them; mapPath of the client reports pages without names',
  },
  followups: {
    fields: ['source_label', 'notes', 'stop_detail'],
    says: 'the label of an invoice or quote, or notes beside it; PATCH /api/followups/{id}',
  },
  tickets: {
    fields: ['number', 'device', 'customer_name', 'notes'],
    says: 'a ticket that names them; PATCH /v1/admin/tickets/{id}, or --name for a customer',
  },
  inbox_messages: {
    fields: ['subject', 'text', 'from', 'to', 'cc'],
    says: 'mail of others that names them; --email empties mail from and to an address, the rest is deleted in the mailbox',
  },
};

/** Data that this command cannot reach. */
export const OUT_OF_REACH: readonly string[] = [
  'the account at the sign-in issuer: close it first, or the next ping stores the person again',
  'logs in Cloud Logging: gone after their retention, 30 days unless changed (gcloud logging buckets describe _Default --location=global)',
  'backups and point-in-time recovery of Firestore: gone after their own retention',
  'saved files: presence --backup, exports, mailboxes, the billing system',
  'invoices: kept for ten years (Code de commerce, L123-22); the right to be forgotten ends there (GDPR, article 17(3)(b))',
];
