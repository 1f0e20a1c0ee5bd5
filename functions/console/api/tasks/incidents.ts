import * as z from 'zod';
import { allIncidents, type IncidentView, openIncidents } from '../../../../shared/domains/watch/incident.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import { toJson } from '../../../../shared/doors/store/json.ts';
import { listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { adminRoute } from '../route.ts';

const NEWEST_FIRST = { field: 'opened_at', direction: 'desc' } as const;

const query = z.strictObject({
  limit: limitParam(),
  page: positionParam,
  /** true: only open incidents; false or absent: all of them. */
  open: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/** GET `/v1/admin/incidents`: the incidents that watch-runs found, newest first. */
export const incidentRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/incidents',
    query,
    async handle({ context: { store }, query: { limit, page, open } }): Promise<Page<IncidentView>> {
      const all = open === 'true' ? openIncidents(store) : allIncidents(store);
      const { docs, next } = await listPageByInstant(all, NEWEST_FIRST, limit, page);
      const items = docs.map((incident) => ({
        id: incident.id,
        ...(toJson(incident.data()) as Omit<IncidentView, 'id'>),
      }));
      return { items, next_page: nextPage(next) };
    },
  }),
];
