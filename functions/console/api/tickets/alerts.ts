import * as z from 'zod';
import { ALERT_STATES, type AlertView, listAlerts } from '../../../../shared/domains/tickets/log.ts';
import { type RecipientList, recipientsBody } from '../../../../shared/domains/tickets/recipient.ts';
import {
  RecipientFault,
  readRecipientList,
  saveRecipients,
} from '../../../../shared/domains/tickets/recipients.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { normaliseAddress, requireAddress } from '../../../../shared/doors/mail/address.ts';
import { sendTestMail, type TestMailReport } from '../../../../shared/doors/mail/test-mail.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';

const instant = z.iso
  .datetime('must be an instant in UTC, such as 2026-03-04T07:00:00Z')
  .transform((text) => new Date(text))
  .optional();

const logQuery = z.strictObject({
  limit: limitParam(),
  page: positionParam,
  // The address is normalised like the stored one; an invalid address matches nothing.
  recipient: z
    .string()
    .transform((text) => normaliseAddress(text) ?? text)
    .optional(),
  ticket: z.string().min(1, 'must be the id of a ticket, or left out').optional(),
  state: z.enum(ALERT_STATES, `must be one of ${ALERT_STATES.join(', ')}`).optional(),
  from: instant,
  to: instant,
});

const testBody = z.strictObject({
  to: z.string('must be the address that the test mail goes to').transform((text, context) => {
    try {
      return requireAddress(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  }),
  locale: z.enum(['fr', 'en'], 'must be fr or en').default('fr'),
});

const none = z.strictObject({});

/** The recipients of alerts, the log of alerts, and the test mail. */
export const alertRoutes = [
  adminRoute({
    method: 'GET',
    path: '/tickets/alerts/config',
    query: none,
    handle: ({ context }) => config(context),
  }),
  adminRoute({
    method: 'PUT',
    path: '/tickets/alerts/config',
    query: none,
    body: recipientsBody,
    async handle({ context, body, request }) {
      await saveRecipients(context, body.recipients, (current, entry) => {
        if (!entry) requireVersion(request, body.updated_at, current);
        else if (entry.updated_at !== current) throw changedMeanwhile(entry.email ?? entry.id, current);
      }).catch(explainFault);
      return config(context);
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/tickets/alerts/log',
    query: logQuery,
    async handle({ context, query: { limit, page, ...filter } }): Promise<Page<AlertView>> {
      const { items, next } = await listAlerts(context, filter, limit, page);
      return { items, next_page: nextPage(next) };
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/tickets/alerts/test-email',
    query: none,
    body: testBody,
    async handle({ context, body }): Promise<TestMailReport> {
      const { post } = context;
      if (!post)
        throw new HttpError(
          503,
          'Mail is not configured: set EMAIL_HOST and the other EMAIL_* variables (see .env.example), then deploy the console again.',
        );
      if (context.config.mail?.paused)
        throw new HttpError(
          409,
          'Mail is paused and nothing was sent: unset EMAIL_PAUSED, deploy the console again, and try once more.',
        );
      return sendTestMail(post, body.to, body.locale);
    },
  }),
];

async function config(context: AdminContext): Promise<Answer> {
  const list: RecipientList = await readRecipientList(context);
  return new Answer(200, list, versionHeader(list.updated_at));
}

const changedMeanwhile = (who: string | undefined, current: string | null) =>
  new HttpError(
    409,
    `The recipient ${who} has changed since you read it; read the list again, then repeat the change.`,
    {
      details: { updated_at: current },
    },
  );

function explainFault(error: unknown): never {
  if (!(error instanceof RecipientFault)) throw error;
  const message = `recipients.${error.index}.${error.message}`;
  throw new HttpError(400, message, {
    details: [{ parameter: `recipients.${error.index}`, rule: error.message }],
  });
}
