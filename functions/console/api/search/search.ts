import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import * as z from 'zod';
import { adminRoute } from '../route.ts';
import { beginsWith, byId, collect } from './begins-with.ts';
import type { Found, SearchAnswer } from './views.ts';

const MAX_TEXT = 200;
const RULE = `must be a text of 1 to ${MAX_TEXT} characters`;

/**
 * GET `/v1/admin/search?q=`: follow-ups, tickets, mails, people and runs by their id, or by a name, number, address or
 * subject that begins with the text. Each kind has at most 20 items; each field costs at least one read.
 */
export const searchRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/search',
    query: z.strictObject({ q: z.string(RULE).trim().min(1, RULE).max(MAX_TEXT, RULE) }),
    async handle({ context: { store }, query: { q } }): Promise<SearchAnswer> {
      const [followups, tickets, mails, people, runs] = await Promise.all([
        findFollowups(store, q),
        findTickets(store, q),
        findMails(store, q),
        findPeople(store, q),
        collect([byId(store.collection('task_runs'), q)], nameRun),
      ]);
      return { followups, tickets, mails, people, runs };
    },
  }),
];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const join = (...parts: unknown[]): string => parts.map(text).filter(Boolean).join(' · ');

function findFollowups(store: Firestore, q: string) {
  const all = store.collection('followups');
  return collect(
    [
      byId(all, q),
      ...beginsWith(all, 'source_label', q),
      ...beginsWith(all, 'customer.name', q),
      ...beginsWith(all, 'customer.email', q),
    ],
    nameFollowup,
  );
}

function findTickets(store: Firestore, q: string) {
  const all = store.collection('tickets');
  return collect(
    [byId(all, q), ...beginsWith(all, 'number', q), ...beginsWith(all, 'customer_name', q)],
    (ticket) => ({
      id: ticket.id,
      name: text(ticket.get('number')) || ticket.id,
      more: join(ticket.get('customer_name'), ticket.get('device'), ticket.get('stage')),
    }),
  );
}

function findMails(store: Firestore, q: string) {
  const all = store.collection('inbox_messages');
  return collect(
    [
      ...beginsWith(all, 'subject', q),
      ...beginsWith(all, 'subject', `Re: ${q}`),
      ...beginsWith(all, 'from.address', q),
      ...beginsWith(all, 'from.name', q),
    ],
    nameMail,
  );
}

function findPeople(store: Firestore, q: string) {
  const all = store.collection('users');
  return collect(
    [byId(all, q), ...beginsWith(all, 'display_name', q), ...beginsWith(all, 'email', q)],
    (user) => ({
      id: user.id,
      name: text(user.get('display_name')) || text(user.get('email')) || user.id,
      more: join(user.get('email')),
    }),
  );
}

const nameRun = (run: DocumentSnapshot): Found => ({
  id: run.id,
  name: run.id,
  more: join(run.get('outcome')),
});

export const nameFollowup = (followup: DocumentSnapshot): Found => ({
  id: followup.id,
  name: text(followup.get('source_label')) || followup.id,
  more: join(
    ...['customer.name', 'customer.email', 'org_id', 'status'].map((field) => followup.get(field) as unknown),
  ),
});

/** Names a mail by its subject; the id is that of its conversation. */
export const nameMail = (mail: DocumentSnapshot): Found => ({
  id: text(mail.get('thread_id')),
  name: text(mail.get('subject')),
  more: join(mail.get('from.name'), mail.get('from.address')),
});
