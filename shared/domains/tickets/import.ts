import { createHash } from 'node:crypto';
import type { DocumentReference, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { type ImportContext, type ImportKind, simpleKind } from '../../doors/import/kind.ts';
import { emailAddress, oneLine, pastInstant, rowId } from '../../doors/import/line.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { MAX_RECIPIENTS } from './limits.ts';
import { filterFields } from './recipient.ts';
import { assignee, stage, status } from './ticket.ts';

/** Imports tickets of an earlier system. `created_at` is required, since the search for late tickets uses it. */
export function ticketImport({ store, now }: ImportContext): ImportKind {
  const instant = pastInstant(now);
  const line = z
    .strictObject({
      id: rowId,
      number: oneLine(100),
      device: oneLine(200, 0).default(''),
      customer_name: oneLine(200, 0).nullish(),
      status,
      stage,
      assignee: assignee.nullish(),
      stage_entered_at: instant.nullish(),
      reopened_at: instant.nullish(),
      created_at: instant,
    })
    .refine(({ created_at, stage_entered_at: entered }) => !entered || isOrdered(created_at, entered), {
      path: ['stage_entered_at'],
      message: 'must not be before created_at',
    });
  return simpleKind(
    line,
    ({ id, customer_name, assignee: person, stage_entered_at, reopened_at, ...rest }) => ({
      ref: store.collection('tickets').doc(id),
      fields: {
        ...rest,
        customer_name: customer_name ?? null,
        ...(person ? { assignee: person } : {}),
        ...(reopened_at ? { reopened_at } : {}),
        // Left absent, so that it is derived from the events.
        ...(stage_entered_at ? { stage_entered_at } : {}),
      },
    }),
  );
}

const isOrdered = (first: Timestamp, second: Timestamp) => first.valueOf() <= second.valueOf();

/** Imports changes of stage of tickets that exist. */
export function ticketEventImport({ store, now }: ImportContext): ImportKind {
  const line = z.strictObject({
    id: rowId,
    ticket_id: rowId,
    type: z.literal('stage_changed', 'must be stage_changed').default('stage_changed'),
    from: stage.nullish(),
    to: stage,
    at: pastInstant(now),
    by: oneLine(200).nullish(),
  });
  const kind = simpleKind(line, ({ id, ticket_id, from, ...rest }) => ({
    ref: store.collection(`tickets/${ticket_id}/events`).doc(id),
    fields: { ...rest, from: from ?? null, by: rest.by ?? null },
  }));
  const known = new Map<string, boolean>();
  const withTickets: ImportKind<z.output<typeof line>> = {
    ...kind,
    async rows(lines) {
      const asked = [...new Set(lines.map(({ ticket_id }) => ticket_id))].filter((id) => !known.has(id));
      const refs = asked.map((id) => store.collection('tickets').doc(id));
      for (const ticket of refs.length > 0 ? await store.getAll(...refs, { fieldMask: [] }) : [])
        known.set(ticket.id, ticket.exists);
      const rows = await kind.rows(lines);
      return rows.map((row, index) => {
        const id = lines[index]?.ticket_id ?? '';
        return known.get(id)
          ? row
          : `ticket_id ${JSON.stringify(id)}: there is no such ticket; import tickets first`;
      });
    },
  };
  return withTickets;
}

/** Returns the id of a recipient without one: the same in every import. */
const recipientId = (email: string) => createHash('sha256').update(email).digest('hex').slice(0, 20);

/** Imports the recipients of alerts. Each address is kept once; a listed one stays as it is. */
export function recipientImport({ store }: ImportContext): ImportKind {
  const line = z.strictObject({
    id: rowId.optional(),
    user_id: rowId.nullish(),
    name: oneLine(200),
    email: emailAddress,
    active: z.boolean('must be true or false').default(true),
    locale: z.enum(['fr', 'en'], 'must be fr or en').default('fr'),
    ...z.object(filterFields).partial().shape,
  });
  const all = store.collection('alert_recipients');
  let listed: Promise<Map<string, DocumentReference>> | undefined;
  const read = async () => {
    const { docs } = await all.get();
    return new Map(docs.map((doc) => [normaliseAddress(String(doc.get('email') ?? '')) ?? doc.id, doc.ref]));
  };
  const kind: ImportKind<z.output<typeof line>> = {
    line,
    names: Object.keys(line.shape),
    async rows(lines) {
      listed ??= read();
      const byAddress = await listed;
      return lines.map(({ id, user_id, ...fields }) => {
        const { email } = fields;
        const ref = byAddress.get(email) ?? all.doc(id ?? recipientId(email));
        byAddress.set(email, ref);
        if (byAddress.size > MAX_RECIPIENTS)
          return `there would be more than ${MAX_RECIPIENTS} recipients; use a mailing list's address`;
        return { ref, fields: { ...fields, ...(user_id ? { user_id } : {}) } };
      });
    },
  };
  return kind;
}
