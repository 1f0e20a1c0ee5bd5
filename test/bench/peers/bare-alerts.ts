import { Firestore, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';
import { createTransport } from 'nodemailer';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';

const THRESHOLD_MS = 14 * 86_400_000;
const SHOWN = 50;
const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });

const daysOf = (ticket: QueryDocumentSnapshot) =>
  Math.floor((Date.now() - (ticket.get('stage_entered_at') as Timestamp).toMillis()) / 86_400_000);

async function lateTickets(): Promise<QueryDocumentSnapshot[]> {
  const cutoff = Timestamp.fromMillis(Date.now() - THRESHOLD_MS);
  const query = store.collection('tickets').where('status', '==', 'active').where('created_at', '<', cutoff);
  const late: QueryDocumentSnapshot[] = [];
  for await (const one of query.orderBy('created_at').stream() as AsyncIterable<unknown>) {
    const ticket = one as QueryDocumentSnapshot;
    if ((ticket.get('stage_entered_at') as Timestamp).toMillis() < cutoff.toMillis()) late.push(ticket);
  }
  return late;
}

async function mail(to: string, late: readonly QueryDocumentSnapshot[]): Promise<void> {
  const lines = late
    .slice(0, SHOWN)
    .map((ticket) => `${ticket.get('number')} ${ticket.get('device')}: ${daysOf(ticket)} d`);
  const port = Number(process.env.EMAIL_PORT);
  const transport = createTransport({
    host: process.env.EMAIL_HOST ?? '',
    port,
    secure: false,
    ignoreTLS: true,
  });
  await transport.sendMail({
    from: process.env.DEFAULT_FROM_EMAIL,
    to,
    subject: `${late.length} tickets overdue`,
    text: lines.join('\n'),
    html: `<table>${lines.map((line) => `<tr><td>${line}</td></tr>`).join('\n')}</table>`,
  });
}

async function log(to: string, late: readonly QueryDocumentSnapshot[]): Promise<void> {
  const batch = store.batch();
  for (const ticket of late)
    batch.set(store.collection('delay_alert_logs').doc(), {
      ticket_id: ticket.id,
      ticket_number: ticket.get('number'),
      stage: ticket.get('stage'),
      stage_entered_at: ticket.get('stage_entered_at'),
      days_in_stage: daysOf(ticket),
      recipient: to,
      state: 'sent',
      sent_at: Timestamp.now(),
      forced: false,
    });
  await batch.commit();
}

/** The minimum for alerts: one query, then one mail and one batch of log rows per recipient, without conditions. */
const alerts: HttpHandler = async (_request, response) => {
  const late = await lateTickets();
  const { docs } = await store.collection('alert_recipients').where('active', '==', true).get();
  const notify = async (to: string) => {
    await mail(to, late);
    await log(to, late);
  };
  await Promise.all(docs.map((doc) => notify(doc.get('email') as string)));
  sendJson(response, 200, { alerts: { sent: late.length * docs.length } });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('bare-alerts', alerts);
