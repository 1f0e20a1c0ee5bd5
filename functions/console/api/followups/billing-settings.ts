import { type DocumentSnapshot, FieldValue } from '@google-cloud/firestore';
import * as z from 'zod';
import { activationOf, heldDueBefore } from '../../../../shared/domains/followups/activation.ts';
import { settingsRef } from '../../../../shared/domains/followups/followup.ts';
import { senderOf } from '../../../../shared/domains/followups/mail/mail.ts';
import { reschedule } from '../../../../shared/domains/followups/schedule/reschedule.ts';
import { rulesKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import { billingSettings } from '../../../../shared/domains/followups/schema/billing-settings.ts';
import {
  DEFAULT_SETTINGS,
  type Settings,
  toSettings,
} from '../../../../shared/domains/followups/settings.ts';
import { showDocument } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { writeAttempt } from '../../../../shared/doors/store/counted.ts';
import { isConflict } from '../../../../shared/doors/store/firestore.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import type { BillingRehearsal, BillingSettingsView } from './views.ts';

const PATH = '/v1/admin/billing-settings/{org_id}';
/** Fields that only the answer has. A client may send them back; PUT ignores them. */
const ANSWER_ONLY = [
  'id',
  'held_due_before',
  'rescheduling',
  'from_used',
  'warnings',
  'activation',
  'rescheduled',
];

const body = z.preprocess(
  (sent) =>
    typeof sent === 'object' && sent !== null
      ? Object.fromEntries(Object.entries(sent).filter(([name]) => !ANSWER_ONLY.includes(name)))
      : sent,
  billingSettings.partial().extend({
    /** The follow-ups held since the activation may go now. */
    confirm_held: z.boolean('must be true or false').optional(),
    updated_at: z.string().nullable().optional(),
  }),
);
export type BillingChange = z.infer<typeof body>;

const dryRun = z.strictObject({
  dry_run: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/** A change of settings and its consequences. */
interface Consequences {
  before: Settings;
  after: Settings;
  fields: Record<string, unknown>;
  switchedOn: boolean;
  /** Open follow-ups need new due times, because the rules changed. */
  reschedules: boolean;
}

/**
 * `/v1/admin/billing-settings/{org_id}`:
 * - GET returns the settings.
 * - PUT merges, reschedules open follow-ups if the rules changed, and returns what would be sent now.
 * - PUT with `?dry_run=true` changes nothing.
 */
export const billingSettingsRoutes = [
  adminRoute({
    method: 'GET',
    path: PATH,
    query: z.strictObject({}),
    async handle({ context, path }) {
      const snapshot = await readDocument(context, path['org_id']);
      return toAnswer(context, snapshot, toSettings(snapshot), {});
    },
  }),
  adminRoute({
    method: 'PUT',
    path: PATH,
    query: dryRun,
    body,
    async handle({ context, path, query, body: sent, request }) {
      const snapshot = await readDocument(context, path['org_id']);
      requireVersion(request, sent.updated_at, versionOf(snapshot));
      const change = toConsequences(snapshot, sent, context.now);
      if (query.dry_run === 'true') return await rehearseChange(context, change);
      return await applyChange(context, snapshot, change);
    },
  }),
];

async function readDocument({ store }: AdminContext, orgId: string | undefined): Promise<DocumentSnapshot> {
  return await settingsRef(store, orgId ?? '').get();
}

function toConsequences(snapshot: DocumentSnapshot, sent: BillingChange, now: Date): Consequences {
  const { updated_at: _version, confirm_held, levels, templates, ...plain } = sent;
  const before = toSettings(snapshot);
  const switchedOn = sent.auto_followups_enabled === true && !before.enabled;
  const held = confirm_held ? null : switchedOn ? heldDueBefore(now) : undefined;
  const fields: Record<string, unknown> = {
    ...plain,
    ...(levels ? { levels: { ...(snapshot.get('levels') as object | undefined), ...levels } } : {}),
    ...(templates
      ? { templates: withoutNulls({ ...(snapshot.get('templates') as object | undefined), ...templates }) }
      : {}),
    ...(held === undefined ? {} : { held_due_before: held }),
  };
  const get = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : snapshot.get(name));
  const after = toSettings({ id: snapshot.id, exists: true, get } as unknown as DocumentSnapshot);
  const reschedules = (['invoice', 'quote'] as const).some(
    (type) => rulesKey(before.rules, type) !== rulesKey(after.rules, type),
  );
  return { before, after, fields, switchedOn, reschedules };
}

/** A null in the request removes its template. */
const withoutNulls = (map: object) =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));

async function applyChange(
  context: AdminContext,
  snapshot: DocumentSnapshot,
  change: Consequences,
): Promise<Answer> {
  const { store, now } = context;
  const { after, fields, switchedOn, reschedules } = change;
  const { ref, updateTime } = snapshot;
  const pending = { ...(reschedules ? { rescheduling: true } : {}), ...writeAttempt() };
  try {
    if (updateTime) await ref.update({ ...fields, ...pending }, { lastUpdateTime: updateTime });
    else await ref.create({ ...fields, ...pending });
  } catch (error) {
    if (isConflict(error))
      throw new HttpError(
        409,
        `The billing settings of ${ref.id} have changed since you read them; read them again, then save.`,
      );
    throw error;
  }
  // If this process dies here, the next run sees `rescheduling` and finishes.
  let rescheduled = reschedules ? await reschedule(store, after, 'all') : 0;
  if (switchedOn) rescheduled += await reschedule(store, after, 'missing');
  if (reschedules) await ref.update({ rescheduling: FieldValue.delete() });
  const activation = after.enabled ? await activationOf(store, after, now) : undefined;
  return toAnswer(context, await readDocument(context, ref.id), after, {
    rescheduled,
    ...(activation ? { activation } : {}),
  });
}

/** Returns what these settings would send now. Changed rules move due times, so the real result may differ. */
async function rehearseChange(
  { store, now }: AdminContext,
  { after, reschedules }: Consequences,
): Promise<BillingRehearsal> {
  const activation = await activationOf(store, after, now);
  return { dry_run: true, activation, would_reschedule: reschedules };
}

function toAnswer(
  { config }: AdminContext,
  snapshot: DocumentSnapshot,
  settings: Settings,
  more: Pick<BillingSettingsView, 'activation' | 'rescheduled'>,
): Answer {
  const { levels, ...document } = showDocument<Partial<BillingSettingsView>>(snapshot);
  const sender = config.mail ? senderOf(settings, config.mail) : null;
  const warnings =
    sender && !sender.own
      ? [
          `from: mail servers would refuse ${settings.from?.address} from the account of ${config.mail?.from.address} (DMARC); mails come from that address under your name, and answers go to ${sender.replyTo?.address}.`,
        ]
      : [];
  const version = versionOf(snapshot);
  const view: BillingSettingsView = {
    ...DEFAULT_SETTINGS,
    ...document,
    id: snapshot.id,
    // One kind of levels may be set while the other keeps its default.
    levels: { ...DEFAULT_SETTINGS.levels, ...levels },
    ...more,
    from_used: sender?.from ?? null,
    warnings,
    updated_at: version,
  };
  return new Answer(200, view, versionHeader(version));
}
