import type { DocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { MAX_OPERATORS } from './limits.ts';

const MAX_FAILURES = 20;
const MAX_SLOW_SECONDS = 1_800;

const address = z.string().transform((text, context) => {
  const found = normaliseAddress(text);
  if (found !== null) return found;
  context.addIssue({ code: 'custom', message: 'must be e-mail addresses such as name@example.com' });
  return z.NEVER;
});

/** Credentials travel in its path, so it is never plain, except on this machine. */
const webhook = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .refine(
    (text) => /^https:|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(text),
    'must be an https address: what it carries is nobody else’s business',
  );

const taskName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of a task');
const failures = `must be a whole number from 2 to ${MAX_FAILURES}`;
const seconds = `must be a whole number of seconds from 5 to ${MAX_SLOW_SECONDS}`;

/**
 * What may be written to `settings/watch`. A webhook_url of null is removed, and so is a task of `paused`: the watchman
 * cannot see Cloud Scheduler, so whoever pauses a job there says it here as well.
 */
export const watchSettings = z.strictObject({
  operators: z
    .array(address, 'must be a list of e-mail addresses')
    .max(MAX_OPERATORS, `must be at most ${MAX_OPERATORS} addresses`)
    .transform((addresses) => [...new Set(addresses)]),
  webhook_url: webhook.nullable(),
  locale: z.enum(['fr', 'en'], 'must be fr or en'),
  failures_in_a_row: z.int(failures).min(2, failures).max(MAX_FAILURES, failures),
  slow_share: z
    .number('must be a number from 0.1 to 1')
    .min(0.1, 'must be at least 0.1 of the budget')
    .max(1, 'must be at most 1, the whole budget'),
  slow_seconds: z.int(seconds).min(5, seconds).max(MAX_SLOW_SECONDS, seconds),
  paused: z.record(taskName, z.literal(true, 'must be true, or null for a task that runs again').nullable()),
});

export type WatchSettings = z.infer<typeof watchSettings>;

/** What holds where nothing has been set. Thirty seconds is when an outside web cron gives up. */
export const WATCH_DEFAULTS: WatchSettings = {
  operators: [],
  webhook_url: null,
  locale: 'fr',
  failures_in_a_row: 3,
  slow_share: 0.8,
  slow_seconds: 30,
  paused: {},
};

/** The settings of a document. A field that no PUT would take can only have been written by hand: its default holds. */
export function readWatchSettings(snapshot: DocumentSnapshot): WatchSettings {
  const stored = snapshot.data() ?? {};
  const sound = Object.entries(watchSettings.shape).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(stored[name]);
    return parsed.success ? [[name, parsed.data]] : [];
  });
  return { ...WATCH_DEFAULTS, ...Object.fromEntries(sound) };
}
