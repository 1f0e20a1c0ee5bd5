import { type DocumentSnapshot, FieldValue } from '@google-cloud/firestore';
import * as z from 'zod';
import { activationOf, heldDueBefore } from '../../../../shared/domains/followups/activation.ts';
import { settingsRef } from '../../../../shared/domains/followups/followup.ts';
import { senderOf } from '../../../../shared/domains/followups/mail/mail.ts';
import { reschedule } from '../../../../shared/domains/followups/schedule/reschedule.ts';
import { rulesKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import {
  DEFAULT_SETTINGS,
  type Settings,
  toSettings,
} from '../../../../shared/domains/followups/settings.ts';
import { billingSettings } from '../../../../shared/domains/followups/settings-input.ts';
import { showDocument } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { isConflict } from '../../../../shared/doors/store/firestore.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import type { BillingRehearsal, BillingSettingsView } from './views.ts';

const PATH = '/v1/admin/billing-settings/{org_id}';
/** What the answer carries beside the document, and a client may send back as it was got. */
const ANSWERED = [
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
      ? Object.fromEntries(Object.entries(sent).filter(([name]) => !ANSWERED.includes(name)))
      : sent,
  billingSettings.partial().extend({
    /** What has been held since the activation may go now. */
    confirm_held: z.boolean('must be true or false').optional(),
    updated_at: z.string().nullable().optional(),
  }),
);
export type BillingChange = z.infer<typeof body>;

const dryRun = z.strictObject({
  dry_run: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/** What a change of settings brings with it. */
interface Consequences {
  before: Settings;
  after: Settings;
  fields: Record<string, unknown>;
  switchedOn: boolean;
  /** Open follow-ups have to be scheduled by other rules. */
  reschedules: boolean;
}

/**
 * GET and PUT `/v1/admin/billing-settings/{org_id}`. A PUT merges, schedules open follow-ups anew where their rules have
 * changed, and answers what would go out now. With `?dry_run=true` it only answers.
 */
export const billingSettingsRoutes = [
  adminRoute({
    method: 'GET',
    path: PATH,
    query: z.strictObject({}),
    async handle({ context, path }) {
      const snapshot = await read(context, path['org_id']);
      return answer(context, snapshot, toSettings(snapshot), {});
    },
  }),
  adminRoute({
    method: 'PUT',
    path: PATH,
    query: dryRun,
    body,
    async handle({ context, path, query, body: sent, request }) {
      const snapshot = await read(context, path['org_id']);
      requireVersion(request, sent.updated_at, versionOf(snapshot));
      const change = consequences(snapshot, sent, context.now);
      if (query.dry_run === 'true') return await rehearse(context, change);
      return await apply(context, snapshot, change);
    },
  }),
];

async function read({ store }: AdminContext, orgId: string | undefined): Promise<DocumentSnapshot> {
  return await settingsRef(store, orgId ?? '').get();
}

function consequences(snapshot: DocumentSnapshot, sent: BillingChange, now: Date): Consequences {
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

/** A template of null is removed. */
const withoutNulls = (map: object) =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));

async function apply(
  context: AdminContext,
  snapshot: DocumentSnapshot,
  change: Consequences,
): Promise<Answer> {
  const { store, now } = context;
  const { after, fields, switchedOn, reschedules } = change;
  const { ref, updateTime } = snapshot;
  const pending = reschedules ? { rescheduling: true } : {};
  try {
    if (updateTime) await ref.update({ ...fields, ...pending }, { lastUpdateTime: updateTime });
    else await ref.create({ ...fields, ...pending });
  } catch (error) {
    if (isConflict(error))
      throw new HttpError(409, 'It has been changed meanwhile; read it again and decide anew.');
    throw error;
  }
  // Cut off here, the next run takes it up: `rescheduling` says so.
  let rescheduled = reschedules ? await reschedule(store, after, 'all') : 0;
  if (switchedOn) rescheduled += await reschedule(store, after, 'missing');
  if (reschedules) await ref.update({ rescheduling: FieldValue.delete() });
  const activation = after.enabled ? await activationOf(store, after, now) : undefined;
  return answer(context, await read(context, ref.id), after, {
    rescheduled,
    ...(activation ? { activation } : {}),
  });
}

/** What would go out if these settings were saved; with other rules that is only known once they are. */
async function rehearse(
  { store, now }: AdminContext,
  { after, reschedules }: Consequences,
): Promise<BillingRehearsal> {
  const activation = await activationOf(store, after, now);
  return { dry_run: true, activation, would_reschedule: reschedules };
}

function answer(
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
    // Of the two kinds of levels one may be set and the other hold by default.
    levels: { ...DEFAULT_SETTINGS.levels, ...levels },
    ...more,
    from_used: sender?.from ?? null,
    warnings,
    updated_at: version,
  };
  return new Answer(200, view, versionHeader(version));
}
