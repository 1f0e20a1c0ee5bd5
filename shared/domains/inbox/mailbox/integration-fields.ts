import { type SealingKeys, seal } from '../credentials/sealed.ts';
import type { Keep } from '../credentials/sign-in.ts';
import { type Integration, ownerOf } from '../integration.ts';
import type { AuthInput } from './integration-input.ts';

/**
 * Checks an integration before it is written, and throws if it must not be. `keep` receives a token that signing in got.
 */
export type Check<Found> = (integration: Integration, keep: Keep) => Promise<Found>;

/** How credentials are kept: sealed for this integration alone, or as the name of a secret. */
export function authFields(given: AuthInput, id: string, keys: SealingKeys): Record<string, string> {
  const { method, user, ...rest } = given;
  if ('secret_ref' in rest) return { method, user, secret_ref: rest.secret_ref };
  return { method, user, sealed: seal(JSON.stringify(rest), ownerOf(id), keys) };
}

/** A field of a document that is not stored yet, by its path with dots. */
export function valueAt(fields: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], fields);
}
