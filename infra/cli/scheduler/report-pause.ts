import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { reasonOf } from '../doctor/result.ts';
import type { Target } from '../target.ts';

/**
 * Reports to watch-runs that a task is paused or resumed. watch-runs cannot read Cloud Scheduler, and would report missed
 * runs. Returns a line for people, also if the report fails: the pause itself has succeeded.
 */
export async function reportPause(
  task: string,
  isPaused: boolean,
  findTarget: () => Promise<Target>,
): Promise<string> {
  const body = { watch: { paused: { [task]: isPaused ? true : null } } };
  try {
    await callAdmin(await findTarget(), z.unknown(), { method: 'PUT', path: '/v1/admin/settings', body });
    return isPaused ? 'watch-runs knows, and reports no missed runs' : 'watch-runs watches it again';
  } catch (error) {
    const remedy = `PUT /v1/admin/settings ${JSON.stringify(body)}`;
    return `watch-runs does not know (${reasonOf(error)}): ${remedy}`;
  }
}
