import * as z from 'zod';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import { listPageByInstant } from '../../../../shared/doors/store/list-page.ts';
import { runsOf } from '../../../../shared/runtime/run-list.ts';
import { type RunLine, runDetail, runLine } from '../../../../shared/runtime/run-view.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { adminRoute } from '../route.ts';

/** The outcomes of runs, and `running` for an open run. */
const OUTCOMES = [
  ...['succeeded', 'nothing_to_do', 'partial', 'skipped_overlap'],
  ...['dispatched', 'failed', 'abandoned', 'running'],
] as const;

const NEWEST_FIRST = { field: 'started_at', direction: 'desc' } as const;

/** The ledger: GET `/v1/admin/runs`, newest first (a read per run, and one more), and one run in full. */
export const runRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/runs',
    query: z.strictObject({
      task: z.string().min(1, 'must be the name of a task').max(100, 'must be the name of a task').optional(),
      outcome: z.enum(OUTCOMES, { error: `must be one of ${OUTCOMES.join(', ')}` }).optional(),
      limit: limitParam(),
      page: positionParam,
    }),
    async handle({ context, query }): Promise<Page<RunLine>> {
      const { task, outcome, limit, page } = query;
      const runs = runsOf(context.store, { task, outcome: outcome === 'running' ? null : outcome });
      const { docs, next } = await listPageByInstant(runs, NEWEST_FIRST, limit, page);
      return { items: docs.map(runLine), next_page: nextPage(next) };
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
