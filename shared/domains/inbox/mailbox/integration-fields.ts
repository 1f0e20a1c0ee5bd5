import type { Keep } from '../credentials/sign-in.ts';
import type { Integration } from '../integration.ts';

/**
 * Checks an integration before it is written, and throws if it must not be. `keep` receives a token that signing in got.
 */
export type Check<Found> = (integration: Integration, keep: Keep) => Promise<Found>;

/** A field of a document that is not stored yet, by its path with dots. */
export function valueAt(fields: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], fields);
}
