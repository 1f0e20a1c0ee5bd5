import {
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type QueryDocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import * as z from 'zod';
import { updateUnchanged } from '../../doors/store/firestore.ts';
import { fromIso } from '../../doors/store/version.ts';
import { putBackActivity } from './activity.ts';
import { storedPresence, userRef } from './user.ts';

/** The fields that putting offline may change; everything else of a document is left alone, by both ways. */
const FIELDS = ['is_online', 'last_activity_at', 'logged_out_at'] as const;

const stored = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.string(),
  z.strictObject({ timestamp: z.string().refine((text) => fromIso(text) !== null, 'is no instant in UTC') }),
]);
type Stored = z.infer<typeof stored>;

/** One user as it was. An absent field is absent here too; `activity` is the ping of before in epoch milliseconds. */
const userBackup = z.strictObject({
  id: z.string().min(1),
  fields: z.partialRecord(z.enum(FIELDS), stored),
  activity: z.int().positive().nullable(),
});
export type UserBackup = z.infer<typeof userBackup>;

/** What users were before they were put offline. */
export const presenceBackup = z.strictObject({
  version: z.literal(1),
  /** The instant that decided who was put offline, in ISO 8601. */
  taken_at: z.iso.datetime(),
  users: z.array(userBackup),
});
export type PresenceBackup = z.infer<typeof presenceBackup>;

/** A user as it is now, to be put back. Throws for a field of a kind that no presence field has. */
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
 * Puts users back as a backup has them, in order. Who has shown life or logged out since is left alone: newer truth is
 * never overwritten. Restoring twice changes nothing the second time. Throws where Redis does not answer.
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
  const results = documents.map((document, index) => judge(document, backup.users[index], takenAt));
  if (dryRun) return results;
  const updates: { index: number; snapshot: QueryDocumentSnapshot; fields: Record<string, unknown> }[] = [];
  for (const [index, { id, fields, activity }] of backup.users.entries()) {
    if (results[index] === 'changed_since') continue;
    if (activity !== null && (await putBackActivity(redis, id, activity, now.getTime())))
      results[index] = 'restored';
    const snapshot = documents[index];
    if (!snapshot?.exists || same(snapshot, fields)) continue;
    const values = Object.fromEntries(FIELDS.map((name) => [name, decode(fields[name])]));
    updates.push({ index, snapshot: snapshot as QueryDocumentSnapshot, fields: values });
  }
  const written = await updateUnchanged(store, updates);
  for (const [at, { index }] of updates.entries()) {
    const result = written[at];
    results[index] = result instanceof Error ? result : result === 'updated' ? 'restored' : 'changed_since';
  }
  return results;
}

function judge(document: DocumentSnapshot, before: UserBackup | undefined, takenAt: number): RestoreResult {
  if (!document.exists) return 'gone';
  const { projected, loggedOut } = storedPresence(document);
  if (Math.max(projected ?? 0, loggedOut ?? 0) > takenAt) return 'changed_since';
  return before && same(document, before.fields) ? 'unchanged' : 'restored';
}

function same(document: DocumentSnapshot, fields: UserBackup['fields']): boolean {
  return (
    JSON.stringify(backUp({ id: '', document, activity: null }).fields) === JSON.stringify(ordered(fields))
  );
}

const ordered = (fields: UserBackup['fields']) =>
  Object.fromEntries(FIELDS.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]));
