import { normaliseAddress } from '../../../doors/mail/address.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import { brokenPromise } from '../customers/hold.ts';
import { dueDayOf, type Followup, sentDayOf } from '../followup.ts';
import type { ParkingReason } from '../reasons.ts';
import { dayAt, daysBetween, readDay } from '../schedule/days.ts';
import type { Settings } from '../settings.ts';
import { BUSINESS_NOTES } from './business-notes.ts';
import { fractionDigits, isTag, longDay, money, plainNumber } from './formats.ts';
import { fillTemplate, type Template, TemplateError, type Values } from './template.ts';
import { builtInTemplate, ownNames } from './templates.ts';

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
  /** The lines of the text that are links. */
  links: readonly string[];
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
    const subject = fillTemplate(template.subject, values, locale).replace(/\s+/g, ' ').trim();
    const text = fillTemplate(template.text, values, locale).trim();
    const links = Object.values(followup.links).filter((link) => link !== null);
    return { to, locale, subject, text, links, note: level > 1 ? noteOf(followup, settings, locale) : null };
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

/**
 * Reads `fr`, `fr-CA` or `en_GB`. The language chooses the text; the whole tag formats amounts and dates. A language
 * without texts, such as `de`, becomes the organisation's.
 */
function languageOf({ customer }: Followup, settings: Settings): { tag: string; locale: Locale } {
  const wanted = (customer.locale ?? settings.locale).replaceAll('_', '-');
  const [language] = wanted.toLowerCase().split('-');
  if (language !== 'fr' && language !== 'en') return { tag: settings.locale, locale: settings.locale };
  return { tag: isTag(wanted) ? wanted : language, locale: language };
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
  const due = dueDayOf(followup, settings);
  const validUntil = readDay(followup.validUntil, zone, settings.zoneBefore);
  const write = (day: string | undefined) => (day === undefined ? null : longDay(tag, day));
  const late = due === null ? 0 : Math.max(0, daysBetween(due.day, dayAt(now, zone)));
  const amount = amountOf(followup, tag);
  const sentDate = write(sentDayOf(followup, settings)?.day);
  return {
    customer_name: followup.customer.name ?? '',
    label: labelOf(followup, tag, sentDate, amount),
    amount,
    due_date: write(due?.day),
    sent_date: sentDate,
    valid_until: write(validUntil?.day),
    payment_link: followup.links.payment,
    document_link: followup.links.document,
    promised_on: write(brokenPromise(followup, settings, now) ?? undefined),
    days_late: { text: plainNumber(tag).format(late), count: late },
    organisation,
  };
}

/** Returns the document's number. One without is named by its date, else by its amount, never by an id of ours. */
function labelOf(
  { label, hasNumber }: Followup,
  tag: string,
  sentDate: string | null,
  amount: string,
): string {
  // The template says "la facture" before it: "la facture Facture 12" reads badly.
  if (hasNumber) return label.replace(/^(facture|invoice|devis|quote)\s+(n°\s*)?/i, '');
  const isFrench = tag.startsWith('fr');
  if (sentDate !== null) return `${isFrench ? 'du' : 'of'} ${sentDate}`;
  return `${isFrench ? 'de' : 'of'} ${amount}`;
}

/** A decimal number in the form of Python, SQL and JSON. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/;
/** A part of a unit that counts as an error of floating point. */
const NOISE = 1e-6;

/** Returns the amount in units of its currency, or null if it has no certain value. */
function readAmount({ amountDue }: Followup): number | null {
  const isDecimal = typeof amountDue === 'string' && DECIMAL.test(amountDue.trim());
  const amount = isDecimal ? Number(amountDue) : amountDue;
  return typeof amount === 'number' && Number.isFinite(amount) ? amount : null;
}

/** Returns true if nothing is left to pay: what rounds to zero in the currency is not asked for. */
export function isSettled(followup: Followup): boolean {
  const amount = readAmount(followup);
  if (amount === null) return false;
  const digits = fractionDigits(String(followup.currency));
  return amount <= 0 || (digits !== null && Math.round(amount * 10 ** digits) <= 0);
}

/** Returns true if an amount is below the least one that the organisation asks for in this currency. */
export function isBelowMinimum(followup: Followup, { minAmount }: Settings): boolean {
  const [amount, least] = [readAmount(followup), minAmount[String(followup.currency).toUpperCase()]];
  return amount !== null && least !== undefined && amount < least;
}

function amountOf(followup: Followup, tag: string): string {
  const currency = String(followup.currency);
  const amount = readAmount(followup);
  if (amount === null)
    throw new Unmailable(
      'no_amount',
      'amount_due is missing or no number; give what is left to pay, in units of the currency.',
    );
  const digits = fractionDigits(currency);
  if (digits === null)
    throw new Unmailable(
      'no_amount',
      `currency ${JSON.stringify(followup.currency)} is unknown; give its ISO 4217 code, such as EUR.`,
    );
  if (digits === 0 && Math.abs(amount - Math.round(amount)) > NOISE)
    throw new Unmailable(
      'no_amount',
      `amount_due ${amount} has a fraction, which ${currency} has no coins for; give a whole amount.`,
    );
  return money(tag, currency).format(amount);
}

/** Only a business that owes an invoice gets the note. The first reminder stays friendly, without it. */
function noteOf({ type }: Followup, { businessCustomers }: Settings, locale: Locale): string | null {
  return type === 'invoice' && businessCustomers ? BUSINESS_NOTES[locale] : null;
}
