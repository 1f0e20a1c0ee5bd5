import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { presenceBackup, restoreUsers } from '../../../../shared/domains/presence/backup.ts';
import { cleanUp } from '../../../../shared/domains/presence/cleanup.ts';
import { presenceReport } from '../../../../shared/domains/presence/report.ts';
import { onlineThreshold } from '../../../../shared/domains/presence/settings.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { isRedisAway } from '../../../../shared/doors/redis/redis.ts';
import { millis } from '../../../../shared/doors/store/firestore.ts';
import { lastRuns } from '../../../../shared/runtime/ledger.ts';
import { type AdminContext, adminRoute } from '../route.ts';

/** The tasks of presence, and the number of their last runs in the answer. */
const TASKS = ['clean-stale-sessions', 'test-presence'];
const RUNS = 5;
/** A cleanup changes the users that a dry run listed; that list may be this old. */
const MAX_SHOWN_AGE_MS = 60 * 60_000;
const RETRY_SECONDS = 30;

const cleanupBody = z.strictObject({
  dry_run: z.boolean('must be true or false').default(false),
  /** Limits the cleanup to users flagged online and silent for at least this many minutes. */
  minutes: z.int('must be a whole number from 1 to 1440').min(1).max(1440).optional(),
  started_at: z.iso.datetime('must be an instant in UTC, as a dry run answers it').optional(),
});

const restoreBody = z.strictObject({
  dry_run: z.boolean('must be true or false').default(false),
  backup: presenceBackup,
});

export const presenceRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/presence',
    query: z.strictObject({}),
    handle: ({ context }) => report(context),
  }),

  adminRoute({
    method: 'POST',
    path: '/v1/admin/presence/cleanup',
    body: cleanupBody,
    async handle({ context, body }) {
      const start = startOf(body.started_at, context.now);
      const before =
        body.minutes === undefined ? start.getTime() : start.getTime() - body.minutes * 60_000 + 1;
      const request = { now: start, before, flaggedOnly: body.minutes !== undefined, dryRun: body.dry_run };
      const done = await cleanUp(context, request).catch(refuseWithoutRedis);
      return {
        dry_run: body.dry_run,
        started_at: start.toISOString(),
        checked_count: done.checked,
        cleaned_count: body.dry_run ? 0 : done.cleaned,
        ...(body.dry_run ? { would_clean_count: done.cleaned } : {}),
        alive_count: done.alive,
        failed: done.failed,
        user_ids: done.shown,
        backup: done.backup,
      };
    },
  }),

  adminRoute({
    method: 'POST',
    path: '/v1/admin/presence/restore',
    body: restoreBody,
    async handle({ context, body }) {
      const results = await restoreUsers(context, body.backup, body.dry_run).catch(refuseWithoutRedis);
      const counts = { restored: 0, unchanged: 0, changed_since: 0, gone: 0, failed: 0 };
      for (const result of results) counts[result instanceof Error ? 'failed' : result] += 1;
      return { dry_run: body.dry_run, counts };
    },
  }),
];

function startOf(startedAt: string | undefined, now: Date): Date {
  if (startedAt === undefined) return now;
  const start = new Date(startedAt);
  const age = now.getTime() - start.getTime();
  if (age >= 0 && age <= MAX_SHOWN_AGE_MS) return start;
  throw new HttpError(
    400,
    `started_at: ${startedAt} is not within the last hour; look again with dry_run first.`,
  );
}

/** Answers 503 if Redis is away: users that cannot be seen stay as they are. */
function refuseWithoutRedis(error: unknown): never {
  if (!isRedisAway(error)) throw error;
  throw new HttpError(
    503,
    'Redis does not answer, so online users cannot be seen. Nothing was changed; try again.',
    {
      headers: { 'Retry-After': String(RETRY_SECONDS) },
      check: `presence: ${String(error)}`,
    },
  );
}

async function report(context: AdminContext): Promise<object> {
  const { store, now } = context;
  const minutes = await onlineThreshold(store, now, 0);
  const [found, ...runs] = await Promise.all([
    presenceReport(context, now, minutes * 60_000),
    ...TASKS.map((task) => lastRuns(store, task, RUNS).get()),
  ]);
  const last_runs = runs.flatMap(({ docs }) => docs.map(toPresenceRun));
  return { threshold_minutes: minutes, as_of: now.toISOString(), ...found, last_runs };
}

function toPresenceRun(run: QueryDocumentSnapshot): object {
  const started = millis(run.get('started_at'));
  return {
    run_id: run.id,
    task: run.get('task'),
    outcome: run.get('outcome') ?? null,
    started_at: started === null ? null : new Date(started).toISOString(),
    duration_ms: run.get('duration_ms') ?? null,
    failed: run.get('failed') ?? {},
    error: run.get('error') ?? null,
    notes: run.get('notes') ?? [],
  };
}
