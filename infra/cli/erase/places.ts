import { followupPlaces } from '../../../shared/domains/followups/erase.ts';
import { inboxPlaces } from '../../../shared/domains/inbox/mailbox/erase.ts';
import { presencePlaces } from '../../../shared/domains/presence/erase.ts';
import { ticketPlaces } from '../../../shared/domains/tickets/erase.ts';
import { visitPlaces } from '../../../shared/domains/visits/erase.ts';
import { watchPlaces } from '../../../shared/domains/watch/erase.ts';
import type { PersonalPlace } from '../../../shared/doors/erase/erase.ts';
import { runPlaces } from '../../../shared/runtime/erase.ts';

/**
 * Everywhere that something of a person can be, in this order: what names them by their account goes last, so that an
 * erasure that was cut off still knows whom it was about.
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

/** What is configuration: it is told where it names the person, and changed by whoever runs the house. */
export const configurationPlaces: Readonly<Record<string, string>> = {
  settings: 'PUT /v1/admin/settings (for watch.operators: without this address)',
  billing_settings: 'PUT /v1/admin/billing-settings/{id} with other addresses',
  inbox_integrations:
    'DELETE /api/inbox/integrations/{id} if the mailbox is theirs, else PATCH its notify_email',
};

/** Collections that hold nothing of a person, and why. */
export const impersonalPlaces: Readonly<Record<string, string>> = {
  watch_state: 'when the watchman looked, by task',
  folders: 'how far a mailbox is synchronised: numbers',
};

/** What no command of ours reaches. */
export const OUT_OF_REACH: readonly string[] = [
  'the account at the sign-in issuer: close it first, or the person comes back with the next ping',
  'logs in Cloud Logging: gone after their retention, 30 days unless changed (gcloud logging buckets describe _Default --location=global)',
  'backups and point-in-time recovery of Firestore: gone after their own retention',
  'files that somebody saved: presence --backup, exports, mailboxes, the billing system',
  'invoices: kept for ten years (Code de commerce, L123-22); the right to be forgotten ends there (GDPR, article 17(3)(b))',
];
