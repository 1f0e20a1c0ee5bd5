import type { DocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { customerRef } from '../../../../shared/domains/followups/customers/customer.ts';
import {
  CustomerConflict,
  CustomerFault,
  saveCustomer,
} from '../../../../shared/domains/followups/customers/save.ts';
import { customerPatch } from '../../../../shared/domains/followups/schema/customer.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { normaliseAddress } from '../../../../shared/doors/mail/address.ts';
import { isDocumentId } from '../../../../shared/doors/store/document-id.ts';
import { toJson } from '../../../../shared/doors/store/json.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { adminRoute } from '../route.ts';
import { changeContext } from './context.ts';
import type { CustomerView } from './views.ts';

const PATH = '/v1/admin/customers/{org_id}/{address}';

/**
 * `/v1/admin/customers/{org_id}/{address}`: what an organisation says about a customer.
 * - GET returns the document, with its defaults if there is none.
 * - PUT merges, and holds or lets go all open follow-ups of that customer.
 */
export const customerRoutes = [
  adminRoute({
    method: 'GET',
    path: PATH,
    query: z.strictObject({}),
    async handle({ context: { store }, path }) {
      const { orgId, address } = readPath(path);
      return toAnswer(await customerRef(store, orgId, address).get(), orgId, address);
    },
  }),
  adminRoute({
    method: 'PUT',
    path: PATH,
    body: z.preprocess(
      withoutOwnFields,
      customerPatch.extend({ updated_at: z.string().nullable().optional() }),
    ),
    async handle({ context, path, body: { updated_at, ...patch }, request }) {
      const { orgId, address } = readPath(path);
      const check = (before: DocumentSnapshot) => requireVersion(request, updated_at, versionOf(before));
      const saved = await saveCustomer(changeContext(context), { orgId, address, patch }, check).catch(
        throwFault,
      );
      return toAnswer(saved.snapshot, orgId, address, saved.followups);
    },
  }),
];

/** Fields that only the answer has. A client may send them back. */
const ANSWER_ONLY = ['id', 'org_id', 'email', 'holds', 'followups'];

function withoutOwnFields(sent: unknown): unknown {
  if (typeof sent !== 'object' || sent === null) return sent;
  return Object.fromEntries(Object.entries(sent).filter(([name]) => !ANSWER_ONLY.includes(name)));
}

function readPath(path: Readonly<Record<string, string | undefined>>): { orgId: string; address: string } {
  const orgId = path['org_id'] ?? '';
  const address = normaliseAddress(path['address'] ?? '');
  if (!isDocumentId(orgId)) throw new HttpError(400, 'org_id: must be the id of an organisation.');
  if (address === null) throw new HttpError(400, 'address: must be the e-mail address of a customer.');
  return { orgId, address };
}

function throwFault(error: unknown): never {
  if (error instanceof CustomerFault) throw new HttpError(400, error.message);
  if (error instanceof CustomerConflict) throw new HttpError(409, error.message);
  throw error;
}

const DEFAULTS = {
  name: null,
  kind: 'unknown',
  cc: null,
  excluded: false,
  paused_until: null,
  pause_reason: null,
  promised_on: null,
  note: null,
} as const;

function toAnswer(snapshot: DocumentSnapshot, orgId: string, address: string, followups?: number): Answer {
  const { write_attempt: _attempt, holds: _holds, ...fields } = snapshot.data() ?? {};
  const version = versionOf(snapshot);
  const view = {
    ...DEFAULTS,
    ...(toJson(fields) as object),
    id: snapshot.id,
    org_id: orgId,
    email: address,
    ...(followups === undefined ? {} : { followups }),
    updated_at: version,
  } satisfies CustomerView;
  return new Answer(200, view, versionHeader(version));
}
