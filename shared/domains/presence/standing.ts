import type { DocumentSnapshot } from '@google-cloud/firestore';
import { isLoggedOut } from './login-history.ts';
import type { SessionKind } from './session.ts';
import { storedPresence } from './user.ts';

/**
 * The standing of a session:
 * - `open`;
 * - `logged_out`: it was ended, and only a new sign-in opens it;
 * - `outdated`: its token is older than the user's last logout, and no record says whether that logout ended it. A
 *   refreshed token is accepted.
 */
export type Standing = 'open' | 'logged_out' | 'outdated';

/** Decides from the session's login record and the user's document, both possibly absent. */
export function decideStanding(
  { kind, issuedAt }: { kind: SessionKind; issuedAt: number | null },
  record: DocumentSnapshot | undefined,
  document: DocumentSnapshot | undefined,
): Standing {
  if (record && isLoggedOut(record)) return 'logged_out';
  if (!document?.exists) return 'open';
  const { loggedOut, cleaned, tokensFrom } = storedPresence(document);
  const issued = (issuedAt ?? 0) * 1000;
  if (tokensFrom !== null && issued < tokensFrom) return 'logged_out';
  // A release before this one named sessions otherwise, so that its logouts have no record under today's name.
  const renamed = kind !== 'named' && !record?.exists;
  const left = loggedOut === null || loggedOut === cleaned ? 0 : toSecond(loggedOut);
  return renamed && issued < left ? 'outdated' : 'open';
}

/** Returns the beginning of an instant's second, the unit of tokens, in epoch milliseconds. */
export const toSecond = (instant: number): number => Math.floor(instant / 1000) * 1000;
