import type * as z from 'zod';
import type { Activation } from '../../../../shared/domains/followups/activation.ts';
import type {
  BillingCustomer,
  PauseReason,
} from '../../../../shared/domains/followups/customers/billing-customer.ts';
import type { ListView } from '../../../../shared/domains/followups/list/list.ts';
import type { Placeholder } from '../../../../shared/domains/followups/mail/template.ts';
import type { BUILT_IN } from '../../../../shared/domains/followups/mail/templates.ts';
import type { REASONS, Reason } from '../../../../shared/domains/followups/reasons.ts';
import type { FollowupType, Level } from '../../../../shared/domains/followups/schedule/schedule.ts';
import type { billingSettings } from '../../../../shared/domains/followups/schema/billing-settings.ts';
import type {
  Explanation,
  FollowupView,
  HistoryLine,
  LevelSend,
} from '../../../../shared/domains/followups/show.ts';
import type { WhatIf } from '../../../../shared/domains/followups/what-if/what-if.ts';
import type { Mailbox } from '../../../../shared/doors/mail/address.ts';
import type { Locale } from '../../../../shared/doors/mail/message.ts';
import type { RunOutcome } from '../../../../shared/runtime/run-view.ts';
import type { Page } from '../paging.ts';

/** The last run, if it began when a follow-up was due already and left it. */
export interface LastRun {
  run_id: string;
  outcome: RunOutcome;
  /** Its reasons to leave some, with counts and texts. */
  reasons: { reason: Reason; count: number; message: (typeof REASONS)[Reason] }[];
}

export interface FullExplanation extends Explanation {
  /** Null if no run has looked since it is due, or if something else than a run stands against it. */
  last_run: LastRun | null;
}

/** A follow-up with the decision that a run would come to now; null if its organisation's settings cannot be read. */
export interface ExplainedFollowup extends FollowupView {
  explanation: Explanation | null;
}

/** One follow-up with the full reason why it goes or does not. */
export interface FollowupDetail extends FollowupView {
  explanation: FullExplanation;
}

export interface FollowupList extends Page<ExplainedFollowup> {
  as_of: string;
  /** The number of follow-ups in each view of the same organisation, or of all. */
  counts: Record<ListView, number>;
}

export type FollowupPage = Page<FollowupView>;

export interface FollowupHistory extends Page<HistoryLine> {
  sends: LevelSend[];
}

/** A mail exactly as it would go out. */
export interface MailPreview {
  level: number;
  template: string | null;
  from: Mailbox;
  from_is_own: boolean;
  reply_to: string | null;
  to: Mailbox;
  redirected_to: string | null;
  locale: Locale;
  subject: string;
  text: string;
  html: string;
  message_id: string;
  raw: string;
}

/** The reason why a mail was not made or sent; the details of a 409. */
export interface Blocked {
  reason: Reason;
  message: (typeof REASONS)[Reason];
  /** True if a person may do it all the same, with `confirm: true`. */
  confirmable?: true;
}

export interface SendReport extends Blocked {
  sent: boolean;
  level: number;
  message_id: string | null;
  response: string | null;
}

/** The texts that come with the product, by type, name and language, and what a text may name. */
export type BuiltInTemplates = typeof BUILT_IN & { placeholders: readonly Placeholder[] };

/** An organisation's billing settings; absent fields have their defaults. */
export interface BillingSettingsView extends Omit<z.infer<typeof billingSettings>, 'levels'> {
  id: string;
  levels: Record<FollowupType, readonly Level[]>;
  /** The number of follow-ups that wait for confirm_held. */
  held: number;
  held_due_before?: string | null;
  rescheduling?: boolean;
  from_used: Mailbox | null;
  warnings: string[];
  activation?: Activation;
  rescheduled?: number;
  updated_at: string | null;
}

/** The effects that saving would have. */
export interface BillingRehearsal {
  dry_run: true;
  activation: Activation;
  would_reschedule: boolean;
  would_reschedule_count: number;
}

/** An organisation in the list of those that have billing settings. */
export interface BillingLine {
  id: string;
  auto_followups_enabled: boolean;
}

/** The document of a customer. `followups`: how many open ones a PUT held or let go. */
export interface CustomerView {
  id: string;
  org_id: string;
  email: string;
  name: string | null;
  kind: BillingCustomer['kind'];
  cc: string | null;
  excluded: boolean;
  paused_until: string | null;
  pause_reason: PauseReason | null;
  promised_on: string | null;
  note: string | null;
  followups?: number;
  updated_at: string | null;
}

/** The answer to a what-if: at most 1,000 items a list, and the counts of all. */
export interface WhatIfAnswer extends WhatIf {
  as_of: string;
  until: string;
  /** The documents are those of `as_of`, or of now. */
  snapshot: 'as_of' | 'now';
}
