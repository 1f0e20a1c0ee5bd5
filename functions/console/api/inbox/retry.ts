import * as z from 'zod';
import { shownMessage } from '../../../../shared/domains/inbox/mailbox/messages.ts';
import { isIncomplete, makeDue } from '../../../../shared/domains/inbox/mailbox/retry-message.ts';
import type { MessageView } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { adminRoute } from '../route.ts';
import { findIntegration, findMessage } from './find-integration.ts';
import { synchronise } from './synchronise.ts';

/**
 * POST `/api/inbox/messages/{id}/retry`: synchronises the mailbox of a message in quarantine, and tries that message again.
 * Answers the message as it is then.
 */
export const retryRoutes = [
  adminRoute({
    method: 'POST',
    path: '/api/inbox/messages/{id}/retry',
    query: z.strictObject({}),
    body: z.strictObject({}),
    async handle({ context, path: { id = '' } }): Promise<MessageView> {
      const message = await findMessage(context, id);
      if (!isIncomplete(message))
        throw new HttpError(
          409,
          `The message ${JSON.stringify(id)} is not in quarantine; GET /api/inbox/messages?quarantined=true lists those that are.`,
        );
      const integration = await findIntegration(context, String(message.get('integration_id')));
      const folder = JSON.stringify(message.get('folder'));
      if (
        !integration.folders.includes(String(message.get('folder'))) ||
        !(await makeDue(context.store, message))
      )
        throw new HttpError(
          409,
          `The folder ${folder} of this message is not synchronised any more; add it to its mailbox.`,
        );
      const { error } = await synchronise(context, integration);
      if (error) throw new HttpError(503, `The mail server does not give it now: ${error.detail}`);
      return shownMessage(await findMessage(context, id));
    },
  }),
];
