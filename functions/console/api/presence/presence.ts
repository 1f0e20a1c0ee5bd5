import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import {
  type PresenceBackup,
  presenceBackup,
  type RestoreResult,
  restoreUsers,
} from '../../../../shared/domains/presence/backup.ts';
import { cleanUp } from '../../../../shared/domains/presence/cleanup.ts';
import { MAX_STALE_MINUTES } from '../../../../shared/domains/presence/limits.ts';
import { type PresenceReport, presenceReport } from '../../../../shared/domains/presence/report.ts';
import { onlineThreshold } from '../../../../shared/domains/presence/settings.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { isRedisAway } from '../../../../shared/doors/redis/redis.ts';
import { lastRuns } from '../../../../shared/runtime/ledger.ts';
import { type RunLine, runLine } from '../../../../shared/runtime/run-view.ts';
import type { Note } from '../../../../shared/runtime/task.ts';
import { type AdminContext, adminRoute } from '../route.ts';

/** The state of presence, and the last runs of its tasks. */
export interface PresenceView extends PresenceReport {
  threshold_minutes: number;
  as_of: string;
  last_runs: PresenceRun[];
}

interface PresenceRun extends Pick<RunLine, 'task' | 'outcome' | 'started_at' | 'duration_ms' | 'error'> {
  run_id: string;
  failed: Record<string, number>;
  notes: Note[];
}

export interface CleanupReport {
  dry_run: boolean;
  started_at: string;
  checked_count: number;
  cleaned_count: number;
  would_clean_count?: number;
  alive_count: number;
  failed: Record<string, number>;
  user_ids: string[];
  backup: PresenceBackup;
}

export interface RestoreReport {
  dry_run: boolean;
  counts: Record<Exclude<RestoreResult, Error> | 'failed', number>;
}

/** The tasks of presence, and the number of their last runs in the answer. */
const TASKS = ['clean-stale-sessions', 'test-presence'];
const RUNS = 5;
/** A cleanup changes the users that a dry run listed; that list may be this old. */
const MAX_SHOWN_AGE_MS = 60 * 60_000;
const RETRY_SECONDS = 30;

const cleanupBody = z.strictObject({
  dry_run: z.boolean('must be true or false').default(false),
  /** Limits the cleanup to users flagged online and silent for at least this many minutes. */
  minutes: z
    .int(`must be a whole number from 1 to ${MAX_STALE_MINUTES}`)
    .min(1)
    .max(MAX_STALE_MINUTES)
    .optional(),
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
    async handle({ context, body }): Promise<CleanupReport> {
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
    async handle({ context, body }): Promise<RestoreReport> {
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

async function report(context: AdminContext): Promise<PresenceView> {
  const { store, now } = context;
  const minutes = await onlineThreshold(store, now, 0);
  const [found, ...runs] = await Promise.all([
    presenceReport(context, now, minutes * 60_000),
    ...TASKS.map((task) => lastRuns(store, task, RUNS).get()),
  ]);
  const last_runs = runs.flatMap(({ docs }) => docs.map(toPresenceRun));
  return { threshold_minutes: minutes, as_of: now.toISOString(), ...found, last_runs };
}

function toPresenceRun(run: QueryDocumentSnapshot): PresenceRun {
  const { task, outcome, started_at, duration_ms, error } = runLine(run);
  return {
    run_id: run.id,
    task,
    outcome,
    started_at,
    duration_ms,
    failed: run.get('failed') ?? {},
    error,
    notes: run.get('notes') ?? [],
  };
}
