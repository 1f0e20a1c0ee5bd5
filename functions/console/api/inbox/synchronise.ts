import type { Integration } from '../../../../shared/domains/inbox/integration.ts';
import { Overtaken } from '../../../../shared/domains/inbox/sync/folder/folder.ts';
import { type MailboxTurn, syncInTurn } from '../../../../shared/domains/inbox/sync/sync-in-turn.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { followupSignals } from '../../../inbox-to-followups.ts';
import type { AdminContext } from '../route.ts';
import type { SyncReport } from './views.ts';

/** A mailbox that is synchronised by hand gets this long; the next sync goes on with the rest. */
const SYNC_MS = 60_000;

/** Synchronises one mailbox now. Throws a 409 if another sync is at work on it. */
export async function synchronise(context: AdminContext, integration: Integration): Promise<SyncReport> {
  const { caller, post } = context;
  const signals = followupSignals({ ...context, post }, { runId: null, by: caller.id ?? caller.kind });
  const turn: MailboxTurn = { take: (work) => work(SYNC_MS) };
  const result = await syncInTurn(integration, { ...context, post }, turn, signals).catch(
    (error: unknown) => {
      if (error instanceof Overtaken)
        throw new HttpError(409, 'This mailbox is being synchronised already; look again in a minute.');
      throw error;
    },
  );
  const { complete, gaps, ...messages } = result.tally;
  const isWhole = complete && gaps.length === 0;
  const success = result.failure === null && gaps.length === 0;
  return { success, complete: isWhole, incomplete: gaps, messages, error: result.failure };
}
