import {
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Query,
  Timestamp,
  type WriteBatch,
} from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';

/**
 * The kinds of incidents:
 * - `missed`: no run began for an occurrence within its grace;
 * - `overrun`: a run is still open past its budget;
 * - `failing`: several attempts failed in a row;
 * - `unsteady`: failures alternate with successes;
 * - `fruitless`: runs end well and did nothing, since everything fails;
 * - `cut_short`: the budget ends every run early;
 * - `slow`: runs take nearly their whole budget;
 * - `unknown_mail`: a mail whose delivery is uncertain waits for a person;
 * - `asleep`: watch-runs itself did not run for a while.
 */
export type IncidentKind =
  | ('missed' | 'overrun' | 'failing' | 'unsteady' | 'fruitless' | 'cut_short' | 'slow')
  | ('unknown_mail' | 'asleep');

/** The facts of an incident, for mails and the console. */
export type IncidentFacts = Readonly<Record<string, string | number | null | readonly string[]>>;

/** A problem that watch-runs sees now. */
export interface Finding {
  kind: IncidentKind;
  /** The task, or another subject. */
  task: string;
  /** An occurrence or a run. It never changes, so two runs of watch-runs open one incident. */
  key: string;
  facts: IncidentFacts;
}

/** A stored incident. At most one of each kind and task is open. */
export interface Incident extends Finding {
  id: string;
  openedAt: Date;
  recoveredAt: Date | null;
  /** The last notice about it, and the number of notices. */
  lastNotifiedAt: Date | null;
  notices: number;
  /** It flaps: it is reported only if it lasts. */
  muted: boolean;
}

/** An incident as its document has it, its instants in ISO 8601. */
export interface IncidentView extends Finding {
  id: string;
  opened_at: string;
  recovered_at: string | null;
  last_told_at: string | null;
  told: number;
  told_to: string[];
  muted: boolean;
  /** The person who attends to it, and since when. */
  acknowledged_at?: string;
  acknowledged_by?: string;
  history: { at: string; event: string; by?: string; told_to?: string[]; unreached?: string[] }[];
}

export const subjectOf = ({ kind, task }: Pick<Finding, 'kind' | 'task'>): string => `${kind} ${task}`;
export const incidentId = ({ kind, task, key }: Finding): string => `${kind}:${task}:${key}`;
export const incidents = (store: Firestore) => store.collection('incidents');

/** Queries the open incidents, newest first. */
export function openIncidents(store: Firestore): Query {
  return incidents(store).where('recovered_at', '==', null).orderBy('opened_at', 'desc');
}

/** Queries all incidents, newest first. */
export function allIncidents(store: Firestore): Query {
  return incidents(store).orderBy('opened_at', 'desc');
}

/** Reads an incident from its document. */
export function readIncident(document: DocumentSnapshot): Incident {
  const instant = (name: string) => {
    const ms = millis(document.get(name));
    return ms === null ? null : new Date(ms);
  };
  return {
    id: document.id,
    kind: document.get('kind'),
    task: document.get('task'),
    key: document.get('key'),
    facts: document.get('facts') ?? {},
    openedAt: instant('opened_at') ?? new Date(0),
    recoveredAt: instant('recovered_at'),
    lastNotifiedAt: instant('last_told_at'),
    notices: document.get('told') ?? 0,
    muted: document.get('muted') ?? false,
  };
}

/**
 * Returns the incident that a finding opens now. A muted `asleep` incident closes at once. `openings`: how often its kind
 * and task had one within a day.
 */
export function incidentOf(finding: Finding, now: Date, muted: boolean, openings = 1): Incident {
  const id = incidentId(finding);
  const recoveredAt = finding.kind === 'asleep' && muted ? now : null;
  const facts = muted ? { ...finding.facts, openings } : finding.facts;
  return { ...finding, facts, id, openedAt: now, recoveredAt, lastNotifiedAt: null, notices: 0, muted };
}

/** Creates an incident. The batch fails with a conflict if another run was first. */
export function createIncident(store: Firestore, batch: WriteBatch, incident: Incident): void {
  const { id, kind, task, key, facts, openedAt, recoveredAt, muted } = incident;
  const at = Timestamp.fromDate(openedAt);
  batch.create(incidents(store).doc(id), {
    kind,
    task,
    key,
    facts,
    opened_at: at,
    recovered_at: recoveredAt && Timestamp.fromDate(recoveredAt),
    last_told_at: null,
    told: 0,
    told_to: [],
    muted,
    history: [{ at, event: muted ? 'opened_muted' : 'opened' }],
  });
}

/** An entry of an incident's history. */
export interface HistoryEntry {
  event: string;
  at: Date;
  /** Receivers that were reached (addresses, `webhook`), and those whose mail failed for good. */
  notified?: readonly string[];
  unreached?: readonly string[];
  /** True if it closes the incident. */
  over: boolean;
}

/** Returns the fields that a history entry changes in an incident's document. */
export function toHistoryFields(happened: HistoryEntry): FirebaseFirestore.UpdateData<object> {
  const { event, over, notified = [], unreached = [] } = happened;
  const at = Timestamp.fromDate(happened.at);
  const entry = {
    at,
    event,
    ...(notified.length > 0 ? { told_to: notified } : {}),
    ...(unreached.length > 0 ? { unreached } : {}),
  };
  return {
    history: FieldValue.arrayUnion(entry),
    ...(notified.length + unreached.length > 0 ? { last_told_at: at, told: FieldValue.increment(1) } : {}),
    ...(notified.length > 0 ? { told_to: FieldValue.arrayUnion(...notified) } : {}),
    ...(over ? { recovered_at: at } : {}),
    // A muted incident that is reported because it lasts is one like any other.
    ...(event === 'opened' ? { muted: false } : {}),
  };
}
