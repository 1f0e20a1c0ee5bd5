import { DocumentReference, Timestamp } from '@google-cloud/firestore';
import { ATTEMPT_FIELD } from './counted.ts';

/**
 * Returns a stored value as JSON: instants in ISO 8601, references as paths, all else unchanged. It leaves out the mark of
 * the last write.
 */
export function toJson(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (value instanceof DocumentReference) return value.path;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]) =>
        name === ATTEMPT_FIELD ? [] : [[name, toJson(inner)]],
      ),
    );
  return value;
}
