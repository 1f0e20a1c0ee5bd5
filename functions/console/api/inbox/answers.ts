import * as z from 'zod';
import { listedAnswer } from '../../../../shared/domains/inbox/mailbox/answers.ts';
import { shownMessage } from '../../../../shared/domains/inbox/mailbox/messages.ts';
import type { MessageView } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { requireVersion } from '../../../../shared/doors/http/version.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { decideOnAnswer } from '../../../answer-verdicts.ts';
import { changeContext } from '../followups/context.ts';
import { adminRoute } from '../route.ts';
import { findMessage } from './find-integration.ts';

const verdictBody = z.strictObject({ updated_at: z.string().nullable().optional() });

/** POST `/api/inbox/messages/{id}/answer` and `not-answer`: a person's word on a mail that stopped or postponed something. */
export const answerRoutes = (
  [
    ['answer', 'answer'],
    ['not-answer', 'not_answer'],
  ] as const
).map(([path, verdict]) =>
  adminRoute({
    method: 'POST',
    path: `/api/inbox/messages/{id}/${path}`,
    query: z.strictObject({}),
    body: verdictBody,
    async handle({ context, path: { id = '' }, body, request }): Promise<MessageView> {
      const message = await findMessage(context, id);
      requireVersion(request, body.updated_at, versionOf(message));
      if (listedAnswer(message) === null)
        throw new HttpError(
          409,
          `The message ${JSON.stringify(id)} has stopped or postponed nothing; GET /api/inbox/messages?answers=to_read lists those that have.`,
        );
      await decideOnAnswer(changeContext(context), message, verdict);
      return shownMessage(await findMessage(context, id));
    },
  }),
);
