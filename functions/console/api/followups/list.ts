import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { settingsRef, toFollowup } from '../../../../shared/domains/followups/followup.ts';
import { followupsIn, type ListView, ORDER, VIEWS } from '../../../../shared/domains/followups/list.ts';
import { type Settings, SettingsFault, toSettings } from '../../../../shared/domains/followups/settings.ts';
import { explain, showFollowup } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { listPageById, listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { formatPosition, parsePosition } from '../../../../shared/doors/store/position.ts';
import type { Page } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import type { BillingLine, ExplainedFollowup, FollowupList } from './views.ts';

/**
 * - GET `/v1/admin/followups?view=` lists follow-ups, each with the decision of a run at this instant. It reads every
 *   item, one more, and every organisation among them.
 * - GET `/v1/admin/billing-settings` lists the organisations.
 */
export const followupListRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/followups',
    query: z.strictObject({
      view: z.enum(VIEWS, `must be one of ${VIEWS.join(', ')}`).default('due'),
      org_id: z.string().min(1, 'must be the id of an organisation, or left out').optional(),
      limit: limitParam(),
      page: pageParam,
    }),
    async handle({ context, query: { view, org_id, limit, page } }): Promise<FollowupList> {
      const { docs, next } = await pageOf(context, { view, org_id }, limit, page);
      const settings = await settingsOf(context, docs);
      const items = docs.map((snapshot) => ({
        ...showFollowup(snapshot),
        ...explainItem(context, snapshot, settings),
      }));
      return { as_of: context.now.toISOString(), items, next_page: toPage(next) };
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/v1/admin/billing-settings',
    query: z.strictObject({ limit: limitParam(), page: pageParam }),
    async handle({ context: { store }, query: { limit, page } }): Promise<Page<BillingLine>> {
      const organisations = store.collection('billing_settings').select('auto_followups_enabled');
      const { docs, next } = await listPageById(organisations, limit, page);
      const items = docs.map((document) => ({
        id: document.id,
        auto_followups_enabled: document.get('auto_followups_enabled') === true,
      }));
      return { items, next_page: toPage(next) };
    },
  }),
];

/** Reads a page by an instant and id, or by id alone. */
async function pageOf(
  { store }: AdminContext,
  { view, org_id }: { view: ListView; org_id?: string | undefined },
  limit: number,
  page: string | null,
): Promise<{ docs: QueryDocumentSnapshot[]; next: string | null }> {
  const query = followupsIn(store, view, org_id);
  const order = ORDER[view];
  if (!order) return listPageById(query, limit, page);
  const position = page === null ? null : parsePosition(page);
  if (page !== null && !position) throw new HttpError(400, 'page: must be a next_page that this list gave');
  const { docs, next } = await listPageByInstant(query, order, limit, position);
  return { docs, next: next && formatPosition(next) };
}

type SettingsById = Map<string, Settings | SettingsFault>;

/** Reads the settings of the organisations on a page, each once. */
async function settingsOf({ store }: AdminContext, docs: QueryDocumentSnapshot[]): Promise<SettingsById> {
  const ids = [...new Set(docs.map((snapshot) => toFollowup(snapshot).orgId || '-'))];
  if (ids.length === 0) return new Map();
  const found = await store.getAll(...ids.map((id) => settingsRef(store, id)));
  return new Map(found.map((snapshot) => [snapshot.id, toSettingsOrFault(snapshot)]));
}

function toSettingsOrFault(snapshot: Parameters<typeof toSettings>[0]): Settings | SettingsFault {
  try {
    return toSettings(snapshot);
  } catch (error) {
    if (error instanceof SettingsFault) return error;
    throw error;
  }
}

/** Explains the decision of a run at this instant. The explanation is null if the settings are unusable. */
function explainItem(
  { now }: AdminContext,
  snapshot: QueryDocumentSnapshot,
  settingsById: SettingsById,
): Pick<ExplainedFollowup, 'explanation'> {
  const followup = toFollowup(snapshot);
  const settings = settingsById.get(followup.orgId || '-');
  const known = settings && !(settings instanceof SettingsFault);
  return { explanation: known ? explain(followup, settings, now.getTime()) : null };
}
