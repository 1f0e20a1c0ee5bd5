import type { Query } from '@google-cloud/firestore';
import * as z from 'zod';
import { followups, STATUSES } from '../../../../shared/domains/followups/followup.ts';
import { VIEWS } from '../../../../shared/domains/followups/list/list.ts';
import { showFollowup } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { listPageById } from '../../../../shared/doors/store/list-page.ts';
import type { Page } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { listView } from './list-view.ts';
import type { BillingLine, FollowupList, FollowupPage } from './views.ts';

/** The longest search. */
const MAX_SEARCH = 200;

const listQuery = z.strictObject({
  limit: limitParam(),
  page: pageParam,
  org_id: z.string().min(1, 'must be the id of an organisation, or left out').optional(),
  status: z.enum(STATUSES).optional(),
  type: z.enum(['invoice', 'quote']).optional(),
  view: z.enum(VIEWS, `must be one of ${VIEWS.join(', ')}`).optional(),
  q: z.string().trim().max(MAX_SEARCH, `must have at most ${MAX_SEARCH} characters`).optional(),
});

/**
 * - GET `/api/followups` lists follow-ups by status, type and organisation, in the order of ids.
 * - With `view` or `q` each item carries the decision of a run at this instant, and the answer the counts of all views.
 * - GET `/v1/admin/billing-settings` lists the organisations.
 */
export const followupListRoutes = [
  adminRoute({
    method: 'GET',
    path: '/api/followups',
    query: listQuery,
    handle({
      context,
      query: { view, q, org_id, limit, page, ...filters },
    }): Promise<FollowupPage | FollowupList> {
      if (view === undefined && !q) return listPlain(context, { org_id, ...filters }, limit, page);
      if (filters.status ?? filters.type)
        throw new HttpError(400, 'status and type: do not go with view or q; leave them out');
      return listView(context, { view, q, orgId: org_id, limit, page });
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

/** Answers one page in the order of ids. */
async function listPlain(
  { store }: AdminContext,
  filters: Record<string, string | undefined>,
  limit: number,
  page: string | null,
): Promise<FollowupPage> {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const query = given.reduce<Query>((all, [name, value]) => all.where(name, '==', value), followups(store));
  const { docs, next } = await listPageById(query, limit, page);
  return { items: docs.map(showFollowup), next_page: toPage(next) };
}
