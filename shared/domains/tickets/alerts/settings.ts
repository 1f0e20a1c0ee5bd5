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

/** What may be written to `settings/alerts`. A stage of null is removed: the general threshold holds for it again. */
export const alertSettings = z.strictObject({
  threshold_days: days,
  repeat_hours: z
    .int(`must be a whole number of hours from 1 to ${MAX_REPEAT_HOURS}`)
    .min(1, 'must be at least 1 hour')
    .max(MAX_REPEAT_HOURS, `must be at most ${MAX_REPEAT_HOURS} hours`),
  stages: z.record(stageName, z.strictObject({ threshold_days: days }).nullable()),
});

/** The settings of an installation that has set nothing. */
export const ALERT_DEFAULTS = {
  threshold_days: DEFAULT_THRESHOLD_DAYS,
  repeat_hours: DEFAULT_REPEAT_HOURS,
  stages: {},
};
