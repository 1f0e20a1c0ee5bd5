import type { Caller } from '../../../shared/doors/auth/caller.ts';
import type { Meter } from '../../../shared/doors/cost.ts';
import type { AnyRoute, Route } from '../../../shared/doors/http/router.ts';
import type { Deps } from '../../../shared/runtime/task.ts';

/** What every route of the admin API works with; the instant is read from the clock once per request. */
export interface AdminContext extends Deps {
  caller: Caller;
  now: Date;
  meter: Meter;
}

export type AdminRoute = AnyRoute<AdminContext>;

/** One route of the admin API, its query and body typed by their schemas. */
export function adminRoute<Query = undefined, Body = undefined>(
  route: Route<AdminContext, Query, Body>,
): AdminRoute {
  return route;
}
