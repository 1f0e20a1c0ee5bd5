// What the admin API answers about billing settings, as far as the page reads it.

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
