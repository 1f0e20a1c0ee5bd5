import { type Firestore, Timestamp } from '@google-cloud/firestore';

const DAY_MS = 86_400_000;

interface DemoTicket {
  number: string;
  device: string;
  customer: string | null;
  stage: string;
  /** Days since the ticket was opened, and days since it entered its stage. */
  opened: number;
  entered: number;
  /** If true, only the ticket's events hold the time of its stage, as in data of other back ends. */
  bare?: true;
  status?: 'closed' | 'cancelled';
}

/**
 * One ticket of each kind, in the stages of a French workshop: in time, late, very late, late by its events only,
 * closed.
 */
const TICKETS: readonly DemoTicket[] = [
  {
    number: 'R-1042',
    device: 'ThinkPad X220',
    customer: 'Amélie Roux',
    stage: 'diagnostic',
    opened: 3,
    entered: 2,
  },
  {
    number: 'R-1031',
    device: 'iPhone 12',
    customer: 'Bruno Petit',
    stage: 'réparation',
    opened: 19,
    entered: 6,
  },
  {
    number: 'R-1018',
    device: 'Galaxy S21',
    customer: 'Chiara Leoni',
    stage: 'pièces',
    opened: 33,
    entered: 21,
  },
  {
    number: 'R-1009',
    device: 'MacBook Air',
    customer: 'David Moreau',
    stage: 'devis',
    opened: 41,
    entered: 38,
  },
  {
    number: 'R-0997',
    device: 'Sony WH-1000XM4',
    customer: null,
    stage: 'pièces',
    opened: 52,
    entered: 17,
    bare: true,
  },
  {
    number: 'R-0950',
    device: 'Nintendo Switch',
    customer: 'Elif Kaya',
    stage: 'terminé',
    opened: 80,
    entered: 60,
    status: 'closed',
  },
];

const RECIPIENTS = [
  { id: 'atelier', name: 'Atelier', email: 'atelier@example.test', active: true, locale: 'fr' },
  { id: 'anna', user_id: 'anna', name: 'Anna Weiss', email: 'anna@example.test', active: true, locale: 'en' },
  {
    id: 'bruno',
    user_id: 'bruno',
    name: 'Bruno Petit',
    email: 'bruno@example.test',
    active: false,
    locale: 'fr',
  },
];

/** Writes a workshop's repair tickets and the recipients of delay alerts. */
export async function fillTickets(
  store: Firestore,
  now: Date,
): Promise<{ tickets: number; recipients: number }> {
  const at = (daysAgo: number) => Timestamp.fromMillis(now.getTime() - daysAgo * DAY_MS);
  const batch = store.batch();
  for (const { number, device, customer, stage, opened, entered, bare, status } of TICKETS) {
    const ref = store.collection('tickets').doc(number);
    batch.set(ref, {
      number,
      device,
      customer_name: customer,
      status: status ?? 'active',
      stage,
      ...(bare ? {} : { stage_entered_at: at(entered) }),
      created_at: at(opened),
    });
    batch.set(ref.collection('events').doc('1'), {
      type: 'stage_changed',
      from: 'réception',
      to: stage,
      at: at(entered),
      by: 'admintest1',
    });
  }
  for (const { id, ...fields } of RECIPIENTS) batch.set(store.collection('alert_recipients').doc(id), fields);
  await batch.commit();
  return { tickets: TICKETS.length, recipients: RECIPIENTS.length };
}
