import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import {
  type AlertRecipient,
  entriesOf,
  readAlertSettings,
  readRecipients,
  toTicket,
} from './alerts/documents.ts';
import { matchFilter } from './alerts/filter.ts';
import {
  type AlertSettings,
  type DelayReason,
  daysInStage,
  judgeDelay,
  type StageEntry,
  stageEntry,
  type Ticket,
  thresholdOf,
} from './delay.ts';

const DAY_MS = 86_400_000;

export interface TicketReadContext {
  store: Firestore;
  now: Date;
}

/** The delay of a ticket, and the reason. */
export interface Delay {
  /** The instant at which it entered its stage, and the source of that. Null if no stored instant can be read. */
  since: string | null;
  source: StageEntry['source'] | null;
  days_in_stage: number | null;
  /** The threshold of its stage, and the instant after which an active ticket is late. */
  threshold_days: number;
  late_after: string | null;
  late: boolean;
  reason: DelayReason;
}

/** The fields of a ticket, with its id, version and delay. Tickets of other back ends may lack some. */
export interface TicketView {
  id: string;
  number?: string | null;
  device?: string | null;
  customer_name?: string | null;
  status?: Ticket['status'];
  stage?: string | null;
  assignee?: string | null;
  snoozed_until?: string | null;
  reopened_at?: string | null;
  updated_at: string | null;
  delay: Delay;
  /** The active recipients whose alerts name it, as `Name <address>`; none if it is not late. */
  recipients: string[];
}

/** The facts that decide about every ticket, read once per answer. */
export interface TicketRules {
  settings: AlertSettings;
  recipients: readonly AlertRecipient[];
}

/** Reads the settings and the active recipients. */
export async function readRules(store: Firestore): Promise<TicketRules> {
  const [settings, recipients] = await Promise.all([readAlertSettings(store), readRecipients(store)]);
  return { settings, recipients };
}

/** Returns the fields of a document as JSON. */
export const toFields = (snapshot: DocumentSnapshot) =>
  toJson(snapshot.data() ?? {}) as Record<string, unknown>;

/** Returns a stored ticket for an answer. Reads one event if it has no `stage_entered_at`. */
export async function toView(
  { store, now }: TicketReadContext,
  snapshot: DocumentSnapshot,
  { settings, recipients }: TicketRules,
): Promise<TicketView> {
  const ticket = toTicket(snapshot);
  if (!ticket) throw new Error(`The ticket ${snapshot.id} is gone.`);
  const entry = stageEntry(ticket, await entriesOf(ticket, store));
  const threshold = thresholdOf(ticket.stage, settings);
  const reason = judgeDelay(ticket, entry, settings, { now });
  const delay: Delay = {
    since: entry && new Date(entry.since).toISOString(),
    source: entry?.source ?? null,
    days_in_stage: entry && daysInStage(entry, now),
    threshold_days: threshold,
    late_after: entry && new Date(entry.since + threshold * DAY_MS).toISOString(),
    late: reason === 'over_threshold',
    reason,
  };
  const late = delay.late && entry ? { ticket, entry, threshold, days: daysInStage(entry, now) } : null;
  return {
    ...toFields(snapshot),
    id: snapshot.id,
    updated_at: versionOf(snapshot),
    delay,
    recipients: recipients.flatMap(({ name, address, filter }) =>
      late && matchFilter(filter, late) === 'now' ? [`${name} <${address}>`] : [],
    ),
  };
}
