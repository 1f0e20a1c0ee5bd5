import { type DocumentSnapshot, FieldPath, FieldValue, type Firestore } from '@google-cloud/firestore';
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

/** Its path may hold credentials, so it must be https, except on loopback. */
const webhook = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .refine(
    (text) => /^https:|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(text),
    'must be an https address, since its path may hold a credential',
  );

const taskName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of a task');
const failures = `must be a whole number from 2 to ${MAX_FAILURES}`;
const seconds = `must be a whole number of seconds from 5 to ${MAX_SLOW_SECONDS}`;

/**
 * The fields of `settings/watch`. Null removes a webhook_url, or a task of `paused`. watch-runs cannot see Cloud Scheduler,
 * so a job that is paused there is named here as well.
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

/** The values of fields that nobody has set. An outside web cron gives up after thirty seconds. */
export const WATCH_DEFAULTS: WatchSettings = {
  operators: [],
  webhook_url: null,
  locale: 'fr',
  failures_in_a_row: 3,
  slow_share: 0.8,
  slow_seconds: 30,
  paused: {},
};

/** Reads the settings of a document. An invalid field, which only a person can have written, gets its default. */
export function readWatchSettings(snapshot: DocumentSnapshot): WatchSettings {
  const stored = snapshot.data() ?? {};
  const sound = Object.entries(watchSettings.shape).flatMap(([name, schema]) => {
    const result = schema.safeParse(stored[name]);
    return result.success ? [[name, result.data]] : [];
  });
  return { ...WATCH_DEFAULTS, ...Object.fromEntries(sound) };
}

/** Forgets that a task is paused. */
export async function forgetPause(store: Firestore, task: string): Promise<void> {
  await store.doc('settings/watch').update(new FieldPath('paused', task), FieldValue.delete());
}
