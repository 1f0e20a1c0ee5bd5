import {
  MAX_DAYS,
  MAX_MAILS,
  MIN_AFTER_DAYS,
  MIN_GAP_DAYS,
  MIN_GRACE_DAYS,
} from '../../../../shared/domains/followups/limits.ts';
import type { Level } from '../../../../shared/domains/followups/schedule/schedule.ts';
import type { BillingChange } from '../../api/followups/billing-change.ts';
import type { BillingSettingsView } from '../../api/followups/views.ts';
import { wholeIn } from '../base/numbers.ts';

/** A level as it is typed. `key` is for React only. */
export interface TypedLevel {
  key: number;
  days: string;
  template: string;
}

/** The form as it is typed. */
export interface BillingForm {
  invoice: TypedLevel[];
  quote: TypedLevel[];
  zone: string;
  businessDays: boolean;
  quietFrom: string;
  quietTo: string;
  gap: string;
  grace: string;
  perRun: string;
  perDay: string;
  from: string;
  replyTo: string;
  notify: string;
  locale: 'fr' | 'en';
  business: boolean;
}

export function formOf(stored: BillingSettingsView): BillingForm {
  const typed = (levels: readonly Level[]) =>
    levels.map(({ after_days, template }, key) => ({ key, days: String(after_days), template }));
  const text = (value: number | string | null) => (value === null ? '' : String(value));
  return {
    invoice: typed(stored.levels.invoice),
    quote: typed(stored.levels.quote),
    zone: stored.time_zone,
    businessDays: stored.business_days_only,
    quietFrom: text(stored.quiet_hours?.from ?? null),
    quietTo: text(stored.quiet_hours?.to ?? null),
    gap: text(stored.min_gap_days),
    grace: text(stored.grace_days),
    perRun: text(stored.max_per_run),
    perDay: text(stored.max_per_day),
    from: text(stored.from),
    replyTo: text(stored.reply_to),
    notify: text(stored.notify_email),
    locale: stored.locale,
    business: stored.business_customers,
  };
}

/** Returns the faults of the form by field. The server judges the rest. */
export function faultsOf(form: BillingForm) {
  const count = (text: string) => text.trim() !== '' && wholeIn(text, 1, MAX_MAILS) === null;
  return {
    invoice: !rises(form.invoice, MIN_AFTER_DAYS.invoice),
    quote: !rises(form.quote, MIN_AFTER_DAYS.quote),
    gap: wholeIn(form.gap, MIN_GAP_DAYS, MAX_DAYS) === null,
    grace: wholeIn(form.grace, MIN_GRACE_DAYS, MAX_DAYS) === null,
    perRun: count(form.perRun),
    perDay: count(form.perDay),
  };
}

const rises = (levels: readonly TypedLevel[], min: number): boolean =>
  levels.every(({ days, template }, index) => {
    const before = Number(levels[index - 1]?.days ?? min - 1);
    const value = wholeIn(days, min, MAX_DAYS);
    return value !== null && value > before && template.trim() !== '';
  });

/** The form as the API takes it; an empty field is null, and then holds by default. */
export function changeOf(form: BillingForm): BillingChange {
  const text = (value: string) => value.trim() || null;
  const count = (value: string) => (value.trim() === '' ? null : Number(value));
  const levels = (typed: readonly TypedLevel[]) =>
    typed.map(({ days, template }) => ({ after_days: Number(days), template: template.trim() }));
  const quiet = text(form.quietFrom) || text(form.quietTo);
  return {
    levels: { invoice: levels(form.invoice), quote: levels(form.quote) },
    time_zone: form.zone.trim(),
    business_days_only: form.businessDays,
    quiet_hours: quiet ? { from: form.quietFrom.trim(), to: form.quietTo.trim() } : null,
    min_gap_days: Number(form.gap),
    grace_days: Number(form.grace),
    max_per_run: count(form.perRun),
    max_per_day: count(form.perDay),
    from: text(form.from),
    reply_to: text(form.replyTo),
    notify_email: text(form.notify),
    locale: form.locale,
    business_customers: form.business,
  };
}
