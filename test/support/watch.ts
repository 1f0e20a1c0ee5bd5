import { Timestamp } from '@google-cloud/firestore';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import type { World } from './world.ts';

const ROUTE = '/v1/runs/watch';

/** Returns a job in the form that watch-runs receives. */
export function job(task: string, schedule: string, more: Partial<WatchedJob> = {}): WatchedJob {
  const spans = { period_seconds: 900, grace_seconds: 600, budget_seconds: 120 };
  return { task, schedule, time_zone: 'Etc/UTC', ...spans, paused: false, ...more };
}

/** The job of watch-runs itself. */
export const OWN_JOB = job('watch-runs', '*/5 * * * *', {
  period_seconds: 300,
  grace_seconds: 240,
  budget_seconds: 60,
});

/** Runs watch-runs once, at the instant of the world's clock. */
export async function watch(world: World, body: object = {}) {
  return world.post(ROUTE, { body, headers: { 'X-Cron-Secret': world.secret } });
}

/**
 * Runs watch-runs every `everyMinutes` minutes from the clock's instant up to `until`, inclusive. Returns the last
 * answer.
 */
export async function watchUntil(world: World, until: Date, everyMinutes = 5) {
  const step = everyMinutes * 60_000;
  let reply = await watch(world);
  while (world.clock().getTime() + step <= until.getTime()) {
    world.clock.advance(step);
    reply = await watch(world);
  }
  return reply;
}

/** Stores a run in the ledger, in the form that the runtime writes. */
export async function ran(
  world: World,
  task: string,
  startedAt: Date,
  more: Record<string, unknown> & { occurrence?: Date; durationMs?: number } = {},
): Promise<string> {
  const { occurrence, durationMs = 400, ...fields } = more;
  const id = occurrence ? `${task}@${occurrence.toISOString()}` : `${task}!${startedAt.toISOString()}`;
  await world.store.doc(`task_runs/${id}`).set({
    task,
    occurrence: occurrence ? Timestamp.fromDate(occurrence) : null,
    trigger: occurrence ? 'scheduler' : 'secret',
    attempt: 1,
    started_at: Timestamp.fromDate(startedAt),
    finished_at: Timestamp.fromMillis(startedAt.getTime() + durationMs),
    duration_ms: durationMs,
    outcome: 'nothing_to_do',
    complete: true,
    dry_run: false,
    params: {},
    error: null,
    ...fields,
  });
  return id;
}

/** Lists the mails so far, as addresses and subject. */
export const listMails = (world: World) =>
  world.smtp.mails().map(({ to, subject }) => `${to.join(',')}: ${subject}`);

/** Returns every incident's document. */
export async function incidentsOf(world: World) {
  const { docs } = await world.store.collection('incidents').orderBy('opened_at').get();
  return docs.map((document) => ({ id: document.id, ...document.data() }) as Record<string, unknown>);
}
