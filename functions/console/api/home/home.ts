import type { Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { type ListView, viewQueries } from '../../../../shared/domains/followups/list/list.ts';
import { openIncidents } from '../../../../shared/domains/watch/incident.ts';
import { readWatchSettings } from '../../../../shared/domains/watch/settings.ts';
import { unknownAlerts } from '../../../../shared/domains/watch/unknown-mail.ts';
import { millis } from '../../../../shared/doors/store/firestore.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { toIncidentView } from '../tasks/incidents.ts';
import type { HomeView, Named } from './views.ts';

/** At most this many of each kind are named; the counts are exact. */
const NAMED = 5;
const MAX_INCIDENTS = 50;
/** Uncertain follow-ups and those to fix do not depend on the organisations that are on. */
const EVERYWHERE = { only: null, on: [], off: [] };

/**
 * GET `/v1/admin/home`: every open matter, and what is set up. Costs the documents that it names, a read per thousand that
 * it counts, and one for each part of the set-up.
 */
export const homeRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/home',
    query: z.strictObject({}),
    async handle({ context }): Promise<HomeView> {
      const { store, now, config } = context;
      const mailboxes = store.collection('inbox_integrations');
      const viewOf = (view: ListView) => viewQueries(store, view, EVERYWHERE)[0] as Query;
      const [incidents, reminders, alerts, refused, toFix, set_up] = await Promise.all([
        openIncidents(store).limit(MAX_INCIDENTS).get(),
        firstOf(viewOf('uncertain'), nameFollowup),
        firstOf(unknownAlerts(store, now), nameAlert),
        firstOf(mailboxes.where('health.status', '==', 'auth_failed'), nameMailbox),
        countOf(viewOf('to_fix')),
        readSetUp(context),
      ]);
      return {
        as_of: now.toISOString(),
        incidents: incidents.docs.map(toIncidentView),
        uncertain_reminders: reminders,
        uncertain_alerts: alerts,
        mailboxes_refused: refused,
        followups_to_fix: toFix,
        mail: config.mail ? (config.mail.paused ? 'paused' : 'ready') : 'not_configured',
        set_up,
      };
    },
  }),
];

/** Reads which parts of the product are in use. */
async function readSetUp({ store }: AdminContext): Promise<HomeView['set_up']> {
  const [watch, organisations, mailboxes, recipients, tickets, visits] = await Promise.all([
    store.doc('settings/watch').get(),
    isAny(store.collection('billing_settings')),
    isAny(store.collection('inbox_integrations')),
    isAny(store.collection('alert_recipients').where('active', '==', true)),
    isAny(store.collection('tickets').where('status', '==', 'active')),
    isAny(store.collection('page_visits')),
  ]);
  const { operators, webhook_url } = readWatchSettings(watch);
  return {
    notified: operators.length > 0 || webhook_url !== null,
    organisations,
    mailboxes,
    recipients,
    tickets,
    visits,
  };
}

const isAny = async (query: Query): Promise<boolean> => !(await query.select().limit(1).get()).empty;

const countOf = async (query: Query): Promise<number> => (await query.count().get()).data().count;

/** Returns the first documents of a query, each by its name, and how many there are. */
async function firstOf(query: Query, name: (document: QueryDocumentSnapshot) => Named) {
  const { docs } = await query.limit(NAMED).get();
  const count = docs.length < NAMED ? docs.length : await countOf(query);
  return { count, items: docs.map(name) };
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const instant = (document: QueryDocumentSnapshot, field: string): string | null => {
  const ms = millis(document.get(field));
  return ms === null ? null : new Date(ms).toISOString();
};

const nameFollowup = (document: QueryDocumentSnapshot): Named => ({
  id: document.id,
  name: text(document.get('source_label')) ?? document.id,
  who: text(document.get('customer.name')) ?? text(document.get('customer.email')),
  at: instant(document, 'parked.at'),
});

const nameAlert = (document: QueryDocumentSnapshot): Named => ({
  id: document.id,
  name: text(document.get('ticket_number')) ?? document.id,
  who: text(document.get('recipient')),
  at: instant(document, 'settled_at'),
});

const nameMailbox = (document: QueryDocumentSnapshot): Named => ({
  id: document.id,
  name: text(document.get('label')) ?? text(document.get('auth.user')) ?? document.id,
  who: text(document.get('host')),
  at: instant(document, 'health.last_success_at'),
});
