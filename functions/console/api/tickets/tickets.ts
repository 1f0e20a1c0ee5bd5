import * as z from 'zod';
import {
  changeStage,
  changeTicket,
  createTicket,
  newTicket,
  stageChange,
  ticketChange,
} from '../../../../shared/domains/tickets/ticket.ts';
import { listLate, listTickets, readTicket } from '../../../../shared/domains/tickets/ticket-list.ts';
import type { TicketView } from '../../../../shared/domains/tickets/ticket-view.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import type { HttpRequest } from '../../../../shared/doors/http/request.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';

const listQuery = z
  .strictObject({
    limit: limitParam(),
    page: positionParam,
    status: z
      .enum(['active', 'closed', 'cancelled'], 'must be active, closed or cancelled, or left out')
      .optional(),
    stage: z.string().min(1, 'must be the name of a stage, or left out').optional(),
    late: z.enum(['true', 'false'], 'must be true or false').optional(),
  })
  .refine(({ late, status }) => late !== 'true' || status === undefined || status === 'active', {
    path: ['status'],
    message: 'must be active or left out beside late=true: only active tickets can be late',
  });

const none = z.strictObject({});

/** The routes of tickets: list, create, read, change, move to another stage. */
export const ticketRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/tickets',
    query: listQuery,
    async handle({ context, query: { limit, page, late, status, stage } }): Promise<Page<TicketView>> {
      const { items, next } =
        late === 'true'
          ? await listLate(context, stage, limit, page)
          : await listTickets(context, { status, stage }, limit, page);
      return { items, next_page: nextPage(next) };
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/v1/admin/tickets',
    query: none,
    body: newTicket,
    async handle({ context, body }) {
      const { id, result } = await createTicket(toWriteContext(context), body);
      if (result !== 'taken') return answerTicket(context, id, result === 'created' ? 201 : 200);
      throw new HttpError(409, `The number ${body.number} has a ticket already; change that one.`, {
        details: { id },
      });
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/v1/admin/tickets/{id}',
    query: none,
    handle: ({ context, path }) => answerTicket(context, path.id ?? ''),
  }),
  adminRoute({
    method: 'PATCH',
    path: '/v1/admin/tickets/{id}',
    query: none,
    body: ticketChange,
    async handle({ context, path, body, request }) {
      const id = path.id ?? '';
      const { updated_at, stage: _stage, ...fields } = body;
      if (!(await changeTicket(toWriteContext(context), id, fields, requireUnchanged(request, updated_at))))
        throw noSuchTicket(id);
      return answerTicket(context, id);
    },
  }),
  adminRoute({
    method: 'POST',
    path: '/v1/admin/tickets/{id}/stage',
    query: none,
    body: stageChange,
    async handle({ context, path, body, request }) {
      const id = path.id ?? '';
      const requireSame = requireUnchanged(request, body.updated_at);
      const result = await changeStage(toWriteContext(context), id, body.stage, requireSame);
      if (result === 'missing') throw noSuchTicket(id);
      const changed = result === 'changed';
      const message = changed
        ? `The ticket is in the stage ${body.stage} now.`
        : `The ticket is in the stage ${body.stage} already; nothing was changed, and its time there goes on.`;
      return answerTicket(context, id, 200, { changed, message });
    },
  }),
];

const toWriteContext = (context: AdminContext) => ({ ...context, by: context.caller.id });

const requireUnchanged =
  (request: HttpRequest, carried: string | null | undefined) => (current: string | null) =>
    requireVersion(request, carried, current);

const noSuchTicket = (id: string) =>
  new HttpError(404, `There is no ticket ${JSON.stringify(id)}; GET /v1/admin/tickets lists them.`);

async function answerTicket(
  context: AdminContext,
  id: string,
  status = 200,
  more: object = {},
): Promise<Answer> {
  const ticket = await readTicket(context, id);
  if (!ticket) throw noSuchTicket(id);
  return new Answer(status, { ...ticket, ...more }, versionHeader(ticket.updated_at));
}
