import { ADMIN_CALLERS } from '../../shared/doors/auth/caller.ts';
import { authenticate } from '../../shared/doors/auth/door.ts';
import { costOf } from '../../shared/doors/cost.ts';
import { openCounted } from '../../shared/doors/engines.ts';
import { sendError } from '../../shared/doors/http/answer.ts';
import type { HttpHandler } from '../../shared/doors/http/request.ts';
import { callRoute, findRoute } from '../../shared/doors/http/router.ts';
import { traceFields } from '../../shared/doors/log.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { billingSettingsRoutes } from './api/followups/billing-settings.ts';
import { followupRoutes } from './api/followups/followups.ts';
import { followupListRoutes } from './api/followups/list.ts';
import { isOptOut, serveOptOut } from './api/followups/opt-out.ts';
import { followupTemplateRoutes } from './api/followups/templates.ts';
import { inboxRoutes } from './api/inbox/inbox.ts';
import { inboxViewRoutes } from './api/inbox/view.ts';
import { presenceRoutes } from './api/presence/presence.ts';
import { presenceUserRoutes } from './api/presence/users.ts';
import type { AdminContext, AdminRoute } from './api/route.ts';
import { settingsRoutes } from './api/settings.ts';
import { incidentRoutes } from './api/tasks/incidents.ts';
import { runRoutes } from './api/tasks/runs.ts';
import { taskRoutes } from './api/tasks/tasks.ts';
import { alertRoutes } from './api/tickets/alerts.ts';
import { ticketRoutes } from './api/tickets/tickets.ts';
import { userRoutes } from './api/users.ts';
import { visitRoutes } from './api/visits.ts';
import { sendPage } from './serve-page/page.ts';

/** The whole admin API: one table per subject, each in a file of its own. */
export const routes: readonly AdminRoute[] = [
  ...settingsRoutes,
  ...presenceRoutes,
  ...presenceUserRoutes,
  ...incidentRoutes,
  ...ticketRoutes,
  ...alertRoutes,
  ...billingSettingsRoutes,
  ...followupRoutes,
  ...followupListRoutes,
  ...followupTemplateRoutes,
  ...taskRoutes,
  ...runRoutes,
  ...userRoutes,
  ...inboxRoutes,
  ...inboxViewRoutes,
  ...visitRoutes,
];

/** Paths that the console function answers, with all below them, and for each a path whose door answers. */
export const CONSOLE_PATHS = [
  { prefix: '/v1/admin', probe: '/v1/admin/settings' },
  { prefix: '/tickets/alerts', probe: '/tickets/alerts/config' },
  { prefix: '/api/followups', probe: '/api/followups' },
  { prefix: '/o', probe: '/v1/admin/settings' },
  { prefix: '/api/inbox', probe: '/api/inbox/integrations' },
  { prefix: '/admin/settings', probe: '/v1/admin/settings' },
  { prefix: '/console', probe: '/v1/admin/settings' },
] as const;

/**
 * The console's page, and the admin API, for administrators and operators only. Every call is logged with who asked for it
 * and what it cost; nothing is read or written before the caller is known.
 */
export function consoleHandler(open: () => Deps): HttpHandler {
  return async (request, response) => {
    const deps = open();
    const fields = {
      'logging.googleapis.com/labels': { function: 'console' },
      ...traceFields(request.headers, deps.config.project),
    };
    try {
      if (await sendPage(request, response, deps.config)) return;
      if (isOptOut(request)) return await serveOptOut(request, response, deps);
      const match = findRoute(routes, request);
      const caller = await authenticate(request, deps, ADMIN_CALLERS);
      const context: AdminContext = { ...deps, ...openCounted(deps), caller, now: deps.clock() };
      await callRoute(match, request, response, context);
      const line = {
        ...fields,
        requested_by: caller.id,
        trigger: caller.kind,
        cost: costOf(context.usage()),
      };
      deps.log.info(line, `${match.route.method} ${match.route.path} by ${caller.kind}`);
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
}
