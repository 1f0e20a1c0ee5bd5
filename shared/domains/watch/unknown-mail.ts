import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import type { Finding } from './incident.ts';

/** So many are looked at; the rest is as unknown. */
const MAX_LOOKED_AT = 20;
const MAX_NAMED = 5;

/** A place where mails may be left `unknown`. */
export interface MailSource {
  /** What an incident of it is about. */
  name: string;
  /** Those that wait for a person, oldest first. */
  query(store: Firestore, now: Date): Query;
  /** One of them for a person: what it was about, and to whom. */
  describe(document: DocumentSnapshot): string;
}

/** After this a late ticket is told of anew, if it is still late: an older unknown waits for nobody. */
const ALERT_MATTERS_MS = 24 * 3_600_000;

/** The alert logs' unknown mails of the last day. */
export function unknownAlerts(store: Firestore, now: Date): Query {
  return store
    .collection('delay_alert_logs')
    .where('state', '==', 'unknown')
    .where('settled_at', '>', Timestamp.fromMillis(now.getTime() - ALERT_MATTERS_MS))
    .orderBy('settled_at');
}

/** The reminders whose delivery is unknown, in all follow-ups: each waits until a person or its found mail settles it. */
export function unknownReminders(store: Firestore): Query {
  return store.collectionGroup('sends').where('state', '==', 'unknown').orderBy('settled_at');
}

/** Every place that is looked at. */
export const MAIL_SOURCES: readonly MailSource[] = [
  {
    name: 'check-delay-alerts',
    query: unknownAlerts,
    describe: (log) => `${log.get('ticket_number') ?? log.id}, ${log.get('recipient') ?? '?'}`,
  },
  {
    name: 'process-followups',
    query: unknownReminders,
    describe: (send) =>
      `follow-up ${send.ref.parent.parent?.id ?? '?'}, level ${send.id}, ${send.get('to') ?? '?'}`,
  },
];

/** What one is for ever: a reminder may be in doubt once more after a person has settled it as not sent. */
function keyOf(document: DocumentSnapshot): string {
  const ids = document.ref.path.split('/').filter((_, index) => index % 2 === 1);
  return [...ids, millis(document.get('settled_at')) ?? 0].join('-');
}

/** The finding of one source; null where no mail is unknown. */
function unknownMail(source: MailSource, found: readonly DocumentSnapshot[]): Finding | null {
  const [oldest] = found;
  if (!oldest) return null;
  return {
    kind: 'unknown_mail',
    task: source.name,
    key: keyOf(oldest),
    facts: {
      count: found.length,
      at_least: found.length === MAX_LOOKED_AT ? 1 : 0,
      since: new Date(millis(oldest.get('settled_at')) ?? 0).toISOString(),
      mails: found.slice(0, MAX_NAMED).map((each) => source.describe(each)),
    },
  };
}

/** Looks at one source: at most twenty reads, one where there is nothing. */
export async function lookForUnknownMail(
  source: MailSource,
  { store, now }: { store: Firestore; now: Date },
): Promise<Finding | null> {
  const { docs } = await source.query(store, now).limit(MAX_LOOKED_AT).get();
  return unknownMail(source, docs);
}
