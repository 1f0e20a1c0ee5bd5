import * as z from 'zod';
import { MAX_REASON } from '../../../../shared/domains/followups/limits.ts';
import {
  type BulkChoice,
  MAX_BULK,
  requeueMany,
  settleMany,
} from '../../../../shared/domains/followups/refusals/bulk.ts';
import { adminRoute } from '../route.ts';
import { changeContext } from './context.ts';

const tooMany = `must be at most ${MAX_BULK} ids`;
const ids = z.array(z.string().min(1)).min(1, 'must have an id').max(MAX_BULK, tooMany);
const filter = z.strictObject({ org_id: z.string().min(1).optional(), reason: z.string().min(1).optional() });
const choice = { ids: ids.optional(), filter: filter.optional() };
const ONE_OF = 'give ids, or a filter such as {"org_id": "acme", "reason": "address_refused"}; {} means all';
const hasOne = (body: { ids?: unknown; filter?: unknown }) =>
  (body.ids === undefined) !== (body.filter === undefined);

function toChoice(body: {
  ids?: string[] | undefined;
  filter?: z.infer<typeof filter> | undefined;
}): BulkChoice {
  if (body.ids) return { ids: body.ids };
  const { org_id, reason } = body.filter ?? {};
  return { filter: { ...(org_id ? { org_id } : {}), ...(reason ? { reason } : {}) } };
}

/** Routes for many follow-ups at once: letting parked ones go again, and settling uncertain mails. */
export const bulkRoutes = [
  adminRoute({
    method: 'POST',
    path: '/api/followups/requeue',
    body: z.strictObject(choice).refine(hasOne, ONE_OF),
    handle: ({ context, body }) => requeueMany(changeContext(context), toChoice(body)),
  }),
  adminRoute({
    method: 'POST',
    path: '/api/followups/settle',
    body: z
      .strictObject({
        ...choice,
        outcome: z.enum(['sent', 'not_sent'], 'must be sent or not_sent'),
        reason: z.string().trim().max(MAX_REASON, `must have at most ${MAX_REASON} characters`).optional(),
      })
      .refine(hasOne, ONE_OF),
    handle: ({ context, body }) => {
      const why = body.reason ?? `settled by ${context.caller.id ?? context.caller.kind}`;
      return settleMany(changeContext(context), toChoice(body), { outcome: body.outcome, why });
    },
  }),
];
