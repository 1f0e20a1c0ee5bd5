import { normaliseAddress } from '../../../doors/mail/address.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import { toLocal } from '../../../doors/time/zoned.ts';
import type { Followup } from '../followup.ts';
import type { ParkingReason } from '../reasons.ts';
import type { Settings } from '../settings.ts';
import { longDate, money, plainNumber } from './formats.ts';
import { fillTemplate, type Template, TemplateError, type Values } from './template.ts';
import { BUSINESS_NOTES, builtInTemplate, ownNames } from './templates.ts';

const DAY_MS = 86_400_000;

/** A follow-up without a mail until a person fixes the cause. */
export class Unmailable extends Error {
  readonly reason: ParkingReason;
  constructor(reason: ParkingReason, message: string) {
    super(message);
    this.name = 'Unmailable';
    this.reason = reason;
  }
}

/** One mail of a follow-up; its level counts from 1. */
export interface Reminder {
  followup: Followup;
  settings: Settings;
  level: number;
}

/** The words of a mail, before it has a sender. */
export interface MailContent {
  to: string;
  locale: Locale;
  subject: string;
  text: string;
  /** The note below the text that the law asks for; null if it asks for none. */
  note: string | null;
}

/**
 * Writes a reminder in the customer's language, with the amounts and dates of the customer's region. Throws Unmailable if
 * address, language, amount or template is missing or wrong.
 */
export function contentOf(reminder: Reminder, organisation: string, now: number): MailContent {
  const { followup, settings, level } = reminder;
  const to = recipientOf(followup);
  const { tag, locale } = languageOf(followup, settings);
  const template = templateOf(reminder, locale);
  const values = valuesOf(reminder, tag, organisation, now);
  try {
    const subject = fillTemplate(template.subject, values).replace(/\s+/g, ' ').trim();
    const text = fillTemplate(template.text, values).trim();
    return { to, locale, subject, text, note: level > 1 ? noteOf(followup, settings, locale) : null };
  } catch (error) {
    if (error instanceof TemplateError) throw new Unmailable('template_error', error.message);
    throw error;
  }
}

function recipientOf({ customer }: Followup): string {
  if (customer.email === null)
    throw new Unmailable('no_email', 'customer.email is missing; give the address.');
  const address = normaliseAddress(customer.email);
  if (address !== null) return address;
  throw new Unmailable(
    'bad_email',
    `customer.email ${JSON.stringify(customer.email.slice(0, 80))} is not an e-mail address; correct it.`,
  );
}

/** Reads `fr`, `fr-CA` or `en_GB`. The language chooses the text; the whole tag formats amounts and dates. */
function languageOf({ customer }: Followup, settings: Settings): { tag: string; locale: Locale } {
  const wanted = (customer.locale ?? settings.locale).replaceAll('_', '-');
  const [language] = wanted.toLowerCase().split('-');
  if ((language === 'fr' || language === 'en') && isTag(wanted)) return { tag: wanted, locale: language };
  throw new Unmailable(
    'bad_locale',
    `customer.locale ${JSON.stringify(wanted.slice(0, 40))} has no template; there are fr and en.`,
  );
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function templateOf({ followup: { type }, settings, level }: Reminder, locale: Locale): Template {
  const name = settings.rules.levels[type][level - 1]?.template;
  const template =
    typeof name === 'string'
      ? (ownTemplate(settings, ownNames(type, name), locale) ?? builtInTemplate(type, name, locale))
      : undefined;
  if (typeof template?.subject === 'string' && typeof template.text === 'string') return template;
  throw new Unmailable(
    'template_error',
    `There is no template ${JSON.stringify(name ?? null)} for level ${level} of a ${type} in ${locale}; add it to the billing settings or name another one.`,
  );
}

function ownTemplate(
  { templates }: Settings,
  names: readonly string[],
  locale: Locale,
): Template | undefined {
  const name = names.find((one) => Object.hasOwn(templates, one) && templates[one]?.[locale]);
  return name === undefined ? undefined : templates[name]?.[locale];
}

function valuesOf({ followup, settings }: Reminder, tag: string, organisation: string, now: number): Values {
  const { zone } = settings.rules.hours;
  const date = (instant: number | null) => (instant === null ? '' : longDate(tag, zone).format(instant));
  const day = (instant: number) => Math.floor(toLocal(instant, zone) / DAY_MS);
  const late = followup.dueDate === null ? 0 : Math.max(0, day(now) - day(followup.dueDate));
  return {
    customer_name: followup.customer.name ?? '',
    // The template says "la facture" before it: "la facture Facture 12" reads badly.
    label: followup.label.replace(/^(facture|invoice|devis|quote)\s+(n°\s*)?/i, ''),
    amount: amountOf(followup, tag),
    due_date: date(followup.dueDate),
    sent_date: date(followup.sentAt),
    days_late: plainNumber(tag).format(late),
    organisation,
  };
}

function amountOf({ amountDue, currency }: Followup, tag: string): string {
  if (typeof amountDue !== 'number' || !Number.isFinite(amountDue))
    throw new Unmailable(
      'no_amount',
      'amount_due is missing; give what is left to pay, in units of the currency.',
    );
  if (amountDue <= 0)
    throw new Unmailable(
      'nothing_due',
      `amount_due is ${amountDue}, not above 0: give what is left to pay, or mark it as paid.`,
    );
  try {
    return money(tag, String(currency)).format(amountDue);
  } catch {
    throw new Unmailable(
      'no_amount',
      `currency ${JSON.stringify(currency)} is unknown; give its ISO 4217 code, such as EUR.`,
    );
  }
}

/** Only a business that owes an invoice gets the note. The first reminder stays friendly, without it. */
function noteOf({ type }: Followup, { businessCustomers }: Settings, locale: Locale): string | null {
  return type === 'invoice' && businessCustomers ? BUSINESS_NOTES[locale] : null;
}
