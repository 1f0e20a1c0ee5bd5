import { Timestamp } from '@google-cloud/firestore';
import { createDocuments, type NewDocument } from './documents.ts';
import type { FolderRound } from './folder-round.ts';
import { identify } from './store-messages.ts';

/** After so many failures a message is put into quarantine, and the rest flows. */
const MAX_ATTEMPTS = 3;

/** A message that could not be fetched, read or stored, and why. */
export interface Failed {
  uid: number;
  reason: string;
}

/** Of messages that failed, those that the server still names: what was deleted meanwhile has not failed. */
export async function stillThere({ connection }: FolderRound, failed: readonly Failed[]): Promise<Failed[]> {
  const named = await connection.search({ uid: failed.map(({ uid }) => uid).join(',') });
  return failed.filter(({ uid }) => named.includes(uid));
}

/** Counts the failures of messages; with the third, one is put into quarantine, where a person sees it. */
export async function recordFailures(
  round: FolderRound,
  failed: readonly Failed[],
  uidValidity: string,
): Promise<void> {
  const { cursor, tally } = round;
  const failing = { ...cursor.state.failing };
  const given: (Failed & { attempts: number })[] = [];
  for (const { uid, reason } of failed) {
    const attempts = (failing[uid]?.attempts ?? 0) + 1;
    failing[uid] = { attempts, reason };
    if (attempts >= MAX_ATTEMPTS) given.push({ uid, reason, attempts });
  }
  for (const { uid } of given) delete failing[uid];
  await createDocuments(
    round.place,
    given.map((each) => stub(round, uidValidity, each)),
    round.now,
  );
  tally.quarantined += given.length;
  await cursor.save({ failing, uids: cursor.state.uids.with(given.map(({ uid }) => uid)) });
}

/** What is kept of a message that could not be: where it lies, and why. */
function stub(
  { place, now }: FolderRound,
  uidValidity: string,
  { uid, reason, attempts }: Failed & { attempts: number },
): NewDocument {
  const { orgId, integrationId, folder } = place;
  const id = identify({ place, uidValidity }, uid);
  const fields = {
    ...{ org_id: orgId, integration_id: integrationId, folder, uid_validity: uidValidity, uid },
    ...{ thread_id: id, references: [], from: null, to: [], cc: [], subject: '', snippet: '', text: '' },
    ...{ attachments: [], flags: [], seen: false, size: 0, auto_reply: false, removed_at: null },
    received_at: Timestamp.fromDate(now),
    stored_at: Timestamp.fromDate(now),
    quarantined: { reason, attempts },
    in_quarantine: true,
  };
  return { id, uid, fields, flags: [], replaces: null };
}
