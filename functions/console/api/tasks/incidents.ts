import { type DocumentSnapshot, FieldPath, type Query, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { allIncidents, type IncidentView, openIncidents } from '../../../../shared/domains/watch/incident.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { fromIso, toIso } from '../../../../shared/doors/store/version.ts';
import type { Page } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';

const query = z.strictObject({
  limit: limitParam(),
  page: pageParam,
  /** true: only those that are not over; false or absent: all of them. */
  open: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

/** GET `/v1/admin/incidents`: what the watchman found, newest first. */
export const incidentRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/incidents',
    query,
    async handle({ context, query: { limit, page, open } }): Promise<Page<IncidentView>> {
      const all = open === 'true' ? openIncidents(context.store) : allIncidents(context.store);
      const docs = await pageOf(context, all, limit, page);
      const last = docs.length > limit ? docs[limit - 1] : undefined;
      return {
        items: docs.slice(0, limit).map(shown),
        next_page: toPage(last ? `${toIso(last.get('opened_at'))} ${last.id}` : null),
      };
    },
  }),
];

/** One more than the page holds, to know whether another follows. */
async function pageOf(context: AdminContext, all: Query, limit: number, page: string | null) {
  const { store } = context;
  const ordered = all.orderBy(FieldPath.documentId(), 'desc').limit(limit + 1);
  const { docs } = await (page === null ? ordered : ordered.startAfter(...position(page, store))).get();
  return docs;
}

function position(page: string, store: AdminContext['store']) {
  const [instant = '', id = ''] = page.split(/ (.*)/s);
  const openedAt = fromIso(instant);
  if (!openedAt || id === '' || id.includes('/'))
    throw new HttpError(400, 'page: must be a next_page that this list gave');
  return [openedAt, store.doc(`incidents/${id}`)] as const;
}

/** An incident as its document has it, instants in ISO 8601. */
function shown(document: DocumentSnapshot): IncidentView {
  return { id: document.id, ...(plain(document.data() ?? {}) as Omit<IncidentView, 'id'>) };
}

function plain(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
