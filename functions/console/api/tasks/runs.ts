import * as z from 'zod';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { positionOf, runPosition, runsOf } from '../../../../shared/runtime/run-list.ts';
import { type RunLine, runDetail, runLine } from '../../../../shared/runtime/run-view.ts';
import type { Page } from '../paging.ts';
import { adminRoute } from '../route.ts';

/** How a run can end, and `running` for one that has not. */
const OUTCOMES = [
  ...['succeeded', 'nothing_to_do', 'partial', 'skipped_overlap'],
  ...['dispatched', 'failed', 'abandoned', 'running'],
] as const;

const page = pageParam.refine((position) => position === null || positionOf(position) !== null, {
  error: 'must be a next_page that this list gave',
});

/** The ledger: GET `/v1/admin/runs`, newest first (a read per run shown and one more), and one run with all it keeps. */
export const runRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/runs',
    query: z.strictObject({
      task: z.string().min(1, 'must be the name of a task').max(100, 'must be the name of a task').optional(),
      outcome: z.enum(OUTCOMES, { error: `must be one of ${OUTCOMES.join(', ')}` }).optional(),
      limit: limitParam(),
      page,
    }),
    async handle({ context, query }): Promise<Page<RunLine>> {
      const { task, outcome, limit, page: after } = query;
      const filter = { task, outcome: outcome === 'running' ? null : outcome, after };
      const { docs } = await runsOf(context.store, filter, limit + 1).get();
      const items = docs.slice(0, limit);
      const last = docs.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map(runLine),
        next_page: toPage(last ? runPosition(last.get('started_at'), last.id) : null),
      };
    },
  }),

  adminRoute({
    method: 'GET',
    path: '/v1/admin/runs/{id}',
    query: z.strictObject({}),
    async handle({ context, path }) {
      const run = await context.store.doc(`task_runs/${path.id}`).get();
      if (!run.exists) throw new HttpError(404, 'There is no such run; runs are kept for 90 days.');
      return runDetail(run);
    },
  }),
];
