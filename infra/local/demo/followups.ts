import { type DocumentData, type Firestore, Timestamp } from '@google-cloud/firestore';

const DAY_MS = 86_400_000;
const ORG = 'atelier-martin';
/** Days from the due date of an invoice to the first reminder of the default levels. */
const FIRST_AFTER_DAYS = 7;
/** Days since automatic follow-ups were switched on. Older debts are held until a person confirms them. */
const SWITCHED_ON = 3;
const HELD_DAYS = 30;

interface DemoFollowup {
  id: string;
  label: string;
  customer: { name: string; email: string | null; locale?: string };
  amount: number;
  /** Days since an invoice was due, or since a quote was sent. */
  since: number;
  more?: (at: (daysAgo: number) => Timestamp) => DocumentData;
  quote?: true;
}

/** One follow-up of each kind: due, paid in time, late before the activation, without a valid address, uncertain. */
const FOLLOWUPS: readonly DemoFollowup[] = [
  {
    id: 'f-2041',
    label: 'F-2041',
    customer: { name: 'Amélie Roux', email: 'amelie.roux@example.test', locale: 'fr' },
    amount: 184.5,
    since: 8,
  },
  {
    id: 'q-310',
    label: 'Q-310',
    customer: { name: 'Anna Weiss', email: 'anna.weiss@example.test', locale: 'en' },
    amount: 420,
    since: 9,
    quote: true,
  },
  {
    id: 'f-2038',
    label: 'F-2038',
    customer: { name: 'Bruno Petit', email: 'bruno.petit@example.test', locale: 'fr' },
    amount: 96,
    since: 10,
    more: () => ({ status: 'paid', next_due_at: null }),
  },
  {
    id: 'f-1877',
    label: 'F-1877',
    customer: { name: 'Chiara Leoni', email: 'chiara.leoni@example.test', locale: 'fr' },
    amount: 1250,
    since: 95,
  },
  {
    id: 'f-2035',
    label: 'F-2035',
    customer: { name: 'David Moreau', email: 'david.moreau at example', locale: 'fr' },
    amount: 310.2,
    since: 9,
  },
  {
    id: 'f-2029',
    label: 'F-2029',
    customer: { name: 'Elif Kaya', email: 'elif.kaya@example.test', locale: 'en' },
    amount: 72.9,
    since: 11,
    more: (at) => ({
      next_due_at: null,
      parked: {
        reason: 'unknown_delivery',
        at: at(2),
        due_at: at(4),
        detail: 'the connection ended before the answer came',
      },
    }),
  },
];

/** The organisation's settings: follow-ups have been on for three days, older debts are held. */
function settings(at: (daysAgo: number) => Timestamp): DocumentData {
  return {
    auto_followups_enabled: true,
    held_due_before: at(SWITCHED_ON + HELD_DAYS),
    time_zone: 'Europe/Paris',
    business_days_only: false,
    min_gap_days: 5,
    locale: 'fr',
    from: 'Atelier Martin <factures@ronde.test>',
    reply_to: 'compta@example.test',
    notify_email: 'patron@example.test',
  };
}

function fields(
  { label, customer, amount, since, more, quote }: DemoFollowup,
  at: (daysAgo: number) => Timestamp,
): DocumentData {
  return {
    org_id: ORG,
    type: quote ? 'quote' : 'invoice',
    source_id: label.toLowerCase(),
    source_label: label,
    customer,
    amount_due: amount,
    currency: 'EUR',
    due_date: quote ? null : at(since),
    ...(quote ? { sent_at: at(since) } : {}),
    status: 'open',
    auto_enabled: true,
    paused_until: null,
    level: 0,
    next_due_at: at(since - FIRST_AFTER_DAYS),
    last_sent_at: null,
    stop_reason: null,
    ...more?.(at),
  };
}

/** Writes a month's invoices and quotes. A run sends two reminders and skips the others for different reasons. */
export async function fillFollowups(store: Firestore, now: Date): Promise<{ followups: number }> {
  const at = (daysAgo: number) => Timestamp.fromMillis(now.getTime() - daysAgo * DAY_MS);
  const batch = store.batch();
  batch.set(store.doc(`billing_settings/${ORG}`), settings(at));
  for (const one of FOLLOWUPS) batch.set(store.doc(`followups/${one.id}`), fields(one, at));
  batch.set(store.doc('followups/f-2029/sends/1'), {
    state: 'unknown',
    org_id: ORG,
    level: 1,
    to: 'elif.kaya@example.test',
    message_id: '<demo-f-2029-1@ronde.test>',
    claimed_at: at(2),
    settled_at: at(2),
    response: 'the connection ended before the answer came',
    run_id: null,
  });
  await batch.commit();
  return { followups: FOLLOWUPS.length };
}
