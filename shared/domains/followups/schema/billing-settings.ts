import * as z from 'zod';
import { normaliseAddress, parseMailbox } from '../../../doors/mail/address.ts';
import { isZone } from '../../../doors/time/zoned.ts';
import {
  MAX_DAYS,
  MAX_LEVELS,
  MAX_MAILS,
  MAX_SUBJECT,
  MAX_TEXT,
  MIN_AFTER_DAYS,
  MIN_GAP_DAYS,
  MIN_GRACE_DAYS,
} from '../limits.ts';
import { TEMPLATE_NAME, templateText } from '../mail/template.ts';
import { CALENDARS } from '../schedule/holidays.ts';
import { OPT_OUTS, TIME, toMinutes } from '../settings.ts';

/** A run every two hours, the rarest that we recommend, must find an open hour. */
const LEAST_OPEN_MINUTES = 180;
const DAY_MINUTES = 24 * 60;

const days = (min: number) => {
  const rule = `must be a whole number of days from ${min} to ${MAX_DAYS}`;
  return z.int(rule).min(min, rule).max(MAX_DAYS, rule);
};
const mails = z
  .int('must be a whole number of mails, 1 or more')
  .min(1, 'must be at least 1')
  .max(MAX_MAILS, `must be at most ${MAX_MAILS}`);

const levelsOf = (minDays: number) =>
  z
    .array(
      z.strictObject({
        after_days: days(minDays),
        template: z.string().regex(TEMPLATE_NAME, 'must be the name of a template'),
      }),
    )
    .max(MAX_LEVELS, `must be at most ${MAX_LEVELS} levels`)
    .refine(
      (levels) =>
        levels.every(
          (level, index) => index === 0 || level.after_days > (levels[index - 1]?.after_days ?? 0),
        ),
      'must rise: each level comes more days after the start than the one before',
    );

const quietHours = z
  .strictObject({
    from: z.string().regex(TIME, 'must be a time such as "20:00"'),
    to: z.string().regex(TIME, 'must be a time such as "08:00"'),
  })
  .refine(
    ({ from, to }) =>
      (toMinutes(from) - toMinutes(to) + DAY_MINUTES) % DAY_MINUTES >= LEAST_OPEN_MINUTES || from === to,
    `must leave at least ${LEAST_OPEN_MINUTES / 60} hours a day, or no run may ever find it open`,
  );

const address = z
  .string()
  .transform(normaliseAddress)
  .refine((value): value is string => value !== null, 'must be an e-mail address');
const localised = z.strictObject({ subject: templateText(MAX_SUBJECT), text: templateText(MAX_TEXT) });

/** The fields that a request may write to `billing_settings/{org_id}`. A field of null takes its default. */
export const billingSettings = z.strictObject({
  auto_followups_enabled: z.boolean('must be true or false'),
  levels: z.strictObject({
    invoice: levelsOf(MIN_AFTER_DAYS.invoice).optional(),
    quote: levelsOf(MIN_AFTER_DAYS.quote).optional(),
  }),
  max_per_run: mails.nullable(),
  max_per_day: mails.nullable(),
  notify_email: address.nullable(),
  time_zone: z.string().refine(isZone, 'must be an IANA time zone, such as Europe/Paris'),
  business_days_only: z.boolean('must be true or false'),
  quiet_hours: quietHours.nullable(),
  holidays: z
    .enum(CALENDARS, `must be one of ${CALENDARS.join(', ')}, or null for those of the time zone`)
    .nullable(),
  min_gap_days: days(MIN_GAP_DAYS),
  grace_days: days(MIN_GRACE_DAYS),
  from: z
    .string()
    .refine((text) => parseMailbox(text) !== null, 'must be name@example.com or "Name <name@example.com>"')
    .nullable(),
  reply_to: address.nullable(),
  mail_account: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'must be the id of a mail account, or null')
    .nullable(),
  locale: z.enum(['fr', 'en'], 'must be fr or en'),
  business_customers: z.boolean('must be true or false'),
  min_amount: z
    .record(
      z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, such as EUR'),
      z.number('must be an amount in units of the currency').positive('must be above 0'),
    )
    .nullable(),
  opt_out: z.enum(OPT_OUTS, `must be one of ${OPT_OUTS.join(', ')}`),
  templates: z.record(
    z.string().regex(TEMPLATE_NAME, 'must be the name of a template'),
    z.strictObject({ fr: localised.optional(), en: localised.optional() }).nullable(),
  ),
});
