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
 * What can go wrong with a task:
 * - `missed`: a round did not begin within its grace;
 * - `overrun`: a run is still open past its budget;
 * - `failing`: so many attempts failed in a row;
 * - `slow`: runs take nearly as long as they may;
 * - `unknown_mail`: a mail may or may not have arrived, and waits for a person;
 * - `asleep`: the watchman itself did not look for a while.
 */
export type Kind = 'missed' | 'overrun' | 'failing' | 'slow' | 'unknown_mail' | 'asleep';

/** What an incident says of itself, for mails and the console. */
export type Facts = Readonly<Record<string, string | number | null | readonly string[]>>;

/** Something that is wrong now. */
export interface Finding {
  kind: Kind;
  /** The task, or what else it is about. */
  task: string;
  /** What it is for ever, so that two watchmen open one incident: an occurrence, a run. */
  key: string;
  facts: Facts;
}

/** An incident as it is stored; of each kind and task at most one is open. */
export interface Incident extends Finding {
  id: string;
  openedAt: Date;
  recoveredAt: Date | null;
  /** When it was last told of, and how often. */
  lastToldAt: Date | null;
  told: number;
  /** It comes and goes: only its reminder is told. */
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
  history: { at: string; event: string; told_to?: string[]; unreached?: string[] }[];
}

export const subjectOf = ({ kind, task }: Pick<Finding, 'kind' | 'task'>): string => `${kind} ${task}`;
export const incidentId = ({ kind, task, key }: Finding): string => `${kind}:${task}:${key}`;
export const incidents = (store: Firestore) => store.collection('incidents');

/** The open incidents, newest first. */
export function openIncidents(store: Firestore): Query {
  return incidents(store).where('recovered_at', '==', null).orderBy('opened_at', 'desc');
}

/** All incidents, newest first. */
export function allIncidents(store: Firestore): Query {
  return incidents(store).orderBy('opened_at', 'desc');
}

/** An incident from its document. */
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
    lastToldAt: instant('last_told_at'),
    told: document.get('told') ?? 0,
    muted: document.get('muted') ?? false,
  };
}

/** The incident that a finding opens at this instant. A sleep that is not to be told is over with it. */
export function incidentOf(finding: Finding, now: Date, muted: boolean): Incident {
  const id = incidentId(finding);
  const recoveredAt = finding.kind === 'asleep' && muted ? now : null;
  return { ...finding, id, openedAt: now, recoveredAt, lastToldAt: null, told: 0, muted };
}

/** Creates an incident; the batch fails with a conflict where another watchman was first. */
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

/** Something that happened to an incident, as its history keeps it. */
export interface Happening {
  event: string;
  at: Date;
  /** Who was told of it, addresses and `webhook`, and whose mail failed for good. Absent where nobody was to be told. */
  toldTo?: readonly string[];
  unreached?: readonly string[];
  /** It is over with this. */
  over: boolean;
}

/** The fields that an incident's document gets by a happening. */
export function happened(happening: Happening): FirebaseFirestore.UpdateData<object> {
  const { event, over, toldTo = [], unreached = [] } = happening;
  const at = Timestamp.fromDate(happening.at);
  const entry = {
    at,
    event,
    ...(toldTo.length > 0 ? { told_to: toldTo } : {}),
    ...(unreached.length > 0 ? { unreached } : {}),
  };
  return {
    history: FieldValue.arrayUnion(entry),
    ...(toldTo.length + unreached.length > 0 ? { last_told_at: at, told: FieldValue.increment(1) } : {}),
    ...(toldTo.length > 0 ? { told_to: FieldValue.arrayUnion(...toldTo) } : {}),
    ...(over ? { recovered_at: at } : {}),
  };
}
