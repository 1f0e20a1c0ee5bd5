import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';

/** Returns a document's version, the instant of its last write in ISO 8601. Returns null if the document does not exist. */
export function versionOf({ updateTime }: DocumentSnapshot): string | null {
  return updateTime ? toIso(updateTime) : null;
}

/** Returns a timestamp in ISO 8601 with microseconds, the resolution of Firestore. */
export function toIso(timestamp: Timestamp): string {
  const micros = String(Math.floor(timestamp.nanoseconds / 1000)).padStart(6, '0');
  return `${new Date(timestamp.seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}

/** Reads an ISO 8601 instant in UTC with up to nine decimals. Returns null for any other text. */
export function fromIso(text: string): Timestamp | null {
  const [, second, decimals = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? null : new Timestamp(ms / 1000, Number(decimals.padEnd(9, '0')));
}
