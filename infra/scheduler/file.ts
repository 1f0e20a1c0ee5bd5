import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { mounted, tasks } from '../../functions/registry.ts';
import { type KnownTask, parseSchedule, type ScheduleFile } from './parse.ts';

const SCHEDULE = fileURLToPath(new URL('../scheduler.yaml', import.meta.url));

/** Reads the tasks from the code, to check the schedule against them. */
function readTasks(): Record<string, KnownTask> {
  return Object.fromEntries(
    tasks.map((task) => [
      task.name,
      {
        route: task.route,
        methods: task.methods,
        params: z.object(task.params as z.ZodRawShape),
        budgetSeconds: task.budgetSeconds,
        onOverlap: task.onOverlap,
        fansOut: task.fanOut !== undefined,
      },
    ]),
  );
}

/** Reads infra/scheduler.yaml and fills its ${NAME} from `env`. Throws ScheduleError with every problem. */
export function readSchedule(env?: Record<string, string | undefined>): ScheduleFile {
  return parseSchedule(readFileSync(SCHEDULE, 'utf8'), {
    file: 'infra/scheduler.yaml',
    tasks: readTasks(),
    functions: [...new Set(mounted.map(({ name }) => name))],
    ...(env ? { env } : {}),
  });
}
