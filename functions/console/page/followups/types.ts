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

export interface Level {
  after_days: number;
  template: string;
}

/** What would go out by an organisation's settings. */
export interface Activation {
  would_send_now: number;
  first_run: number;
  held: number;
  held_due_before: string | null;
  next: {
    id: string;
    source_label: string;
    customer: string | null;
    email: string | null;
    next_due_at: string | null;
  }[];
}

/** A subject and a text with placeholders. */
export interface Template {
  subject: string;
  text: string;
}
export type TemplateTexts = Partial<Record<'fr' | 'en', Template>>;

/** The texts that come with the product, and what a text may name. */
export interface BuiltInTemplates {
  invoice: Record<string, TemplateTexts>;
  quote: Record<string, TemplateTexts>;
  placeholders: string[];
}

export interface BillingSettings {
  id: string;
  auto_followups_enabled: boolean;
  levels: { invoice?: Level[]; quote?: Level[] };
  max_per_run: number | null;
  max_per_day: number | null;
  notify_email: string | null;
  time_zone: string;
  business_days_only: boolean;
  quiet_hours: { from: string; to: string } | null;
  min_gap_days: number;
  grace_days: number;
  from: string | null;
  reply_to: string | null;
  locale: 'fr' | 'en';
  business_customers: boolean;
  /** Texts of its own, by the name of the template; null takes one away. */
  templates: Record<string, TemplateTexts | null>;
  held_due_before?: string | null;
  warnings: string[];
  activation?: Activation;
  updated_at: string | null;
}
