import * as z from 'zod';
import {
  DEFAULT_REPEAT_HOURS,
  DEFAULT_THRESHOLD_DAYS,
  MAX_REPEAT_HOURS,
  MAX_THRESHOLD_DAYS,
} from '../limits.ts';

const days = z
  .int(`must be a whole number of days from 1 to ${MAX_THRESHOLD_DAYS}`)
  .min(1, 'must be at least 1 day')
  .max(MAX_THRESHOLD_DAYS, `must be at most ${MAX_THRESHOLD_DAYS} days`);

const stageName = z
  .string()
  .regex(/^(?!__)[^`\n]{1,100}$/, 'must be the name of a stage, 1 to 100 characters');

const stageRule = z
  .strictObject({
    threshold_days: days.optional(),
    excluded: z.boolean('must be true or false; true means that time in this stage never counts').optional(),
  })
  .refine((rule) => rule.threshold_days !== undefined || rule.excluded !== undefined, {
    message: 'must have threshold_days or excluded; null removes the rule',
  });

/** The placeholders of `ticket_url`. */
const PLACE = /\{(?:id|number)\}/;
const URL_RULE =
  'must be an address with https:// or http:// that has {id} or {number} in it, such as https://shop.example/tickets/{id}';

const ticketUrl = z
  .string(URL_RULE)
  .max(500, 'must have at most 500 characters')
  .refine((text) => PLACE.test(text) && isWebAddress(text.replaceAll(/\{(?:id|number)\}/g, '0')), URL_RULE);

function isWebAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url !== null && ['https:', 'http:'].includes(url.protocol) && url.username === '' && url.password === ''
  );
}

/** The fields that `settings/alerts` may have. A stage of null is removed: the general threshold then holds for it. */
export const alertSettings = z.strictObject({
  threshold_days: days,
  repeat_hours: z
    .int(`must be a whole number of hours from 1 to ${MAX_REPEAT_HOURS}`)
    .min(1, 'must be at least 1 hour')
    .max(MAX_REPEAT_HOURS, `must be at most ${MAX_REPEAT_HOURS} hours`),
  stages: z.record(stageName, stageRule.nullable()),
  ticket_url: ticketUrl.nullable(),
});

/** The values of fields that nobody has set. */
export const ALERT_DEFAULTS = {
  threshold_days: DEFAULT_THRESHOLD_DAYS,
  repeat_hours: DEFAULT_REPEAT_HOURS,
  stages: {},
  ticket_url: null,
};
