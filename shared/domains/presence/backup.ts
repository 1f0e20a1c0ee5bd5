import {
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type QueryDocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import * as z from 'zod';
import { updateUnchanged } from '../../doors/store/update-unchanged.ts';
import { fromIso } from '../../doors/store/version.ts';
import { putBackActivity } from './activity.ts';
import { storedPresence, userRef } from './user.ts';

/** The fields that a cleanup changes and a restore writes; all others stay as they are. */
const FIELDS = ['is_online', 'last_activity_at', 'logged_out_at', 'cleaned_at'] as const;

const stored = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.string(),
  z.strictObject({
    timestamp: z.string().refine((text) => fromIso(text) !== null, 'must be an instant in UTC'),
  }),
]);
type Stored = z.infer<typeof stored>;

/** One user before the cleanup. Absent fields stay absent; `activity` is the last ping in epoch milliseconds. */
const userBackup = z.strictObject({
  id: z.string().min(1),
  fields: z.partialRecord(z.enum(FIELDS), stored),
  activity: z.int().positive().nullable(),
});
export type UserBackup = z.infer<typeof userBackup>;

/** Users as they were before a cleanup. */
export const presenceBackup = z.strictObject({
  version: z.literal(1),
  /** The instant of the cleanup, in ISO 8601. */
  taken_at: z.iso.datetime(),
  users: z.array(userBackup),
});
export type PresenceBackup = z.infer<typeof presenceBackup>;

/** Backs up a user. Throws for a field whose type no presence field has. */
export function backUp(user: {
  id: string;
  document: DocumentSnapshot | null;
  activity: number | null;
}): UserBackup {
  const data = user.document?.data() ?? {};
  const fields = FIELDS.filter((name) => Object.hasOwn(data, name)).map((name) => [name, encode(data[name])]);
  return { id: user.id, fields: Object.fromEntries(fields), activity: user.activity };
}

function encode(value: unknown): Stored {
  if (value instanceof Timestamp) {
    const second = new Date(value.seconds * 1000).toISOString().slice(0, 19);
    return { timestamp: `${second}.${String(value.nanoseconds).padStart(9, '0')}Z` };
  }
  return stored.parse(value);
}

function decode(value: Stored | undefined): unknown {
  if (value === undefined) return FieldValue.delete();
  return typeof value === 'object' && value !== null ? fromIso(value.timestamp) : value;
}

export type RestoreResult = 'restored' | 'unchanged' | 'changed_since' | 'gone' | Error;

/**
 * Restores users from a backup, in order. Leaves users alone that showed life or logged out since. A second restore
 * changes nothing. Throws if Redis does not answer.
 */
export async function restoreUsers(
  deps: { store: Firestore; redis: Redis; now: Date },
  backup: PresenceBackup,
  dryRun: boolean,
): Promise<RestoreResult[]> {
  const { store, redis, now } = deps;
  if (backup.users.length === 0) return [];
  const documents = await store.getAll(...backup.users.map(({ id }) => userRef(store, id)));
  const takenAt = Date.parse(backup.taken_at);
  const results = documents.map((document, index) => planRestore(document, backup.users[index], takenAt));
  if (dryRun) return results;
  const updates: { index: number; snapshot: QueryDocumentSnapshot; fields: Record<string, unknown> }[] = [];
  for (const [index, { id, fields, activity }] of backup.users.entries()) {
    if (results[index] === 'changed_since') continue;
    if (activity !== null && (await putBackActivity(redis, id, activity, now.getTime())))
      results[index] = 'restored';
    const snapshot = documents[index];
    if (!snapshot?.exists || isSame(snapshot, fields)) continue;
    const values = Object.fromEntries(FIELDS.map((name) => [name, decode(fields[name])]));
    const restored = { ...values, put_offline_by: FieldValue.delete() };
    updates.push({ index, snapshot: snapshot as QueryDocumentSnapshot, fields: restored });
  }
  const written = await updateUnchanged(store, updates);
  for (const [at, { index }] of updates.entries()) {
    const result = written[at];
    results[index] = result instanceof Error ? result : result === 'updated' ? 'restored' : 'changed_since';
  }
  return results;
}

function planRestore(
  document: DocumentSnapshot,
  before: UserBackup | undefined,
  takenAt: number,
): RestoreResult {
  if (!document.exists) return 'gone';
  const { projected, loggedOut } = storedPresence(document);
  if (Math.max(projected ?? 0, loggedOut ?? 0) > takenAt) return 'changed_since';
  return before && isSame(document, before.fields) ? 'unchanged' : 'restored';
}

function isSame(document: DocumentSnapshot, fields: UserBackup['fields']): boolean {
  return (
    JSON.stringify(backUp({ id: '', document, activity: null }).fields) ===
    JSON.stringify(orderFields(fields))
  );
}

const orderFields = (fields: UserBackup['fields']) =>
  Object.fromEntries(FIELDS.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]));
