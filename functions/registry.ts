import type { HttpHandler } from '../shared/http/request.ts';
import { taskHandler } from '../shared/task/handler.ts';
import type { AnyTask, Deps } from '../shared/task/task.ts';
import { closeInactiveVisits } from './close-inactive-visits/task.ts';
import { PRESENCE_PATHS, presenceHandler } from './presence/api.ts';
import { visitsHandler } from './visits/api.ts';

/** Every periodic task. A new one is added here, in infra/scheduler.yaml and as its own folder. */
export const tasks: readonly AnyTask[] = [closeInactiveVisits];

/** One row of the route table: which function answers below which path. */
export interface Mounted {
  name: string;
  /** The path, and everything below it. */
  prefix: string;
  handler: (open: () => Deps) => HttpHandler;
}

/** Every function with the path it answers at, for the gateway that puts all of them on one port. */
export const mounted: readonly Mounted[] = [
  ...tasks.map((task) => ({
    name: task.name,
    prefix: task.route,
    handler: (open: () => Deps) => taskHandler(task, open),
  })),
  { name: 'visits', prefix: '/api/v1/visits', handler: visitsHandler },
  ...PRESENCE_PATHS.map((prefix) => ({ name: 'presence', prefix, handler: presenceHandler })),
];
