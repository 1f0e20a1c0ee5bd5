import * as z from 'zod';
import { costOf } from '../../doors/cost.ts';
import { answerWithin } from '../../doors/http/deadline.ts';
import { HttpError } from '../../doors/http/errors.ts';
import { header, jsonBody } from '../../doors/http/request.ts';
import { Answer, type Call, type ProvenRoute } from '../../doors/http/router.ts';
import type { AnyTask, Deps } from '../task.ts';
import { type ActedBatch, actOnBatch, type BatchOrder, findBatch } from './act.ts';
import { RETRY_AFTER_SECONDS } from './retry-after.ts';

/** Work in flight may end within this time after the run's budget, which its batches have too. */
const ANSWER_SLACK_MS = 2_500;

const order = z.strictObject({
  run: z.string().min(1).max(1500),
  batch: z.string().regex(/^[0-9a-f]{32}$/),
  dry_run: z.boolean().default(false),
});

/**
 * `POST <route>/act`: one batch of a dispatched run, delivered by Cloud Tasks, for service callers only. It answers 200 if
 * the batch is settled, 503 if it needs another attempt, and 404 if there is no such batch.
 */
export function batchRoute(task: AnyTask): ProvenRoute<Deps> {
  return {
    method: 'POST',
    path: '/act',
    callers: ['service'],
    handle: (call) => answerBatch(task, call),
  };
}

async function answerBatch(task: AnyTask, { deps, request, logFields }: Call<Deps>): Promise<Answer> {
  const parsed = order.safeParse(await jsonBody(request));
  if (!parsed.success)
    throw new HttpError(400, 'The body must be {"run": ID, "batch": NAME}, as the dispatcher makes it.');
  const retries = Number(header(request, 'x-cloudtasks-taskretrycount') ?? Number.NaN);
  const wanted: BatchOrder = { ...parsed.data, attempt: Number.isInteger(retries) ? retries + 1 : null };
  const found = await answerWithin(ANSWER_SLACK_MS, findBatch(task, wanted, deps));
  const acted = await answerWithin(
    found.request.params.budget_seconds * 1000 + ANSWER_SLACK_MS,
    actOnBatch(found, deps, logFields),
    `The batch ${wanted.batch} did not end within its budget; its record will show the result.`,
    RETRY_AFTER_SECONDS,
  );
  const again = acted.outcome === 'again' || acted.outcome === 'skipped_overlap';
  const headers = again ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : undefined;
  return new Answer(again ? 503 : 200, reply(wanted, acted), headers);
}

function reply({ run, batch, dry_run }: BatchOrder, { outcome, sums, shown, usage }: ActedBatch): object {
  const { counts, skipped, failed, complete } = sums;
  return {
    ...{ run_id: run, batch, outcome, dry_run, complete, counts, skipped, failed },
    cost: costOf(usage),
    ...(dry_run ? { candidates: shown } : {}),
  };
}
