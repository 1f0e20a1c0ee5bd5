import { createHash } from 'node:crypto';
import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  QueryDocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { standingClaim } from '../../../doors/mail/claim-documents.ts';
import { type Resume, resume } from '../../../doors/mail/claims.ts';
import { streamQuery } from '../../../doors/store/firestore.ts';
import type { EarlierAlert, Stay } from './alert.ts';
import { heldRows } from './rows.ts';

const HOUR_MS = 3_600_000;

/** The log has one document per alert. A digest's first one is also the claim of its mail. */
export const alertLogs = (store: Firestore) => store.collection('delay_alert_logs');

/** The last alert about a ticket to one recipient, as `delay_alert_states` holds it; times are epoch milliseconds. */
interface LastAlert {
  stage: string;
  since: number;
  sequence: number;
  counted_at: number;
  run_id: string;
  /** `counted_at` of the alert before, to undo this one; null for the first. */
  previous: number | null;
}

/**
 * The last alerts of a recipient, one document per address, so that a run need not read a log row per ticket. A claim
 * writes it too, if it is as it was read: of two runs, only one succeeds.
 */
export interface AlertState {
  ref: DocumentReference;
  /** Its last write, for the precondition; null without a document. */
  version: Timestamp | null;
  alerts: Readonly<Record<string, LastAlert>>;
}

/** Returns the state document of an address. */
export const stateRef = (store: Firestore, address: string) =>
  store.collection('delay_alert_states').doc(createHash('sha256').update(address).digest('hex').slice(0, 40));

/** Reads the states of these addresses. */
export async function readStates(
  store: Firestore,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, AlertState>> {
  if (addresses.length === 0) return new Map();
  const snapshots = await store.getAll(...addresses.map((address) => stateRef(store, address)));
  return new Map(snapshots.map((snapshot, index) => [addresses[index] ?? '', toState(snapshot)]));
}

function toState(snapshot: DocumentSnapshot): AlertState {
  const alerts = (snapshot.get('alerts') as AlertState['alerts'] | undefined) ?? {};
  return { ref: snapshot.ref, version: snapshot.updateTime ?? null, alerts };
}

/** Returns the last alert about this stay, or null. Alerts about other stays of the ticket do not count. */
export function earlierAlert(alerts: AlertState['alerts'], stay: Stay): EarlierAlert | null {
  const last = Object.hasOwn(alerts, stay.ticketId) ? alerts[stay.ticketId] : undefined;
  if (!last || last.stage !== stay.stage || last.since !== stay.since) return null;
  return { sequence: last.sequence, countedAt: last.counted_at, runId: last.run_id };
}

/** An alert to send. */
export interface DueAlert extends Stay {
  sequence: number;
  /** Its window counts from this instant. */
  countedAt: number;
}

/** Adds the alerts that a run claims. */
export function addAlerts(
  alerts: AlertState['alerts'],
  due: readonly DueAlert[],
  runId: string,
): AlertState['alerts'] {
  const all: Record<string, LastAlert> = { ...alerts };
  for (const alert of due) {
    const { ticketId, stage, since, sequence, countedAt: counted_at } = alert;
    const previous = earlierAlert(alerts, alert)?.countedAt ?? null;
    all[ticketId] = { stage, since, sequence, counted_at, run_id: runId, previous };
  }
  return all;
}

/** Removes the alerts that a run claimed for these tickets and did not send. */
export function undoAlerts(
  alerts: AlertState['alerts'],
  rows: readonly { ticketId: string; runId: string }[],
): AlertState['alerts'] {
  if (rows.length === 0) return alerts;
  const rest: Record<string, LastAlert> = { ...alerts };
  for (const { ticketId, runId } of rows) {
    const last = Object.hasOwn(rest, ticketId) ? rest[ticketId] : undefined;
    if (last?.run_id !== runId) continue;
    if (last.previous === null) delete rest[ticketId];
    else
      rest[ticketId] = {
        ...last,
        sequence: last.sequence - 1,
        counted_at: last.previous,
        run_id: '',
        previous: null,
      };
  }
  return rest;
}

/**
 * Removes the alerts about tickets that are no longer late and whose window is over. Keeping them would only change the
 * word "reminder".
 */
export function pruneAlerts(
  alerts: AlertState['alerts'],
  late: ReadonlySet<string>,
  window: { repeatHours: number; occurrence: Date },
): AlertState['alerts'] {
  const before = window.occurrence.getTime() - window.repeatHours * HOUR_MS;
  const kept = Object.entries(alerts).filter(
    ([ticketId, { counted_at }]) => late.has(ticketId) || counted_at > before,
  );
  return Object.fromEntries(kept);
}

/** A digest that is not settled. */
export interface OpenDigest {
  messageId: string;
  address: string;
  /** The log row that is its claim. */
  claim: QueryDocumentSnapshot;
  /** `wait`: a run is at work on it. `take`: its process died before the mail. `unknown`: it died in the mail. */
  todo: Resume;
}

/** Reads all digests that are claimed and not settled, of runs at work and of dead runs. */
export async function openDigests(store: Firestore, now: Date): Promise<OpenDigest[]> {
  const open = alertLogs(store).where('state', 'in', ['claimed', 'sending']);
  const digests: OpenDigest[] = [];
  for await (const claim of streamQuery(open))
    digests.push({
      messageId: String(claim.get('message_id')),
      address: String(claim.get('recipient')),
      claim,
      todo: resume(standingClaim(claim), now),
    });
  return digests;
}

/** Returns the tickets of a digest, with the run that claimed them. */
export function listClaimed({ claim }: OpenDigest): { ticketId: string; runId: string }[] {
  const { rows, digest } = heldRows(claim);
  const tickets = [String(claim.get('ticket_id')), ...rows.map(({ ticketId }) => ticketId)];
  return tickets.map((ticketId) => ({ ticketId, runId: digest.runId }));
}
