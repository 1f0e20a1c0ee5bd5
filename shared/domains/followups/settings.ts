import type { DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { type Mailbox, normaliseAddress, parseMailbox } from '../../doors/mail/address.ts';
import type { Locale } from '../../doors/mail/message.ts';
import { millis } from '../../doors/store/firestore.ts';
import { isZone } from '../../doors/time/zoned.ts';
import { CALENDARS, type HolidayCalendar } from './schedule/holidays.ts';
import type { Level, Rules } from './schedule/schedule.ts';

/** The settings of an organisation that has set nothing. */
export const DEFAULT_SETTINGS = {
  auto_followups_enabled: false,
  levels: {
    invoice: [
      { after_days: 7, template: 'courteous' },
      { after_days: 15, template: 'firm' },
      { after_days: 30, template: 'last' },
    ],
    quote: [
      { after_days: 7, template: 'courteous' },
      { after_days: 15, template: 'last' },
    ],
  },
  max_per_run: null,
  max_per_day: null,
  notify_email: null,
  time_zone: 'Europe/Paris',
  business_days_only: false,
  quiet_hours: null,
  holidays: null,
  min_gap_days: 5,
  grace_days: 0,
  from: null,
  reply_to: null,
  mail_account: null,
  locale: 'fr',
  business_customers: false,
  opt_out: 'all',
  min_amount: null,
  templates: {},
} as const;

/** The mails that have an opt-out link. A document without the field keeps the link in all, as before there was a choice. */
export const OPT_OUTS = ['quotes', 'all', 'none'] as const;
export type OptOut = (typeof OPT_OUTS)[number];
/** The choice for a new organisation: nobody ends the reminders about a debt by a button. */
export const NEW_OPT_OUT: OptOut = 'quotes';

/**
 * The hours of an organisation that the API makes or switches on, unless it has chosen its own. A document without the fields
 * keeps the earlier meaning: any day and any hour.
 */
export const NEW_HOURS = { business_days_only: true, quiet_hours: { from: '19:00', to: '08:00' } } as const;

/** A time of day, such as 08:30. */
export const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** The minutes from midnight to a time of day. */
export function toMinutes(time: string): number {
  const [, hours, minutes] = TIME.exec(time) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

/** The templates that an organisation wrote itself, by name and language. */
export type OwnTemplates = Readonly<
  Record<string, Partial<Record<Locale, { subject: string; text: string }>> | null>
>;

/** An organisation's settings as the rules use them. */
export interface Settings {
  orgId: string;
  /** Firestore's time of the last write; undefined for settings that are not stored. */
  writtenAt: Timestamp | undefined;
  enabled: boolean;
  rules: Rules;
  maxPerRun: number;
  maxPerDay: number | null;
  notifyEmail: string | null;
  from: Mailbox | null;
  replyTo: string | null;
  /** The id of the mail account that sends; null: the organisation's own, else the default account. */
  mailAccount: string | null;
  locale: Locale;
  /** The customers are businesses, so mails carry the notes of the Code de commerce. */
  businessCustomers: boolean;
  /** The mails with an opt-out link. */
  optOut: OptOut;
  /** The least amount that a run asks for, by currency. */
  minAmount: Readonly<Record<string, number>>;
  templates: OwnTemplates;
  /** Follow-ups due before this instant (milliseconds) wait for a confirmation. Null if none are held. */
  heldDueBefore: number | null;
  /**
   * Automatic follow-ups were switched on at this instant (milliseconds), and a walk has not yet parked what was due and
   * late then. Null if it has.
   */
  holdingSince: number | null;
  /** The held ones were confirmed, and a walk has not yet released them all. */
  releasing: boolean;
  /** The zone before a change that a walk has not yet brought to every follow-up. */
  zoneBefore: string | null;
  /** A text or level changed, and some follow-ups may still be parked for its old fault. */
  rechecking: boolean;
  /** The rules changed, and some follow-ups still have the due time of the old ones. */
  rescheduling: boolean;
}

/** Settings that no rule can use. The message names the field and its value. */
export class SettingsFault extends Error {}

/** Reads an organisation's settings; missing fields take their default. Throws SettingsFault if a field is unusable. */
export function toSettings(snapshot: DocumentSnapshot): Settings {
  const get = (name: string) => (snapshot.exists ? (snapshot.get(name) ?? null) : null);
  const zone = get('time_zone') ?? DEFAULT_SETTINGS.time_zone;
  if (typeof zone !== 'string' || !isZone(zone))
    throw new SettingsFault(`time_zone ${JSON.stringify(zone)} is not an IANA time zone`);
  return {
    orgId: snapshot.id,
    writtenAt: snapshot.updateTime,
    enabled: get('auto_followups_enabled') === true,
    rules: {
      levels: {
        invoice: readLevels(get('levels'), 'invoice'),
        quote: readLevels(get('levels'), 'quote'),
      },
      hours: {
        zone,
        businessDaysOnly: get('business_days_only') === true,
        quiet: readQuiet(get('quiet_hours')),
        holidays: readCalendar(get('holidays')),
      },
      minGapDays: readDays(get('min_gap_days'), 'min_gap_days', DEFAULT_SETTINGS.min_gap_days),
      graceDays: readDays(get('grace_days'), 'grace_days', DEFAULT_SETTINGS.grace_days),
    },
    maxPerRun:
      get('max_per_run') === null ? Number.POSITIVE_INFINITY : readCount(get('max_per_run'), 'max_per_run'),
    maxPerDay: get('max_per_day') === null ? null : readCount(get('max_per_day'), 'max_per_day'),
    notifyEmail: normaliseAddress(String(get('notify_email') ?? '')),
    from: parseMailbox(String(get('from') ?? '')),
    replyTo: normaliseAddress(String(get('reply_to') ?? '')),
    mailAccount: typeof get('mail_account') === 'string' ? get('mail_account') : null,
    locale: get('locale') === 'en' ? 'en' : 'fr',
    businessCustomers: get('business_customers') === true,
    optOut:
      OPT_OUTS.find((one) => one === get('opt_out')) ??
      (snapshot.exists ? DEFAULT_SETTINGS.opt_out : NEW_OPT_OUT),
    minAmount: readAmounts(get('min_amount')),
    templates: get('templates') ?? {},
    heldDueBefore: millis(get('held_due_before')),
    holdingSince: millis(get('holding_since')),
    releasing: get('releasing_held') === true,
    zoneBefore: readZone(get('time_zone_before')),
    rechecking: get('rechecking') === true,
    rescheduling: get('rescheduling') === true,
  };
}

const readZone = (zone: unknown) => (typeof zone === 'string' && isZone(zone) ? zone : null);

function readCalendar(value: unknown): HolidayCalendar | null {
  const calendar = CALENDARS.find((one) => one === value) ?? null;
  if (calendar === value) return calendar;
  throw new SettingsFault(`holidays ${JSON.stringify(value)} is none of ${CALENDARS.join(', ')}`);
}

function readLevels(levels: unknown, type: 'invoice' | 'quote'): readonly Level[] {
  const own = (levels as Record<string, unknown> | null)?.[type] ?? DEFAULT_SETTINGS.levels[type];
  const readable =
    Array.isArray(own) && own.every((level) => Number.isFinite(level?.after_days) && level.after_days >= 0);
  if (!readable) throw new SettingsFault(`levels.${type} is not a list of {after_days, template}`);
  return own as Level[];
}

function readDays(value: unknown, name: string, otherwise: number): number {
  if (value === null) return otherwise;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new SettingsFault(`${name} ${JSON.stringify(value)} is not a number of days`);
}

function readCount(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new SettingsFault(`${name} ${JSON.stringify(value)} is not a number of mails`);
}

function readAmounts(value: unknown): Record<string, number> {
  const entries = Object.entries(value ?? {});
  const isReadable =
    typeof (value ?? {}) === 'object' && entries.every(([, least]) => Number.isFinite(least));
  if (isReadable) return Object.fromEntries(entries);
  throw new SettingsFault('min_amount is not an object of amounts by currency, such as {"EUR": 5}');
}

function readQuiet(value: unknown): { from: number; to: number } | null {
  if (value === null) return null;
  const { from, to } = value as { from?: unknown; to?: unknown };
  if (typeof from === 'string' && typeof to === 'string' && TIME.test(from) && TIME.test(to))
    return { from: toMinutes(from), to: toMinutes(to) };
  throw new SettingsFault('quiet_hours is not {from: "20:00", to: "08:00"}');
}
