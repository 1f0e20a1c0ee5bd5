import type { HttpHandler } from '../shared/doors/http/request.ts';
import { taskHandler } from '../shared/runtime/handler.ts';
import type { Deps } from '../shared/runtime/task.ts';
import { CONSOLE_PATHS, consoleHandler } from './console/api.ts';
import { PRESENCE_PATHS, presenceHandler } from './presence/api.ts';
import { tasks } from './tasks.ts';
import { VISITS_PATH, visitsHandler } from './visits/api.ts';

export { tasks };

/** A row of the route table: a function and its path. */
export interface Mounted {
  name: string;
  /** The path, and everything below it. */
  prefix: string;
  /** A route below the prefix, if the prefix itself has none; deploy.sh calls it. */
  probe?: string;
  handler: (open: () => Deps) => HttpHandler;
}

/** Every function with its path, for the gateway that serves all of them on one port. */
export const mounted: readonly Mounted[] = [
  ...tasks.map((task) => ({
    name: task.name,
    prefix: task.route,
    handler: (open: () => Deps) => taskHandler(task, open),
  })),
  { name: 'visits', prefix: VISITS_PATH, handler: visitsHandler },
  ...PRESENCE_PATHS.map((prefix) => ({ name: 'presence', prefix, handler: presenceHandler })),
  // Comes after presence, whose statuses share its path, and after the tasks: one is below /tickets/alerts.
  ...CONSOLE_PATHS.map((path) => ({ name: 'console', ...path, handler: consoleHandler })),
];
