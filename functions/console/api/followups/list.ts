import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { settingsRef, toFollowup } from '../../../../shared/domains/followups/followup.ts';
import { followupsIn, ORDER, VIEWS, type View } from '../../../../shared/domains/followups/list.ts';
import { type Settings, SettingsFault, toSettings } from '../../../../shared/domains/followups/settings.ts';
import { explain, shown } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { listPageById, listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { formatPosition, parsePosition } from '../../../../shared/doors/store/position.ts';
import { type AdminContext, adminRoute } from '../route.ts';

/**
 * GET `/v1/admin/followups?view=`: what a person looks for, each with the decision that a run would come to now; and GET
 * `/v1/admin/billing-settings`: the organisations. A read per item shown and one more, and one per organisation among them.
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
    async handle({ context, query: { view, org_id, limit, page } }) {
      const { docs, next } = await pageOf(context, { view, org_id }, limit, page);
      const settings = await settingsOf(context, docs);
      const items = docs.map((snapshot) => ({
        ...shown(snapshot),
        ...explained(context, snapshot, settings),
      }));
      return { as_of: context.now.toISOString(), items, next_page: toPage(next) };
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/v1/admin/billing-settings',
    query: z.strictObject({ limit: limitParam(), page: pageParam }),
    async handle({ context: { store }, query: { limit, page } }) {
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
  { view, org_id }: { view: View; org_id?: string | undefined },
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

type Found = Map<string, Settings | SettingsFault>;

/** The settings of the organisations on a page, each read once. */
async function settingsOf({ store }: AdminContext, docs: QueryDocumentSnapshot[]): Promise<Found> {
  const ids = [...new Set(docs.map((snapshot) => toFollowup(snapshot).orgId || '-'))];
  if (ids.length === 0) return new Map();
  const found = await store.getAll(...ids.map((id) => settingsRef(store, id)));
  return new Map(found.map((snapshot) => [snapshot.id, readable(snapshot)]));
}

function readable(snapshot: Parameters<typeof toSettings>[0]): Settings | SettingsFault {
  try {
    return toSettings(snapshot);
  } catch (error) {
    if (error instanceof SettingsFault) return error;
    throw error;
  }
}

/** What a run would decide now; null where the organisation's settings cannot be read. */
function explained({ now }: AdminContext, snapshot: QueryDocumentSnapshot, found: Found): object {
  const followup = toFollowup(snapshot);
  const settings = found.get(followup.orgId || '-');
  const known = settings && !(settings instanceof SettingsFault);
  return { explanation: known ? explain(followup, settings, now.getTime()) : null };
}
