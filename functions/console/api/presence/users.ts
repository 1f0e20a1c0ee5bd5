import * as z from 'zod';
import { onlineThreshold } from '../../../../shared/domains/presence/settings.ts';
import { listStatuses, type UserStatus } from '../../../../shared/domains/presence/statuses.ts';
import { userRef } from '../../../../shared/domains/presence/user.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import type { Page } from '../paging.ts';
import { adminRoute } from '../route.ts';

/** A user's status, and a name for it. */
export interface PresentUser extends UserStatus {
  id: string;
  display_name: string | null;
  email: string | null;
}

export interface PresentUsers extends Page<PresentUser> {
  threshold_minutes: number;
  degraded: boolean;
  as_of: string;
}

/** The largest page. Each user costs two reads, for the status and for the name. */
const MAX_USERS = 200;

/**
 * GET `/v1/admin/presence/users`: the statuses of users, with their names. They equal those of GET
 * `/v1/admin/users/statuses`, a route of another function. With `status` it scans all users.
 */
export const presenceUserRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/presence/users',
    query: z.strictObject({
      limit: limitParam(MAX_USERS),
      page: pageParam,
      status: z.enum(['online', 'offline', 'unknown'], 'must be online, offline or unknown').optional(),
    }),
    async handle({ context, query: { limit, page, status } }): Promise<PresentUsers> {
      const { store, now } = context;
      const minutes = await onlineThreshold(store, now, 0);
      const found = await listStatuses(context, {
        ...{ limit, after: page, status, now },
        thresholdMs: minutes * 60_000,
      });
      const refs = found.users.map(({ user_id }) => userRef(store, user_id));
      const fieldMask = ['display_name', 'email'];
      const named = refs.length === 0 ? [] : await store.getAll(...refs, { fieldMask });
      const items = found.users.map((user, index) => ({
        id: user.user_id,
        ...user,
        display_name: named[index]?.get('display_name') ?? null,
        email: named[index]?.get('email') ?? null,
      }));
      return {
        threshold_minutes: minutes,
        degraded: found.degraded,
        as_of: now.toISOString(),
        items,
        next_page: toPage(found.next),
      };
    },
  }),
];
