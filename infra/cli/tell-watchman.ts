import { z } from 'zod';
import { callAdmin } from './admin-call.ts';
import { reasonOf } from './doctor/result.ts';
import type { Target } from './target.ts';

/**
 * Tells the watchman that a task is paused, or runs again: he cannot see Cloud Scheduler, and would call its rounds missed.
 * Answers a line for people; one that could not be told is no failure of the pause itself.
 */
export async function tellWatchman(
  task: string,
  paused: boolean,
  findTarget: () => Promise<Target>,
): Promise<string> {
  const body = { watch: { paused: { [task]: paused ? true : null } } };
  try {
    await callAdmin(await findTarget(), z.unknown(), 'PUT', '/v1/admin/settings', body);
    return paused ? 'the watchman knows, and misses nothing' : 'the watchman looks after it again';
  } catch (error) {
    const remedy = `PUT /v1/admin/settings ${JSON.stringify(body)}`;
    return `the watchman could not be told (${reasonOf(error)}): ${remedy}`;
  }
}
