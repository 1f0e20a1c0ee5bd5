import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import * as z from 'zod';
import { heldFollowups } from '../../../../shared/domains/followups/activation.ts';
import { settingsRef } from '../../../../shared/domains/followups/followup.ts';
import { senderOf } from '../../../../shared/domains/followups/mail/mail.ts';
import {
  DEFAULT_SETTINGS,
  NEW_HOURS,
  type Settings,
  toSettings,
} from '../../../../shared/domains/followups/settings.ts';
import { showDocument } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { DEFAULT_ACCOUNT, mailAccounts } from '../../../../shared/doors/mail/accounts.ts';
import { writeAttempt } from '../../../../shared/doors/store/counted.ts';
import { isConflict } from '../../../../shared/doors/store/firestore.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { senderFor } from '../../../organisation-mail.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { billingChange } from './billing-change.ts';
import { type Consequences, carryOut, toConsequences } from './consequences.ts';
import { completeSwitchOn } from './switch-on.ts';
import type { BillingRehearsal, BillingSettingsView } from './views.ts';

const PATH = '/v1/admin/billing-settings/{org_id}';
const dryRun = z.strictObject({
  dry_run: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/**
 * `/v1/admin/billing-settings/{org_id}`:
 * - GET returns the settings.
 * - PUT merges, brings the open follow-ups in line, and returns what the next run sends.
 * - PUT with `?dry_run=true` returns the same and changes nothing.
 */
export const billingSettingsRoutes = [
  adminRoute({
    method: 'GET',
    path: PATH,
    query: z.strictObject({}),
    async handle({ context, path }) {
      const snapshot = await readDocument(context, path['org_id']);
      return await toAnswer(context, snapshot, toSettings(snapshot), {});
    },
  }),
  adminRoute({
    method: 'PUT',
    path: PATH,
    query: dryRun,
    body: billingChange,
    async handle({ context, path, query, body: sent, request }) {
      const snapshot = await readDocument(context, path['org_id']);
      requireVersion(request, sent.updated_at, versionOf(snapshot));
      await requireAccount(context, snapshot.id, sent.mail_account);
      const change = toConsequences(snapshot, await completeSwitchOn(context, snapshot, sent), context.now);
      if (query.dry_run === 'true') return await rehearseChange(context, change);
      return await applyChange(context, snapshot, change);
    },
  }),
];

async function readDocument({ store }: AdminContext, orgId: string | undefined): Promise<DocumentSnapshot> {
  return await settingsRef(store, orgId ?? '').get();
}

/** Throws a 400 unless the organisation has this mail account. */
async function requireAccount({ store }: AdminContext, orgId: string, name: string | null | undefined) {
  if (name === undefined || name === null || name === DEFAULT_ACCOUNT) return;
  const account = await mailAccounts(store).doc(name).get();
  if (account.get('org_id') !== orgId)
    throw new HttpError(
      400,
      `mail_account ${JSON.stringify(name)} is no mail account of ${orgId}; give one of its own, "default", or null.`,
    );
}

async function applyChange(
  context: AdminContext,
  snapshot: DocumentSnapshot,
  change: Consequences,
): Promise<Answer> {
  const { store, now } = context;
  const { after, fields } = change;
  const { ref, updateTime } = snapshot;
  const written = { ...fields, ...writeAttempt() };
  try {
    if (updateTime) await ref.update(written, { lastUpdateTime: updateTime });
    else await ref.create(written);
  } catch (error) {
    if (isConflict(error))
      throw new HttpError(
        409,
        `The billing settings of ${ref.id} have changed since you read them; read them again, then save.`,
      );
    throw error;
  }
  const result = await carryOut(store, change, now, false);
  return await toAnswer(context, await readDocument(context, ref.id), after, {
    rescheduled: result.rescheduled,
    ...(after.enabled ? { activation: result.activation } : {}),
  });
}

/** Returns what the next run would send after this change, by the decisions of a run. */
async function rehearseChange({ store, now }: AdminContext, change: Consequences): Promise<BillingRehearsal> {
  const { activation, rescheduled } = await carryOut(store, change, now, true);
  return {
    dry_run: true,
    activation,
    would_reschedule: rescheduled > 0,
    would_reschedule_count: rescheduled,
  };
}

async function toAnswer(
  context: AdminContext,
  snapshot: DocumentSnapshot,
  settings: Settings,
  more: Pick<BillingSettingsView, 'activation' | 'rescheduled'>,
): Promise<Answer> {
  const { levels, ...document } = showDocument<Partial<BillingSettingsView>>(snapshot);
  const account = (await senderFor(context, settings))?.post.config;
  const sender = account ? senderOf(settings, account) : null;
  const warnings =
    sender && !sender.own
      ? [
          `from: mail servers would refuse ${settings.from?.address} from the account of ${account?.from.address} (DMARC); mails come from that address under your name, and answers go to ${sender.replyTo?.address}.`,
        ]
      : [];
  const version = versionOf(snapshot);
  const held = more.activation?.held ?? (await countHeld(context.store, snapshot.id));
  const view: BillingSettingsView = {
    ...DEFAULT_SETTINGS,
    opt_out: settings.optOut,
    ...(snapshot.exists ? {} : NEW_HOURS),
    ...document,
    id: snapshot.id,
    // One kind of levels may be set while the other keeps its default.
    levels: { ...DEFAULT_SETTINGS.levels, ...levels },
    ...more,
    held,
    from_used: sender?.from ?? null,
    warnings,
    updated_at: version,
  };
  return new Answer(200, view, versionHeader(version));
}

async function countHeld(store: Firestore, orgId: string): Promise<number> {
  return (await heldFollowups(store, orgId).count().get()).data().count;
}
