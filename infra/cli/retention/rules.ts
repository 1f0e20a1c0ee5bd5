import type { DocumentSnapshot } from '@google-cloud/firestore';

/** How long a collection is kept: by a choice in `settings/retention`, or by what a sentence says. */
export type RetentionRule =
  | {
      /** The instant that its age counts from. */
      field: string;
      /** What is usual, in months, and who says so. */
      usual: number;
      source: string;
      /** Whether a document may go at all, however old. */
      isOver: (snapshot: DocumentSnapshot) => boolean;
      /** Collections below a document, which go with it. */
      below?: readonly string[];
    }
  | { kept: string };

const isSet = (field: string) => (snapshot: DocumentSnapshot) => (snapshot.get(field) ?? null) !== null;

/** Every collection that holds something of a person. */
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
    source: 'as logins; nothing decides by an older one',
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
  alert_recipients: { kept: 'as long as they are to be told; ronde erase' },
  delay_alert_states: { kept: 'one document per address: what was told last; ronde erase' },
  tickets: { kept: 'the workshop’s own record' },
  events: { kept: 'with their ticket' },
  followups: { kept: 'with the invoice, ten years (Code de commerce, L123-22)' },
  sends: { kept: 'with their follow-up' },
  history: { kept: 'with their follow-up' },
  notices: { kept: 'with what they are about' },
  inbox_messages: { kept: 'as long as the mailbox; sync_from bounds what is fetched; ronde erase --email' },
};

/** The rules that are a choice. */
export const CHOICES = Object.entries(RETENTION).flatMap(([name, rule]) =>
  'kept' in rule ? [] : [{ name, ...rule }],
);
