import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import type { Finding } from './incident.ts';

/** At most this many mails of a source are read. */
const MAX_LOOKED_AT = 20;
const MAX_NAMED = 5;

/** A place where mails may be left `unknown`. */
export interface MailSource {
  /** The subject of its incidents. */
  name: string;
  /** Queries the mails that wait for a person, oldest first. */
  query(store: Firestore, now: Date): Query;
  /** Describes one mail for people: its subject and its recipient. */
  describe(document: DocumentSnapshot): string;
}

/** After this a ticket that is still late gets another alert, so an older unknown mail needs no person. */
const ALERT_MATTERS_MS = 24 * 3_600_000;

/** Queries the alert mails of the last day whose delivery is uncertain. */
export function unknownAlerts(store: Firestore, now: Date): Query {
  return store
    .collection('delay_alert_logs')
    .where('state', '==', 'unknown')
    .where('settled_at', '>', Timestamp.fromMillis(now.getTime() - ALERT_MATTERS_MS))
    .orderBy('settled_at');
}

/** Queries the reminders whose delivery is uncertain. A person settles each, or the inbox when it finds the mail. */
export function unknownReminders(store: Firestore): Query {
  return store.collectionGroup('sends').where('state', '==', 'unknown').orderBy('settled_at');
}

/** All sources of uncertain mails. */
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

/** Returns a lasting key. A reminder may be uncertain again after a person settled it as not sent, hence the instant. */
function keyOf(document: DocumentSnapshot): string {
  const ids = document.ref.path.split('/').filter((_, index) => index % 2 === 1);
  return [...ids, millis(document.get('settled_at')) ?? 0].join('-');
}

/** Returns the finding of one source, or null if no mail is uncertain. */
function toFinding(source: MailSource, found: readonly DocumentSnapshot[]): Finding | null {
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

/** Looks at one source. Costs one read if there is nothing, at most twenty otherwise. */
export async function lookForUnknownMail(
  source: MailSource,
  { store, now }: { store: Firestore; now: Date },
): Promise<Finding | null> {
  const { docs } = await source.query(store, now).limit(MAX_LOOKED_AT).get();
  return toFinding(source, docs);
}
