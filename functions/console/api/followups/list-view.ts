import { FieldPath, type Query, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { readCustomers } from '../../../../shared/domains/followups/customers/customer.ts';
import { type Followup, settingsRef, toFollowup } from '../../../../shared/domains/followups/followup.ts';
import {
  countViews,
  isInView,
  type ListView,
  ORDER,
  searchQuery,
  viewQueries,
} from '../../../../shared/domains/followups/list/list.ts';
import { type ListScope, readScope } from '../../../../shared/domains/followups/list/scope.ts';
import { indexToken, isFound, searchWords } from '../../../../shared/domains/followups/list/search.ts';
import { type Settings, SettingsFault, toSettings } from '../../../../shared/domains/followups/settings.ts';
import { explain, showFollowup } from '../../../../shared/domains/followups/show.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { toPage } from '../../../../shared/doors/http/query.ts';
import { streamQuery } from '../../../../shared/doors/store/firestore.ts';
import { listPageById, listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { formatPosition, parsePosition, positionOf } from '../../../../shared/doors/store/position.ts';
import type { AdminContext } from '../route.ts';
import type { ExplainedFollowup, FollowupList } from './views.ts';

/** The part of a list that is asked for. Without a view a search is over all follow-ups. */
export interface ListRequest {
  view: ListView | undefined;
  q: string | undefined;
  orgId: string | undefined;
  limit: number;
  page: string | null;
}

interface Found {
  docs: QueryDocumentSnapshot[];
  next: string | null;
}

/** Answers one page of a view or a search, each follow-up with the decision of a run at this instant. */
export async function listView(context: AdminContext, request: ListRequest): Promise<FollowupList> {
  const { store } = context;
  const scope = await readScope(store, request.orgId);
  const words = searchWords(request.q ?? '');
  const [{ docs, next }, counts] = await Promise.all([
    words.length > 0 ? search(context, request, words, scope) : pageOfView(context, request, scope),
    countViews(store, scope),
  ]);
  const [settings, followups] = await Promise.all([
    readSettingsOf(context, docs),
    readCustomers(store, docs.map(toFollowup)),
  ]);
  const items = docs.map((snapshot, index) => ({
    ...showFollowup(snapshot),
    explanation: explainItem(context, followups[index] ?? toFollowup(snapshot), settings),
  }));
  return { as_of: context.now.toISOString(), items, counts, next_page: toPage(next) };
}

/** Reads a page of each query of a view and merges them, in the order of the view. */
async function pageOfView(
  { store }: AdminContext,
  { view = 'next', limit, page }: ListRequest,
  scope: ListScope,
): Promise<Found> {
  const order = ORDER[view];
  const position = page === null || !order ? null : parsePosition(page);
  if (page !== null && order && !position)
    throw new HttpError(400, 'page: must be a next_page that this list gave');
  const parts = await Promise.all(
    viewQueries(store, view, scope).map((query) =>
      order ? listPageByInstant(query, order, limit, position) : listPageById(query, limit, page),
    ),
  );
  const sign = order?.direction === 'desc' ? -1 : 1;
  const instant = (one: QueryDocumentSnapshot) => (order ? positionOf(one, order.field).at.valueOf() : '');
  const all = parts
    .flatMap(({ docs }) => docs)
    .sort((one, other) => sign * (compare(instant(one), instant(other)) || compare(one.id, other.id)));
  const docs = all.slice(0, limit);
  const last = docs.at(-1);
  const hasMore = all.length > limit || parts.some(({ next }) => next !== null);
  if (!last || !hasMore) return { docs, next: null };
  return { docs, next: order ? formatPosition(positionOf(last, order.field)) : last.id };
}

const compare = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Reads what begins like the rarest word, and keeps what fits all words and the view, in the order of ids. */
async function search(
  { store }: AdminContext,
  { view, orgId, limit, page }: ListRequest,
  words: readonly string[],
  scope: ListScope,
): Promise<Found> {
  const ordered = searchQuery(store, indexToken(words), orgId).orderBy(FieldPath.documentId());
  const query: Query = page === null ? ordered : ordered.startAfter(page);
  const docs: QueryDocumentSnapshot[] = [];
  for await (const snapshot of streamQuery(query, { leastPage: 10 * limit })) {
    const followup = toFollowup(snapshot);
    if (!isFound(followup, words) || (view && !isInView(followup, view, scope))) continue;
    if (docs.length === limit) return { docs, next: docs.at(-1)?.id ?? null };
    docs.push(snapshot);
  }
  return { docs, next: null };
}

type SettingsById = Map<string, Settings | SettingsFault>;

/** Reads the settings of the organisations on a page, each once. */
async function readSettingsOf({ store }: AdminContext, docs: QueryDocumentSnapshot[]): Promise<SettingsById> {
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

/** Explains the decision of a run at this instant. Returns null if the settings are unusable. */
function explainItem(
  { now }: AdminContext,
  followup: Followup,
  settingsById: SettingsById,
): ExplainedFollowup['explanation'] {
  const settings = settingsById.get(followup.orgId || '-');
  const isKnown = settings && !(settings instanceof SettingsFault);
  return isKnown ? explain(followup, settings, now.getTime()) : null;
}
