import type { DocumentSnapshot, Query } from '@google-cloud/firestore';
import * as z from 'zod';
import { ended, paused, resumed, stopped } from '../../../../shared/domains/followups/actions.ts';
import { type Change, changeFollowup } from '../../../../shared/domains/followups/change.ts';
import { followups, STATUSES } from '../../../../shared/domains/followups/followup.ts';
import { settleUnknown } from '../../../../shared/domains/followups/settle.ts';
import { shown } from '../../../../shared/domains/followups/show.ts';
import {
  followupPatch,
  newFollowup,
  patched,
  saveFollowup,
} from '../../../../shared/domains/followups/upsert.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { listPage, listPageById } from '../../../../shared/doors/store/list-page.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { changeContext, noSuchFollowup } from './context.ts';
import { explainFollowup } from './explain.ts';
import { followupMailRoutes } from './mail.ts';

const nothing = z.strictObject({});
const page = { limit: limitParam(), page: pageParam };
const instant = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its offset, such as 2026-03-31T09:00:00Z',
});
const reason = z.string().trim().max(500, 'must have at most 500 characters').optional();

/** Does a change and answers the follow-up as it is then; one that changes nothing answers it as it is. */
async function change(
  context: AdminContext,
  id: string,
  decide: (found: Parameters<Parameters<typeof changeFollowup>[2]>[0]) => Change,
): Promise<Answer> {
  const snapshot = await changeFollowup(changeContext(context), id, decide);
  if (!snapshot) throw noSuchFollowup(id);
  return answer(snapshot);
}

const answer = (snapshot: DocumentSnapshot, status = 200) =>
  new Answer(status, shown(snapshot), versionHeader(versionOf(snapshot)));

/** Answers one page of a query, in the order of ids. */
async function list(query: Query, limit: number, after: string | null): Promise<object> {
  const { docs, next } = await listPageById(query, limit, after);
  return { items: docs.map(shown), next_page: toPage(next) };
}

const ITEM = '/api/followups/{id}';

/** `/api/followups`: the follow-ups of invoices and quotes, and what people do with them. */
export const followupRoutes = [
  adminRoute({
    method: 'GET',
    path: '/api/followups',
    query: z.strictObject({
      ...page,
      org_id: z.string().optional(),
      status: z.enum(STATUSES).optional(),
      type: z.enum(['invoice', 'quote']).optional(),
    }),
    handle: ({ context, query: { limit, page: after, ...filters } }) => {
      const given = Object.entries(filters).filter(([, value]) => value !== undefined);
      const query = given.reduce<Query>(
        (all, [name, value]) => all.where(name, '==', value),
        followups(context.store),
      );
      return list(query, limit, after);
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/api/followups',
    body: newFollowup,
    async handle({ context, body }) {
      const { id, created, snapshot } = await saveFollowup(changeContext(context), body);
      if (!snapshot) throw noSuchFollowup(id);
      return answer(snapshot, created ? 201 : 200);
    },
  }),
  adminRoute({
    method: 'GET',
    path: ITEM,
    query: nothing,
    async handle({ context, path }) {
      const explained = await explainFollowup(context, path['id'] ?? '');
      if (!explained) throw noSuchFollowup(path['id'] ?? '');
      const { snapshot, explanation } = explained;
      return new Answer(200, { ...shown(snapshot), explanation }, versionHeader(versionOf(snapshot)));
    },
  }),
  adminRoute({
    method: 'PATCH',
    path: ITEM,
    body: followupPatch,
    handle: ({ context, path, body, request }) => {
      const { updated_at, ...patch } = body;
      return change(context, path['id'] ?? '', ({ snapshot, followup, settings }) => {
        requireVersion(request, updated_at, versionOf(snapshot));
        return patched(snapshot, followup, settings, patch);
      });
    },
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/stop`,
    body: z.strictObject({ reason }),
    handle: ({ context, path, body }) =>
      change(context, path['id'] ?? '', ({ followup }) => stopped(followup, 'stopped', body.reason ?? null)),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/pause`,
    body: z.strictObject({ until: instant.nullable().optional(), reason }),
    handle: ({ context, path, body }) =>
      change(context, path['id'] ?? '', ({ snapshot, settings }) =>
        paused(snapshot, settings, body.until ? Date.parse(body.until) : null, body.reason ?? null),
      ),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/resume`,
    body: nothing,
    handle: ({ context, path }) =>
      change(context, path['id'] ?? '', ({ snapshot, followup, settings }) =>
        resumed(snapshot, followup, settings),
      ),
  }),
  ...(['paid', 'accepted', 'cancelled'] as const).map((status) =>
    adminRoute({
      method: 'POST',
      path: `${ITEM}/${status}`,
      body: nothing,
      handle: ({ context, path }) =>
        change(context, path['id'] ?? '', ({ followup }) => ended(followup, status)),
    }),
  ),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/settle`,
    body: z.strictObject({ outcome: z.enum(['sent', 'not_sent'], 'must be sent or not_sent'), reason }),
    async handle({ context, path, body }) {
      const id = path['id'] ?? '';
      const why = body.reason ?? `settled by ${context.caller.id ?? context.caller.kind}`;
      const settled = await settleUnknown(changeContext(context), id, body.outcome, why);
      if (settled === null) throw noSuchFollowup(id);
      if (!settled) throw new HttpError(409, 'No delivery of it is unknown; there is nothing to settle.');
      return await change(context, id, () => null);
    },
  }),
  adminRoute({
    method: 'GET',
    path: `${ITEM}/history`,
    query: z.strictObject(page),
    async handle({ context, path, query: { limit, page: after } }) {
      // Without the settings: a history is there though these are not usable.
      const snapshot = await followups(context.store)
        .doc(path['id'] ?? '')
        .get();
      if (!snapshot.exists) throw noSuchFollowup(snapshot.id);
      const lines = snapshot.ref.collection('history').orderBy('at', 'desc');
      const from = after === null ? null : await snapshot.ref.collection('history').doc(after).get();
      const begun = from?.exists ? lines.startAfter(from) : lines;
      const { docs, next } = await listPage(begun, limit, ({ id }) => id);
      const sends = await snapshot.ref.collection('sends').get();
      return {
        items: docs.map(shown),
        sends: sends.docs.map(shown),
        next_page: toPage(next),
      };
    },
  }),
  ...followupMailRoutes,
];
