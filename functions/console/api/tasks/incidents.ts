import { type DocumentSnapshot, FieldValue, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import {
  allIncidents,
  type IncidentView,
  incidents,
  openIncidents,
} from '../../../../shared/domains/watch/incident.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import { toJson } from '../../../../shared/doors/store/json.ts';
import { listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';

const NEWEST_FIRST = { field: 'opened_at', direction: 'desc' } as const;

const query = z.strictObject({
  limit: limitParam(),
  page: positionParam,
  /** true: only open incidents; false or absent: all of them. */
  open: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/**
 * - GET `/v1/admin/incidents`: the incidents that watch-runs found, newest first.
 * - POST `/v1/admin/incidents/{id}/acknowledge`: records that the caller attends to an open one.
 */
export const incidentRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/incidents',
    query,
    async handle({ context: { store }, query: { limit, page, open } }): Promise<Page<IncidentView>> {
      const all = open === 'true' ? openIncidents(store) : allIncidents(store);
      const { docs, next } = await listPageByInstant(all, NEWEST_FIRST, limit, page);
      return { items: docs.map(toIncidentView), next_page: nextPage(next) };
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/v1/admin/incidents/{id}/acknowledge',
    query: z.strictObject({}),
    body: z.strictObject({}),
    handle: ({ context, path }) => acknowledge(context, path.id ?? ''),
  }),
];

export const toIncidentView = (incident: DocumentSnapshot): IncidentView => ({
  id: incident.id,
  ...(toJson(incident.data() ?? {}) as Omit<IncidentView, 'id'>),
});

/** Records who attends to an incident. The first one stays: a second call changes nothing. */
async function acknowledge({ store, caller, now }: AdminContext, id: string): Promise<IncidentView> {
  const ref = incidents(store).doc(id);
  await store.runTransaction(async (transaction) => {
    const found = await transaction.get(ref);
    if (!found.exists)
      throw new HttpError(404, `There is no incident ${JSON.stringify(id)}; list the open ones.`);
    if (found.get('acknowledged_at')) return;
    if (found.get('recovered_at'))
      throw new HttpError(409, `The incident ${JSON.stringify(id)} is over; there is nothing to attend to.`);
    const at = Timestamp.fromDate(now);
    const by = caller.id ?? caller.kind;
    transaction.update(ref, {
      acknowledged_at: at,
      acknowledged_by: by,
      history: FieldValue.arrayUnion({ at, event: 'acknowledged', by }),
    });
  });
  return toIncidentView(await ref.get());
}
