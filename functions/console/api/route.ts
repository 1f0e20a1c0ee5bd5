import type { Caller } from '../../../shared/doors/auth/caller.ts';
import { costOf } from '../../../shared/doors/cost.ts';
import { type CountedEngines, openCounted } from '../../../shared/doors/engines.ts';
import type { Answered, Call, ProvenRoute } from '../../../shared/doors/http/router.ts';
import type { Deps } from '../../../shared/runtime/task.ts';
import { answerOnce } from './idempotency.ts';

/** The context of every route of the admin API; the instant is read from the clock once per request. */
export interface AdminContext extends Deps, CountedEngines {
  caller: Caller;
  now: Date;
}

// biome-ignore lint/suspicious/noExplicitAny: query and body differ per route; each route is checked where it is defined
export type AdminRoute = ProvenRoute<Deps, any, any>;

type AdminCall<Query, Body> = Pick<Call<Deps, Query, Body>, 'path' | 'query' | 'body' | 'request'> & {
  context: AdminContext;
};

interface AdminRouteSpec<Query, Body> extends Omit<ProvenRoute<Deps, Query, Body>, 'callers' | 'handle'> {
  handle(call: AdminCall<Query, Body>): Promise<Answered>;
}

/**
 * Makes a route of the admin API, with its query and body typed by their schemas. Logs each call with its caller and
 * its cost. A POST honours Idempotency-Key.
 */
export function adminRoute<Query = undefined, Body = undefined>(
  route: AdminRouteSpec<Query, Body>,
): AdminRoute {
  return {
    ...route,
    async handle({ deps, caller, now, logFields, ...call }: Call<Deps, Query, Body>) {
      const context = { ...deps, ...openCounted(deps), caller, now };
      const act = () => route.handle({ ...call, context });
      // Occurrences and forced runs decide about repeated runs of a task.
      const isKeyed = route.method === 'POST' && !route.path.startsWith('/v1/admin/tasks/');
      const answered = isKeyed ? await answerOnce({ ...call, context }, act) : await act();
      const line = {
        ...logFields,
        requested_by: caller.id,
        trigger: caller.kind,
        cost: costOf(context.usage()),
      };
      deps.log.info(line, `${route.method} ${route.path} by ${caller.kind}`);
      return answered;
    },
  };
}
