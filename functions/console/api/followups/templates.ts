import * as z from 'zod';
import { PLACEHOLDERS } from '../../../../shared/domains/followups/mail/template.ts';
import { BUILT_IN } from '../../../../shared/domains/followups/mail/templates.ts';
import { adminRoute } from '../route.ts';
import type { BuiltInTemplates } from './views.ts';

/**
 * GET `/v1/admin/followup-templates` returns the built-in texts by type, name and language, and their placeholders. An
 * organisation's own texts are in its billing settings.
 */
export const followupTemplateRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/followup-templates',
    query: z.strictObject({}),
    handle: async (): Promise<BuiltInTemplates> => ({ ...BUILT_IN, placeholders: PLACEHOLDERS }),
  }),
];
