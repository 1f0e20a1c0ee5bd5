import type { ChangeContext } from '../../../../shared/domains/followups/change.ts';
import { PatchFault } from '../../../../shared/domains/followups/patch.ts';
import { REASONS } from '../../../../shared/domains/followups/reasons.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import type { AdminContext } from '../route.ts';

/** Names the caller as the author of a change, for the follow-up's history. */
export function changeContext({ store, now, caller }: AdminContext): ChangeContext {
  return { store, now, decider: { runId: null, by: caller.id ?? caller.kind } };
}

/** Turns the fault of a patch into its answer. Throws any other error as it is. */
export function throwPatchFault(error: unknown): never {
  if (!(error instanceof PatchFault)) throw error;
  throw new HttpError(error.kind === 'conflict' ? 409 : 400, error.message);
}

/** The error for an unknown id. */
export function noSuchFollowup(id: string): HttpError {
  return new HttpError(
    404,
    `There is no follow-up ${JSON.stringify(id)}; its id stands on its page and in GET /api/followups.`,
  );
}

/** The error for an action that an uncertain mail prevents. */
export const hasUncertainMail = (id: string) =>
  new HttpError(409, `Follow-up ${JSON.stringify(id)} has an uncertain mail; settle it first.`, {
    details: { reason: 'unknown_delivery', message: REASONS.unknown_delivery },
  });

/** The error for settling a follow-up that waits for nobody. */
export const hasNoUncertainMail = (id: string) =>
  new HttpError(
    409,
    `Follow-up ${JSON.stringify(id)} has no uncertain mail; read it again before you settle one.`,
  );
