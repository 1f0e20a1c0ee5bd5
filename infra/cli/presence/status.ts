import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { callTask, findTask } from '../run-task.ts';
import type { Target } from '../target.ts';
import { alignRows, type Terminal, toPrintable } from '../terminal.ts';

const userList = z.object({ count: z.number(), user_ids: z.array(z.string()) }).nullable();
const health = z.object({ ok: z.boolean(), ms: z.number(), error: z.string().nullable() });
const check = z.object({ name: z.string(), ok: z.boolean(), duration_ms: z.number(), detail: z.string() });

const report = z.looseObject({
  threshold_minutes: z.number(),
  as_of: z.string(),
  degraded: z.boolean(),
  stores: z.object({ firestore: health, redis: health }),
  users: z.number(),
  flagged_online: z.number(),
  live_keys: z.number().nullable(),
  ghosts: z.object({ flagged_without_life: userList, alive_without_flag: userList }),
  stale: z.object({ minutes: z.number(), count: z.number(), user_ids: z.array(z.string()) }).nullable(),
  last_runs: z.array(
    z.looseObject({
      run_id: z.string(),
      outcome: z.string().nullable(),
      duration_ms: z.number().nullable(),
      failed: z.record(z.string(), z.number()),
      error: z.string().nullable(),
    }),
  ),
});
type PresenceReport = z.infer<typeof report>;

/** Prints the state of presence. Returns 1 if a store does not answer. */
export async function printPresence(
  target: Target,
  { json }: { json?: true },
  { print }: Terminal,
): Promise<number> {
  const state = await callAdmin(target, report, { method: 'GET', path: '/v1/admin/presence' });
  if (json) print(JSON.stringify(state, null, 2));
  else for (const line of describeState(state)) print(line);
  return state.stores.firestore.ok && state.stores.redis.ok ? 0 : 1;
}

function describeState(state: PresenceReport): string[] {
  const { ghosts, stale, stores } = state;
  return [
    `Presence at ${state.as_of}; online means younger than ${state.threshold_minutes} minutes`,
    `Users              ${state.users}`,
    `Flagged online     ${state.flagged_online}`,
    `Live keys in Redis ${state.live_keys ?? 'unknown'}`,
    `Ghosts             ${describeUsers(ghosts.flagged_without_life)} flagged online without a sign of life`,
    `                   ${describeUsers(ghosts.alive_without_flag)} alive and not flagged online`,
    `Stale sessions     ${describeUsers(stale)} flagged online and silent for ${stale?.minutes ?? 30} minutes or more`,
    `Firestore          ${describeHealth(stores.firestore)}`,
    `Redis              ${describeHealth(stores.redis)}`,
    state.last_runs.length === 0 ? 'Last runs          none yet' : 'Last runs',
    ...state.last_runs.map(describeRun),
  ];
}

const describeHealth = ({ ok, ms, error }: z.infer<typeof health>) =>
  ok ? `answers in ${ms} ms` : `DOES NOT ANSWER: ${error} (${ms} ms)`;

function describeUsers(users: z.infer<typeof userList>): string {
  if (users === null) return 'unknown';
  if (users.count === 0) return '0';
  const first = users.user_ids.slice(0, 5).join(', ');
  return `${users.count} (${first}${users.count > 5 ? ', ...' : ''})`;
}

function describeRun({
  run_id,
  outcome,
  duration_ms,
  failed,
  error,
}: PresenceReport['last_runs'][number]): string {
  const faults = Object.entries(failed).map(([reason, count]) => `${reason}: ${count}`);
  const trouble = [...faults, ...(error === null ? [] : [error])].join('; ');
  return `  ${run_id}  ${outcome ?? 'under way'}  ${duration_ms ?? '?'} ms${trouble ? `  ${trouble}` : ''}`;
}

/** Runs test-presence and prints every check. Returns 1 if one failed. */
export async function testPresence(
  target: Target,
  { json }: { json?: true },
  { print }: Terminal,
): Promise<number> {
  const answer = await callTask(findTask('test-presence'), {}, target);
  const checks = z.array(check).safeParse(answer.body.checks);
  if (json) print(JSON.stringify(answer.body, null, 2));
  else if (!checks.success || checks.data.length === 0) print(`${answer.status}: ${answer.text}`);
  else {
    const rows = checks.data.map(({ name, ok, duration_ms, detail }) =>
      [ok ? 'ok' : 'FAIL', name, `${duration_ms} ms`, detail].map(toPrintable),
    );
    for (const line of alignRows(rows)) print(line);
    print(String(answer.body.message));
  }
  return answer.status === 200 ? 0 : 1;
}
