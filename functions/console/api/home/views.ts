import type { IncidentView } from '../../../../shared/domains/watch/incident.ts';

/** A document by the name that people know it by. */
export interface Named {
  id: string;
  name: string;
  /** The customer, the recipient, or a mailbox's server. */
  who: string | null;
  /** Since when it waits; of a mailbox, its last success. */
  at: string | null;
}

/** Some documents of one kind: how many there are, and the first of them. */
interface FirstOf {
  count: number;
  items: Named[];
}

/** Every matter that waits for a person, and what is set up. */
export interface HomeView {
  as_of: string;
  incidents: IncidentView[];
  uncertain_reminders: FirstOf;
  uncertain_alerts: FirstOf;
  mailboxes_refused: FirstOf;
  followups_to_fix: number;
  mail: 'ready' | 'paused' | 'not_configured';
  /** True for each part that has at least one document; `notified`: an operator or a webhook hears of incidents. */
  set_up: Record<'notified' | 'organisations' | 'mailboxes' | 'recipients' | 'tickets' | 'visits', boolean>;
}
