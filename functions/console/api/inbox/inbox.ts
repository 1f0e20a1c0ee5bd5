import * as z from 'zod';
import { type Keep, keepIn, signIn } from '../../../../shared/domains/inbox/credentials/sign-in.ts';
import type { Integration } from '../../../../shared/domains/inbox/integration.ts';
import { changeIntegration } from '../../../../shared/domains/inbox/mailbox/change-integration.ts';
import {
  integrationChange,
  type NewIntegration,
  newIntegration,
} from '../../../../shared/domains/inbox/mailbox/integration-input.ts';
import {
  createIntegration,
  deleteIntegration,
  listIntegrations,
  rehearseIntegration,
  shownIntegration,
} from '../../../../shared/domains/inbox/mailbox/manage.ts';
import { listMessages, readStoredMessage } from '../../../../shared/domains/inbox/mailbox/messages.ts';
import { type MailboxReport, tryMailbox } from '../../../../shared/domains/inbox/mailbox/try-mailbox.ts';
import type { IntegrationView, MessageLine } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import type { HttpRequest } from '../../../../shared/doors/http/request.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { download } from './download.ts';
import { findDocument, findIntegration, noSuchIntegration } from './find-integration.ts';
import { synchronise } from './synchronise.ts';
import type { MailboxRehearsal } from './views.ts';

const none = z.strictObject({});
const id = (path: Readonly<Record<string, string>>) => path.id ?? '';
const truth = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

const messagesQuery = z.strictObject({
  limit: limitParam(),
  page: positionParam,
  integration_id: z.string().min(1, 'must be the id of an integration, or left out').optional(),
  thread_id: z.string().min(1, 'must be the id of a thread, or left out').optional(),
  quarantined: truth.optional(),
  answers: z.enum(['to_read', 'answer', 'not_answer'], 'must be to_read, answer or not_answer').optional(),
});

/** The routes of mailboxes, their messages and attachments. Credentials go in and never come out. */
export const inboxRoutes = [
  adminRoute({
    method: 'GET',
    path: '/api/inbox/integrations',
    query: z.strictObject({ limit: limitParam(), page: pageParam }),
    async handle({ context, query: { limit, page } }): Promise<Page<IntegrationView>> {
      const { items, next } = await listIntegrations(context, limit, page);
      return { items, next_page: toPage(next) };
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/api/inbox/integrations',
    query: z.strictObject({ dry_run: truth.default(false) }),
    body: newIntegration,
    async handle({ context, body, query: { dry_run } }) {
      if (dry_run) return await rehearse(context, body);
      const made = await createIntegration(manage(context), body, checkIn(context));
      if (!('twin' in made)) return await shown(context, made.id, 201, { test: made.found });
      throw new HttpError(409, 'This mailbox is there already; change its integration instead.', {
        details: { id: made.twin },
      });
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/api/inbox/integrations/{id}',
    query: none,
    handle: ({ context, path }) => shown(context, id(path)),
  }),
  adminRoute({
    method: 'PATCH',
    path: '/api/inbox/integrations/{id}',
    query: none,
    body: integrationChange,
    async handle({ context, path, body, request }) {
      const changed = await changeIntegration(manage(context), id(path), body, {
        requireVersion: unchanged(request, body.updated_at),
        check: checkIn(context),
      });
      if (!changed) throw noSuchIntegration(id(path));
      return await shown(context, id(path), 200, changed.found ? { test: changed.found } : {});
    },
  }),
  adminRoute({
    method: 'DELETE',
    path: '/api/inbox/integrations/{id}',
    query: z.strictObject({ purge: truth.default(true) }),
    async handle({ context, path, query: { purge } }) {
      if (!(await deleteIntegration(manage(context), id(path), purge))) throw noSuchIntegration(id(path));
      return null;
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/api/inbox/integrations/{id}/test',
    query: none,
    body: none,
    handle: async ({ context, path }) => await tried(context, await findIntegration(context, id(path))),
  }),
  adminRoute({
    method: 'POST',
    path: '/api/inbox/integrations/{id}/sync',
    query: none,
    body: none,
    handle: async ({ context, path }) => await synchronise(context, await findIntegration(context, id(path))),
  }),
  adminRoute({
    method: 'GET',
    path: '/api/inbox/messages',
    query: messagesQuery,
    async handle({ context, query }): Promise<Page<MessageLine>> {
      const { integration_id: integrationId, thread_id: threadId, limit, page, ...flags } = query;
      const filter = { integrationId, threadId, ...flags };
      const { items, next } = await listMessages(context.store, filter, { limit, page });
      return { items, next_page: nextPage(next) };
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/api/inbox/messages/{id}',
    query: none,
    async handle({ context: { store }, path }) {
      const message = await readStoredMessage(store, id(path));
      if (!message) throw new HttpError(404, `There is no message ${JSON.stringify(id(path))}.`);
      return message;
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/api/inbox/messages/{id}/attachments/{part}',
    query: none,
    handle: ({ context, path }) => download(context, id(path), path.part ?? ''),
  }),
];

const manage = (context: AdminContext) => {
  const keys = context.config.sealingKeys;
  if (keys.length === 0)
    throw new HttpError(503, 'INBOX_SEALING_KEY is not set, and no credentials are kept without it; set it.');
  return { ...context, keys };
};

const unchanged = (request: HttpRequest, carried: string | null | undefined) => (current: string | null) =>
  requireVersion(request, carried, current);

/** Tries an integration that is about to be written. */
const checkIn = (context: AdminContext) => async (integration: Integration, keep: Keep) => {
  const report = await tryMailbox(integration, () => signIn(integration, context, keep));
  // A server that is down today is kept and tried again; one that must never be called is not.
  const isWrong = report.error?.kind === 'host' || report.missing.length > 0;
  if (report.error && isWrong) throw new HttpError(400, report.error.detail);
  return report;
};

async function shown(context: AdminContext, name: string, status = 200, more: object = {}): Promise<Answer> {
  const snapshot = await findDocument(context, name);
  const body = shownIntegration(snapshot);
  return new Answer(status, { ...body, ...more }, versionHeader(body.updated_at));
}

/** Tries a mailbox and stores nothing. A mailbox that must never be called is a finding too. */
async function rehearse(context: AdminContext, given: NewIntegration): Promise<MailboxRehearsal> {
  const look = (integration: Integration, keep: Keep) =>
    tryMailbox(integration, () => signIn(integration, context, keep));
  return { dry_run: true, test: await rehearseIntegration(manage(context), given, look) };
}

const tried = (context: AdminContext, integration: Integration): Promise<MailboxReport> =>
  tryMailbox(integration, () => signIn(integration, context, keepIn(context)));
