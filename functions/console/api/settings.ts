import { type DocumentSnapshot, FieldValue, type Firestore } from '@google-cloud/firestore';
import * as z from 'zod';
import {
  PRESENCE_DEFAULTS,
  presenceSettings,
  rememberThreshold,
} from '../../../shared/domains/presence/settings.ts';
import { ALERT_DEFAULTS, alertSettings } from '../../../shared/domains/tickets/alerts/settings.ts';
import { WATCH_DEFAULTS, type WatchSettings, watchSettings } from '../../../shared/domains/watch/settings.ts';
import { ForbiddenHost, publicAddress } from '../../../shared/doors/account/public-address.ts';
import { HttpError } from '../../../shared/doors/http/errors.ts';
import { Answer } from '../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../shared/doors/http/version.ts';
import { writeAttempt } from '../../../shared/doors/store/counted.ts';
import { toJson } from '../../../shared/doors/store/json.ts';
import { versionOf } from '../../../shared/doors/store/version.ts';
import { type AdminContext, adminRoute } from './route.ts';

/** The values of fields that nobody has set. */
const DEFAULTS = { presence: PRESENCE_DEFAULTS, alerts: ALERT_DEFAULTS, watch: WATCH_DEFAULTS };
type Part = keyof typeof DEFAULTS;
const PARTS = Object.keys(DEFAULTS) as Part[];

const version = { updated_at: z.string().nullable().optional() };
const settingsBody = z.strictObject({
  presence: presenceSettings.partial().extend(version).optional(),
  alerts: alertSettings.partial().extend(version).optional(),
  watch: watchSettings.partial().extend(version).optional(),
  ...version,
});
type SettingsBody = z.infer<typeof settingsBody>;

/** Settings with their version; null before the first write. */
interface Versioned {
  updated_at: string | null;
}

/** All settings as the API answers them; absent ones have their defaults. */
export interface SettingsView extends Versioned {
  presence: z.infer<typeof presenceSettings> & Versioned;
  alerts: Omit<z.infer<typeof alertSettings>, 'stages'> & {
    stages: Record<string, { threshold_days?: number; excluded?: boolean }>;
  } & Versioned;
  watch: WatchSettings & Versioned;
}

/**
 * Throws 400 for a webhook whose host is not public: the answer would tell about the own network. A name that DNS does not
 * know now is accepted, since each call checks it again.
 */
async function requirePublicWebhook(url: string | null | undefined, local: boolean): Promise<void> {
  if (!url) return;
  await publicAddress(new URL(url).hostname.replace(/^\[|\]$/g, ''), local).catch((error: unknown) => {
    if (!(error instanceof ForbiddenHost)) return;
    throw new HttpError(400, `watch.webhook_url: ${error.message}`, {
      check: 'watch.webhook_url: not public',
    });
  });
}

/** GET and PUT `/v1/admin/settings`. A PUT merges; a part that is not sent stays as it is. */
export const settingsRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/settings',
    query: z.strictObject({}),
    handle: ({ context }) => answer(context),
  }),
  adminRoute({
    method: 'PUT',
    path: '/v1/admin/settings',
    query: z.strictObject({}),
    body: settingsBody,
    async handle({ context, body, request }) {
      await requirePublicWebhook(body.watch?.webhook_url, context.config.local);
      await context.store.runTransaction(async (transaction) => {
        const found = await transaction.getAll(...refs(context.store));
        requireVersion(request, body.updated_at, newest(found));
        for (const [index, part] of PARTS.entries()) {
          const snapshot = found[index];
          const { updated_at: carried, ...fields } = body[part] ?? {};
          if (!snapshot || !body[part]) continue;
          if (carried !== undefined && carried !== versionOf(snapshot))
            requireVersion(request, carried, versionOf(snapshot));
          transaction.set(snapshot.ref, { ...toDeletions(fields), ...writeAttempt() }, { merge: true });
        }
      });
      applyThreshold(context, body);
      return answer(context);
    },
  }),
];

const refs = (store: Firestore) => PARTS.map((part) => store.doc(`settings/${part}`));

async function answer({ store }: AdminContext): Promise<Answer> {
  const found = await store.getAll(...refs(store));
  const stored = <P extends Part>(part: P) => {
    const snapshot = found[PARTS.indexOf(part)];
    const updated_at = snapshot ? versionOf(snapshot) : null;
    return { ...DEFAULTS[part], ...(toJson(snapshot?.data() ?? {}) as object), updated_at };
  };
  const updated_at = newest(found);
  const view: SettingsView = {
    presence: stored('presence'),
    alerts: stored('alerts'),
    watch: stored('watch'),
    updated_at,
  };
  return new Answer(200, view, versionHeader(updated_at));
}

/** Returns the version of the part written last. Versions are ISO 8601, so they sort as text. */
function newest(found: readonly DocumentSnapshot[]): string | null {
  const versions = found.flatMap((snapshot) => versionOf(snapshot) ?? []);
  return versions.sort().at(-1) ?? null;
}

/** Turns null into the deletion of a key. */
function toDeletions(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value === null ? FieldValue.delete() : isMap(value) ? toDeletions(value) : value,
    ]),
  );
}

const isMap = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function applyThreshold({ store, now }: AdminContext, { presence }: SettingsBody): void {
  const minutes = presence?.online_threshold_minutes;
  if (minutes !== undefined) rememberThreshold(store, minutes, now);
}
