import type { FailureKind } from '../../shared/domains/inbox/imap/failure.ts';
import { CONNECTIONS } from '../../shared/domains/inbox/imap/host-gate.ts';
import type { Integration } from '../../shared/domains/inbox/integration.ts';
import { Overtaken } from '../../shared/domains/inbox/sync/folder/folder.ts';
import { type MailboxTurn, syncInTurn } from '../../shared/domains/inbox/sync/sync-in-turn.ts';
import type { MailboxResult } from '../../shared/domains/inbox/sync/sync-mailbox.ts';
import { isDue } from '../../shared/doors/account/health.ts';
import type { ActResult, ReplyFacts, RunContext, Task } from '../../shared/runtime/task.ts';
import { followupSignals } from '../inbox-to-followups.ts';
import { type Candidate, findMailboxes, loadMailboxes, openShared, type Shared } from './candidates.ts';
import { reportAnswers } from './report-answers.ts';

/** No mailbox is begun with less time left than this: connecting alone may take that long. */
const LEAST_MS = 3_000;
/** Mailboxes in hand at a time: with more than connections, those that are done wait together to be written. */
const MAILBOXES = 4 * CONNECTIONS;
/** Mailboxes that one instance is handed at a time: as many as it opens connections to one server. */
const BATCH = 8;
/** Two attempts of 100 s with 35 s between them fit in, and the next run comes after 300 s. */
const DEADLINE_SECONDS = 270;
/** The shortest slice of time: enough to connect and store some groups of messages. */
const LEAST_SLICE_MS = 5_000;

type Reason = 'due' | 'backoff' | 'disabled' | 'invalid' | 'budget' | FailureKind;

interface Types {
  params: Record<never, never>;
  candidate: Candidate;
  run: Shared;
  facts: undefined;
  reason: Reason;
  plan: Integration;
}

/**
 * Stores the new mail of every active mailbox, the one that has waited longest first.
 *
 * A mailbox is due unless it is in back-off. Its sync stores each message once, whatever happens in between: the cursor
 * moves after what it passes is stored, and two syncs of one mailbox never mix. What stops one mailbox costs the others
 * nothing; it has its own next attempt, so the run asks for no retry. A mailbox that has more than its share of the time
 * allows goes on in the next run. The task notifies the owner once if the login is refused for good, and once when it
 * works again.
 */
export const syncInbox: Task<Types> = {
  name: 'sync-inbox',
  route: '/api/inbox/integrations/sync-all',
  methods: ['GET', 'POST'],
  params: {},
  language: 'fr',
  onOverlap: 'skip',
  budgetSeconds: 300,
  batchSize: 1,
  concurrency: MAILBOXES,

  open: async (context) => openShared(context),

  async *find(shared, context) {
    yield* await findMailboxes(shared, context);
  },

  fanOut: {
    batchSize: BATCH,
    deadlineSeconds: DEADLINE_SECONDS,
    async *load(ids, shared, context) {
      yield* await loadMailboxes(ids, shared, context);
    },
  },

  decide({ integration, fault }, { now }) {
    if (integration === null)
      return { act: false, reason: 'invalid', failed: { retry: false }, note: { error: fault } };
    const { health } = integration;
    if (isDue(health, now)) return { act: true, reason: 'due', plan: integration };
    return { act: false, reason: health.status === 'disabled' ? 'disabled' : 'backoff' };
  },

  async act(decided, shared, context) {
    return await Promise.all(decided.map(({ plan: mailbox }) => syncOne(mailbox, shared, context)));
  },

  async after(_shared, _end, context) {
    await reportAnswers(context);
  },

  reply(facts) {
    const { outcome, counts, reasons, tally, dispatched } = facts;
    const count = (name: string) => tally[name] ?? 0;
    return {
      success: outcome !== 'failed' && count('incomplete_folders') === 0,
      message: message(facts),
      timestamp: facts.now.toISOString(),
      integrations: {
        due:
          (dispatched?.candidates ?? 0) +
          counts.acted +
          counts.failed +
          (reasons.skipped.busy ?? 0) +
          (reasons.skipped.budget ?? 0),
        synced: facts.dryRun ? 0 : counts.acted,
        failed: counts.failed,
        skipped: counts.skipped,
      },
      // Folders that the server counts otherwise than the store, and both numbers.
      incomplete: {
        folders: count('incomplete_folders'),
        exists: count('incomplete_exists'),
        stored: count('incomplete_stored'),
      },
      messages: {
        new: count('new'),
        updated: count('updated'),
        removed: count('removed'),
        quarantined: count('quarantined'),
        announced: count('announced'),
        stored: count('stored'),
      },
    };
  },
};

/** There is no time left for a mailbox. */
class OutOfTime extends Error {}

async function syncOne(
  mailbox: Integration,
  shared: Shared,
  context: RunContext,
): Promise<ActResult<Reason>> {
  const signals = followupSignals(context, { runId: context.runId, by: null });
  try {
    return toResult(await syncInTurn(mailbox, context, turnOf(mailbox, shared, context), signals), context);
  } catch (error) {
    if (error instanceof OutOfTime) return { outcome: 'skipped', reason: 'budget', isUnfinished: true };
    if (error instanceof Overtaken) return { outcome: 'skipped', reason: 'busy', isUnfinished: true };
    throw error;
  }
}

/** A mailbox's turn: the rest of the run's time is divided among the waiting mailboxes. */
function turnOf({ host }: Integration, shared: Shared, context: RunContext): MailboxTurn {
  return {
    take: async (work) =>
      await shared.gate.through(host, async () => {
        const left = context.leftMs();
        const share = (left * CONNECTIONS) / Math.max(1, shared.waiting);
        shared.waiting -= 1;
        if (left < LEAST_MS) throw new OutOfTime();
        return await work(Math.min(left, Math.max(LEAST_SLICE_MS, share)));
      }),
    folders: (mailbox) => shared.folders.of(mailbox),
    update: (ref, fields) => shared.updates.update(ref, fields),
  };
}

function toResult(result: MailboxResult, { tally }: RunContext): ActResult<Reason> {
  for (const name of ['new', 'updated', 'removed', 'quarantined', 'announced', 'stored'] as const)
    tally[name] = (tally[name] ?? 0) + result.tally[name];
  const add = (name: string, count: number) => {
    tally[name] = (tally[name] ?? 0) + count;
  };
  for (const { exists, stored } of result.tally.gaps) {
    add('incomplete_folders', 1);
    add('incomplete_exists', exists ?? 0);
    add('incomplete_stored', stored);
  }
  // It has its next attempt, in its own document.
  if (result.failure) return { outcome: 'failed', reason: result.failure.kind, retry: false };
  return { outcome: 'acted' };
}

function message({ outcome, dryRun, counts, dispatched, tally }: ReplyFacts<object>): string {
  if (dryRun) return `Would synchronise ${counts.acted} mailboxes`;
  if (outcome === 'dispatched')
    return `Synchronisation inbox confiée à Cloud Tasks en ${dispatched?.batches ?? 0} lot(s)`;
  if (outcome === 'failed') return 'La synchronisation inbox a échoué';
  if (outcome === 'partial') return `Synchronisation inbox terminée avec ${counts.failed} échec(s)`;
  const incomplete = tally['incomplete_folders'] ?? 0;
  if (incomplete > 0)
    return `Synchronisation inbox incomplète : ${incomplete} dossier(s), ${tally['incomplete_exists']} message(s) sur le serveur, ${tally['incomplete_stored']} enregistré(s)`;
  return 'Synchronisation inbox terminée avec succès';
}
