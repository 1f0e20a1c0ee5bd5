import * as z from 'zod';
import { ended, paused, restarted, resumed, stopped } from '../../../../shared/domains/followups/actions.ts';
import { followups } from '../../../../shared/domains/followups/followup.ts';
import { MAX_REASON } from '../../../../shared/domains/followups/limits.ts';
import { decidePatch } from '../../../../shared/domains/followups/patch.ts';
import { followupPatch, newFollowup } from '../../../../shared/domains/followups/schema/followup.ts';
import { settleUnknown } from '../../../../shared/domains/followups/settle.ts';
import { showHistoryLine, showLevelSend } from '../../../../shared/domains/followups/show.ts';
import { saveFollowup } from '../../../../shared/domains/followups/upsert.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { requireVersion } from '../../../../shared/doors/http/version.ts';
import { listPage } from '../../../../shared/doors/store/list-page.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { adminRoute } from '../route.ts';
import { applyChange, requireSame, toAnswer, version } from './change.ts';
import {
  changeContext,
  hasNoUncertainMail,
  hasUncertainMail,
  noSuchFollowup,
  throwPatchFault,
} from './context.ts';
import { explainFollowup } from './explain.ts';
import { followupMailRoutes } from './mail.ts';
import type { FollowupHistory } from './views.ts';

const nothing = z.strictObject({});
const page = { limit: limitParam(), page: pageParam };
const instant = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its offset, such as 2026-03-31T09:00:00Z',
});
const reason = z.string().trim().max(MAX_REASON, `must have at most ${MAX_REASON} characters`).optional();

const ITEM = '/api/followups/{id}';

/** `/api/followups`: lists and shows the follow-ups of invoices and quotes, and changes them for people. */
export const followupRoutes = [
  adminRoute({
    method: 'POST',
    path: '/api/followups',
    body: newFollowup,
    async handle({ context, body }) {
      const { id, created, snapshot } = await saveFollowup(changeContext(context), body).catch(
        throwPatchFault,
      );
      if (!snapshot) throw noSuchFollowup(id);
      return toAnswer(snapshot, created ? 201 : 200);
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
      return toAnswer(snapshot, 200, { explanation });
    },
  }),
  adminRoute({
    method: 'PATCH',
    path: ITEM,
    body: followupPatch,
    handle: ({ context, path, body, request }) => {
      const { updated_at, ...patch } = body;
      return applyChange(context, path['id'] ?? '', ({ snapshot, followup, settings }) => {
        requireVersion(request, updated_at, versionOf(snapshot));
        return decidePatch(snapshot, followup, settings, patch);
      }).catch(throwPatchFault);
    },
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/stop`,
    body: z.strictObject({ reason, ...version.shape }),
    handle: ({ context, path, body, request }) =>
      applyChange(
        context,
        path['id'] ?? '',
        ({ followup }) => stopped(followup, 'stopped', body.reason ?? null),
        requireSame(request, body),
      ),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/pause`,
    body: z.strictObject({ until: instant.nullable().optional(), reason, ...version.shape }),
    handle: ({ context, path, body, request }) =>
      applyChange(
        context,
        path['id'] ?? '',
        ({ snapshot, settings }) =>
          paused(snapshot, settings, body.until ? Date.parse(body.until) : null, body.reason ?? null),
        requireSame(request, body),
      ),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/resume`,
    body: version.strict(),
    handle: ({ context, path, body, request }) =>
      applyChange(
        context,
        path['id'] ?? '',
        ({ snapshot, followup, settings }) => resumed(snapshot, followup, settings, context.now),
        requireSame(request, body),
      ),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/restart`,
    body: z.strictObject({ reason, ...version.shape }),
    handle: ({ context, path, body, request }) =>
      applyChange(
        context,
        path['id'] ?? '',
        ({ snapshot, followup, settings }) => {
          if (followup.parked?.reason === 'unknown_delivery') throw hasUncertainMail(followup.id);
          return restarted(snapshot, followup, settings, { detail: body.reason ?? null, now: context.now });
        },
        requireSame(request, body),
      ),
  }),
  ...(['paid', 'accepted', 'cancelled'] as const).map((status) =>
    adminRoute({
      method: 'POST',
      path: `${ITEM}/${status}`,
      body: version.strict(),
      handle: ({ context, path, body, request }) =>
        applyChange(
          context,
          path['id'] ?? '',
          ({ followup }) => ended(followup, status),
          requireSame(request, body),
        ),
    }),
  ),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/settle`,
    body: z.strictObject({
      outcome: z.enum(['sent', 'not_sent'], 'must be sent or not_sent'),
      reason,
      ...version.shape,
    }),
    async handle({ context, path, body, request }) {
      const id = path['id'] ?? '';
      const found = await followups(context.store).doc(id).get();
      if (found.exists) requireSame(request, body)(found);
      const why = body.reason ?? `settled by ${context.caller.id ?? context.caller.kind}`;
      const settled = await settleUnknown(changeContext(context), id, body.outcome, why);
      if (settled === null) throw noSuchFollowup(id);
      if (!settled) throw hasNoUncertainMail(id);
      return await applyChange(context, id, () => null);
    },
  }),
  adminRoute({
    method: 'GET',
    path: `${ITEM}/history`,
    query: z.strictObject(page),
    async handle({ context, path, query: { limit, page: after } }): Promise<FollowupHistory> {
      // Reads no settings, so that unusable ones do not hide the history.
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
        items: docs.map(showHistoryLine),
        sends: sends.docs.map(showLevelSend),
        next_page: toPage(next),
      };
    },
  }),
  ...followupMailRoutes,
];
