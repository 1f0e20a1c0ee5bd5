import type { Caller } from '../../../shared/doors/auth/caller.ts';
import type { CountedEngines } from '../../../shared/doors/engines.ts';
import type { AnyRoute, Route } from '../../../shared/doors/http/router.ts';
import type { Deps } from '../../../shared/runtime/task.ts';

/** What every route of the admin API works with; the instant is read from the clock once per request. */
export interface AdminContext extends Deps, CountedEngines {
  caller: Caller;
  now: Date;
}

export type AdminRoute = AnyRoute<AdminContext>;

/** One route of the admin API, its query and body typed by their schemas. */
export function adminRoute<Query = undefined, Body = undefined>(
  route: Route<AdminContext, Query, Body>,
): AdminRoute {
  return route;
}
