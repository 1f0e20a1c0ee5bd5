import * as z from 'zod';
import { limitParam, pageParam, toPage } from '../../../shared/doors/http/query.ts';
import { listPageById } from '../../../shared/doors/store/list-page.ts';
import type { Page } from './paging.ts';
import { adminRoute } from './route.ts';

/** A user to choose as a recipient. */
export interface UserLine {
  id: string;
  email: string | null;
  display_name: string | null;
  role: string | null;
}

/** GET `/v1/admin/users`: all users by id, to choose recipients from. Costs a read per user shown, and one more. */
export const userRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/users',
    query: z.strictObject({ limit: limitParam(), page: pageParam }),
    async handle({ context: { store }, query: { limit, page } }): Promise<Page<UserLine>> {
      const users = store.collection('users').select('email', 'display_name', 'role');
      const { docs, next } = await listPageById(users, limit, page);
      const items = docs.map((user) => ({
        id: user.id,
        email: user.get('email') ?? null,
        display_name: user.get('display_name') ?? null,
        role: user.get('role') ?? null,
      }));
      return { items, next_page: toPage(next) };
    },
  }),
];
