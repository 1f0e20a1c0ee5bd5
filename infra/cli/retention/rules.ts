import type { DocumentSnapshot } from '@google-cloud/firestore';

/** How long a collection is kept: by a choice in `settings/retention`, or by a fixed rule in words. */
export type RetentionRule =
  | {
      /** The field from which the age of a document counts. */
      field: string;
      /** The usual time, in months, and its source. */
      usual: number;
      source: string;
      /** Returns false for a document that must stay, however old it is. */
      isOver: (snapshot: DocumentSnapshot) => boolean;
      /** Subcollections that are deleted with the document. */
      below?: readonly string[];
    }
  | { kept: string };

const isSet = (field: string) => (snapshot: DocumentSnapshot) => (snapshot.get(field) ?? null) !== null;

/** Every collection that holds personal data. */
export const RETENTION: Readonly<Record<string, RetentionRule>> = {
  page_visits: {
    field: 'start_time',
    usual: 25,
    source: 'CNIL, audience measurement: at most 25 months',
    isOver: isSet('end_time'),
  },
  login_history: {
    field: 'login_at',
    usual: 12,
    source: 'CNIL, recommendation on logging: 6 to 12 months',
    isOver: () => true,
  },
  delay_alert_logs: {
    field: 'claimed_at',
    usual: 12,
    source: 'as logins; no decision reads an older one',
    isOver: (snapshot) => ['sent', 'failed', 'unknown'].includes(String(snapshot.get('state'))),
  },
  incidents: {
    field: 'opened_at',
    usual: 12,
    source: 'as logins',
    isOver: isSet('recovered_at'),
    below: ['notices'],
  },
  task_runs: { kept: '90 days, by a TTL policy on expires_at' },
  batches: { kept: '7 days, by a TTL policy on expires_at' },
  users: { kept: 'as long as the account; ronde erase' },
  alert_recipients: { kept: 'as long as they receive alerts; ronde erase' },
  delay_alert_states: { kept: 'one document per address, with its last alert; ronde erase' },
  tickets: { kept: 'the workshop’s own record' },
  events: { kept: 'with their ticket' },
  followups: { kept: 'with the invoice, ten years (Code de commerce, L123-22)' },
  sends: { kept: 'with their follow-up' },
  history: { kept: 'with their follow-up' },
  notices: { kept: 'with what they are about' },
  inbox_messages: { kept: 'as long as the mailbox; sync_from bounds what is fetched; ronde erase --email' },
};

/** The rules with a choice. */
export const CHOICES = Object.entries(RETENTION).flatMap(([name, rule]) =>
  'kept' in rule ? [] : [{ name, ...rule }],
);
