import { ADMIN_CALLERS } from '../../shared/auth/caller.ts';
import { authenticate } from '../../shared/auth/door.ts';
import { cost, newMeter } from '../../shared/cost.ts';
import { sendError } from '../../shared/http/answer.ts';
import type { HttpHandler } from '../../shared/http/request.ts';
import { callRoute, findRoute } from '../../shared/http/router.ts';
import { traceFields } from '../../shared/log.ts';
import type { Deps } from '../../shared/task/task.ts';
import { alertRoutes } from './alerts.ts';
import { billingSettingsRoutes } from './billing-settings.ts';
import { followupListRoutes } from './followup-list.ts';
import { followupTemplateRoutes } from './followup-templates.ts';
import { followupRoutes } from './followups.ts';
import { inboxRoutes } from './inbox.ts';
import { inboxViewRoutes } from './inbox-view.ts';
import { incidentRoutes } from './incidents.ts';
import { isOptOut, serveOptOut } from './opt-out.ts';
import { sendPage } from './page.ts';
import { presenceRoutes } from './presence.ts';
import { presenceUserRoutes } from './presence-users.ts';
import type { AdminContext, AdminRoute } from './route.ts';
import { runRoutes } from './runs.ts';
import { settingsRoutes } from './settings.ts';
import { taskRoutes } from './tasks.ts';
import { ticketRoutes } from './tickets.ts';
import { userRoutes } from './users.ts';
import { visitRoutes } from './visits.ts';

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
      const context: AdminContext = { ...deps, caller, now: deps.clock(), meter: newMeter() };
      await callRoute(match, request, response, context);
      const line = { ...fields, requested_by: caller.id, trigger: caller.kind, cost: cost(context.meter) };
      deps.log.info(line, `${match.route.method} ${match.route.path} by ${caller.kind}`);
    } catch (error) {
      sendError(response, error, deps.log, fields);
    }
  };
}
