import type { Reason } from '../../../../shared/domains/followups/reasons.ts';

// What the admin API answers about follow-ups, as far as the page reads it.

export interface Words {
  en: string;
  fr: string;
}

/** What a run would decide now, and why. */
export interface Explanation {
  decision: 'send' | 'wait' | 'park' | 'end';
  reason: Reason;
  message: Words;
  detail: string | null;
  /** The next level; null where there is none. */
  level: number | null;
  next_due_at: string | null;
  levels: number;
  /** What the last run says that began when it was due already, and left it. */
  last_run?: {
    run_id: string;
    outcome: string | null;
    reasons: { reason: Reason; count: number; message: Words }[];
  } | null;
}

/** Rows of other back ends lack what they do not know. */
export interface Followup {
  id: string;
  org_id?: string | null;
  type?: 'invoice' | 'quote' | null;
  source_label?: string | null;
  customer?: { name?: string | null; email?: string | null } | null;
  amount_due?: number | null;
  currency?: string | null;
  due_date?: string | null;
  sent_at?: string | null;
  status?: string | null;
  paused_until?: string | null;
  level?: number | null;
  next_due_at?: string | null;
  last_sent_at?: string | null;
  stop_reason?: string | null;
  parked?: { reason: Reason; at: string | null; due_at: string | null; detail: string | null } | null;
  explanation?: Explanation | null;
  updated_at: string | null;
}

/** One line of a history: what was decided or done, by whom, and why. */
export interface HistoryLine {
  id: string;
  at: string | null;
  reason: string;
  level: number;
  detail?: string | null;
  message_id?: string | null;
  response?: string | null;
  run_id?: string | null;
  by?: string | null;
}

/** The mail of one level. */
export interface Send {
  id: string;
  state: string | null;
  message_id?: string | null;
  claimed_at?: string | null;
  settled_at?: string | null;
  sent_at?: string | null;
  response?: string | null;
}

export interface History {
  items: HistoryLine[];
  sends: Send[];
  next_page: string | null;
}

/** A mail exactly as it would go out. */
export interface Preview {
  level: number;
  template: string | null;
  from: { name?: string; address: string };
  from_is_own: boolean;
  reply_to: string | null;
  to: { name?: string; address: string };
  redirected_to: string | null;
  subject: string;
  text: string;
  html: string;
}

export interface SendReport {
  sent: boolean;
  level: number;
  message: Words;
  response: string | null;
}
