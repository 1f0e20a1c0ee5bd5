import { Timestamp } from '@google-cloud/firestore';
import { CONSOLE_ACCOUNT, LOCAL_PROJECT, LOCAL_REGION } from '../../infra/local/environment.ts';
import { localJobs } from '../../infra/local/jobs.ts';
import { type LocalMetadata, startMetadata } from '../../infra/local/metadata.ts';
import { type LocalScheduler, startLocalScheduler } from '../../infra/local/scheduler/scheduler.ts';
import { applyPlan } from '../../infra/scheduler/apply.ts';
import { openScheduler } from '../../infra/scheduler/client.ts';
import { planSchedule } from '../../infra/scheduler/plan.ts';
import { callJson } from './call.ts';
import { NOW, type Reply, startWorld, type World } from './world.ts';

/** The console with its Google services, on the world's clock. */
export interface ConsoleWorld {
  world: World;
  scheduler: LocalScheduler;
  metadata: LocalMetadata;
  /** Settings of the console in addition to the world's environment. */
  environment: Record<string, string>;
  /**
   * Calls the console as an administrator or with another token. The default token is always new, since the clock
   * moves.
   */
  call(method: string, path: string, body?: unknown, token?: string): Promise<Reply>;
  stop(): Promise<void>;
}

export async function startConsoleWorld(): Promise<ConsoleWorld> {
  const world = await startWorld();
  const { clock, issuer } = world;
  const scheduler = await startLocalScheduler({
    clock,
    firing: false,
    signOidc: (email, audience) => issuer.googleToken({ email, audience }),
  });
  const metadata = await startMetadata((audience) =>
    issuer.googleToken({ email: CONSOLE_ACCOUNT, audience }),
  );
  // The world has its own project, but the console expects the jobs in its configured one.
  const project = world.environment.GOOGLE_CLOUD_PROJECT ?? '';
  const api = openScheduler({ project, region: LOCAL_REGION, endpoint: scheduler.url });
  const wanted = localJobs({ gateway: world.url, cron_secret: world.secret }).map(({ body, paused }) => ({
    body: { ...body, name: body.name.replace(`projects/${LOCAL_PROJECT}/`, `projects/${project}/`) },
    paused,
  }));
  await applyPlan(planSchedule(wanted, []), api, { adopt: false });
  await api.close();
  const environment = { RONDE_SCHEDULER: scheduler.url, RONDE_METADATA: metadata.url };
  world.reconfigure(environment);
  return {
    world,
    scheduler,
    metadata,
    environment,
    async call(method, path, body, token) {
      const proof = token ?? (await issuer.userToken('admintest1'));
      return callJson(world, { token: proof, method, path, body });
    },
    async stop() {
      await world.stop();
      await scheduler.stop();
      await metadata.stop();
    },
  };
}

/** Returns a run in the ledger's form, N minutes before NOW. */
export function storedRun(task: string, minutesAgo: number, more: Record<string, unknown> = {}) {
  const started = NOW.getTime() - minutesAgo * 60_000;
  return {
    task,
    occurrence: Timestamp.fromMillis(started),
    trigger: 'scheduler',
    attempt: 1,
    started_at: Timestamp.fromMillis(started),
    finished_at: Timestamp.fromMillis(started + 1500),
    duration_ms: 1500,
    outcome: 'succeeded',
    complete: true,
    dry_run: false,
    params: { dry_run: false, budget_seconds: 120 },
    counts: { candidates: 3, acted: 2, skipped: 1, failed: 0 },
    skipped: { still_active: 1 },
    failed: {},
    cost: { firestore_reads: 4, firestore_writes: 3, redis_commands: 2, usd: 0.0000043 },
    error: null,
    expires_at: Timestamp.fromMillis(started + 90 * 86_400_000),
    ...more,
  };
}
