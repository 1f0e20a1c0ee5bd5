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

/** The fields that `settings/alerts` may have. A stage of null is removed: the general threshold then holds for it. */
export const alertSettings = z.strictObject({
  threshold_days: days,
  repeat_hours: z
    .int(`must be a whole number of hours from 1 to ${MAX_REPEAT_HOURS}`)
    .min(1, 'must be at least 1 hour')
    .max(MAX_REPEAT_HOURS, `must be at most ${MAX_REPEAT_HOURS} hours`),
  stages: z.record(stageName, z.strictObject({ threshold_days: days }).nullable()),
});

/** The values of fields that nobody has set. */
export const ALERT_DEFAULTS = {
  threshold_days: DEFAULT_THRESHOLD_DAYS,
  repeat_hours: DEFAULT_REPEAT_HOURS,
  stages: {},
};
