// What the admin API answers about tickets and alerts, as far as the page reads it.

export interface TestMailReport {
  ok: boolean;
  /** In the language that was asked for. */
  message: string;
  response: string | null;
}

export interface Recipient {
  id?: string;
  user_id?: string | null;
  name: string;
  email: string;
  active: boolean;
  locale?: string | null;
}

export interface Recipients {
  recipients: Recipient[];
  updated_at?: string | null;
}

export interface AlertLog {
  id: string;
  ticket_number: string | null;
  stage: string | null;
  days_in_stage: number | null;
  recipient: string | null;
  state: string | null;
  claimed_at?: string | null;
  sent_at: string | null;
  forced: boolean | null;
  message_id: string | null;
}

export interface Ticket {
  id: string;
  number: string | null;
  device: string | null;
  customer_name?: string | null;
  stage: string | null;
  delay?: {
    /** Since when it is in its stage, and which field says so. */
    since: string;
    source: string;
    days_in_stage: number;
    threshold_days: number;
    late_after: string;
  };
}

export interface UserLine {
  id: string;
  email: string | null;
  display_name: string | null;
}
