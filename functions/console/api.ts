import { ADMIN_CALLERS } from '../../shared/doors/auth/caller.ts';
import { functionHandler } from '../../shared/doors/http/function-handler.ts';
import type { HttpHandler } from '../../shared/doors/http/request.ts';
import type { Deps } from '../../shared/runtime/task.ts';
import { billingSettingsRoutes } from './api/followups/billing-settings.ts';
import { bulkRoutes } from './api/followups/bulk.ts';
import { customerRoutes } from './api/followups/customers.ts';
import { followupRoutes } from './api/followups/followups.ts';
import { followupListRoutes } from './api/followups/list.ts';
import { optOutRoutes } from './api/followups/opt-out.ts';
import { followupTemplateRoutes } from './api/followups/templates.ts';
import { whatIfRoutes } from './api/followups/what-if.ts';
import { homeRoutes } from './api/home/home.ts';
import { answerRoutes } from './api/inbox/answers.ts';
import { inboxRoutes } from './api/inbox/inbox.ts';
import { retryRoutes } from './api/inbox/retry.ts';
import { inboxViewRoutes } from './api/inbox/view.ts';
import { mailAccountRoutes } from './api/mail-accounts/mail-accounts.ts';
import { presenceRoutes } from './api/presence/presence.ts';
import { presenceUserRoutes } from './api/presence/users.ts';
import type { AdminRoute } from './api/route.ts';
import { peopleRoutes } from './api/search/people.ts';
import { searchRoutes } from './api/search/search.ts';
import { settingsRoutes } from './api/settings.ts';
import { incidentRoutes } from './api/tasks/incidents.ts';
import { runItemRoutes } from './api/tasks/run-items.ts';
import { runRoutes } from './api/tasks/runs.ts';
import { taskRoutes } from './api/tasks/tasks.ts';
import { alertRoutes } from './api/tickets/alerts.ts';
import { ticketRoutes } from './api/tickets/tickets.ts';
import { userRoutes } from './api/users.ts';
import { visitRoutes } from './api/visits.ts';
import { pageRoutes } from './serve-page/page.ts';

/** The whole admin API: one table of routes per subject. */
export const routes: readonly AdminRoute[] = [
  ...settingsRoutes,
  ...presenceRoutes,
  ...presenceUserRoutes,
  ...homeRoutes,
  ...searchRoutes,
  ...peopleRoutes,
  ...incidentRoutes,
  ...ticketRoutes,
  ...alertRoutes,
  ...billingSettingsRoutes,
  ...bulkRoutes,
  ...customerRoutes,
  ...followupRoutes,
  ...followupListRoutes,
  ...whatIfRoutes,
  ...followupTemplateRoutes,
  ...taskRoutes,
  ...runRoutes,
  ...runItemRoutes,
  ...userRoutes,
  ...inboxRoutes,
  ...inboxViewRoutes,
  ...answerRoutes,
  ...mailAccountRoutes,
  ...retryRoutes,
  ...visitRoutes,
];

/** The path prefixes of the console function, each with a path to probe its door. */
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
 * Answers the console's page, the opt-out links of mails, and the admin API. The API is for administrators and operators
 * only, and reads or writes nothing before the caller is known.
 */
export function consoleHandler(open: () => Deps): HttpHandler {
  const all = [...pageRoutes, ...optOutRoutes, ...routes];
  return functionHandler('console', { callers: ADMIN_CALLERS, routes: all }, open);
}
