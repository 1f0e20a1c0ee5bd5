import type { DocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { changeFollowup, type FollowupChange } from '../../../../shared/domains/followups/change.ts';
import { showFollowup } from '../../../../shared/domains/followups/show.ts';
import type { HttpRequest } from '../../../../shared/doors/http/request.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import type { AdminContext } from '../route.ts';
import { changeContext, noSuchFollowup } from './context.ts';
import type { FollowupDetail } from './views.ts';

/** The version that an action was decided on, as in If-Match. */
export const version = z.object({ updated_at: z.string().nullable().optional() });
type Version = z.infer<typeof version>;

/** Throws 409 if the request names another version than the stored one. */
export const requireSame =
  (request: HttpRequest, { updated_at: carried }: Version) =>
  (snapshot: DocumentSnapshot): void =>
    requireVersion(request, carried, versionOf(snapshot));

/** Changes a follow-up and returns its new state. `check` throws if it may not be changed as it is stored. */
export async function applyChange(
  context: AdminContext,
  id: string,
  decide: (found: Parameters<Parameters<typeof changeFollowup>[2]>[0]) => FollowupChange,
  check: (snapshot: DocumentSnapshot) => void = () => undefined,
): Promise<Answer> {
  const snapshot = await changeFollowup(changeContext(context), id, (found) => {
    check(found.snapshot);
    return decide(found);
  });
  if (!snapshot) throw noSuchFollowup(id);
  return toAnswer(snapshot);
}

/** Answers with a follow-up as the API shows it. */
export const toAnswer = (snapshot: DocumentSnapshot, status = 200, more: Partial<FollowupDetail> = {}) =>
  new Answer(status, { ...showFollowup(snapshot), ...more }, versionHeader(versionOf(snapshot)));
