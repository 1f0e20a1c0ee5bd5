import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { DEFAULT_STALE_MINUTES, MAX_STALE_MINUTES } from '../../shared/domains/presence/limits.ts';
import {
  flaggedOnline,
  putOffline,
  type Seen,
  seenSince,
  seeUsers,
} from '../../shared/domains/presence/offline.ts';
import { streamQuery } from '../../shared/doors/store/firestore.ts';
import { integerParam } from '../../shared/runtime/params.ts';
import type { ActResult, ReplyFacts, Task } from '../../shared/runtime/task.ts';

const params = { minutes: integerParam(1, MAX_STALE_MINUTES).default(DEFAULT_STALE_MINUTES) };

interface Flagged {
  id: string;
  document: QueryDocumentSnapshot;
}

type Reason = 'stale' | 'recent' | 'alive_meanwhile' | 'already_offline';

interface Types {
  params: typeof params;
  candidate: Flagged;
  /** Users without a sign of life since this instant are stale (epoch milliseconds). */
  run: { staleBefore: number };
  facts: ReadonlyMap<string, Seen>;
  reason: Reason;
  plan: Seen;
}

/**
 * Puts stale users offline.
 *
 * - A user is stale if flagged online and without a sign of life (ping, login, document) in the last `minutes`.
 * - The key in Redis goes only if it is still that old. The document changes only if it is as it was read.
 * - So a ping in between wins, and nothing happens twice.
 * - If Redis is away, the run fails and changes nothing.
 */
export const cleanStaleSessions: Task<Types> = {
  name: 'clean-stale-sessions',
  route: '/v1/presence/clean-stale-sessions',
  methods: ['POST'],
  params,
  language: 'en',
  onOverlap: 'skip',
  budgetSeconds: 120,
  batchSize: 500,
  concurrency: 4,

  // A sign of life at this very instant is exactly `minutes` old, and stale.
  open: async ({ now }, { minutes }) => ({ staleBefore: now.getTime() - minutes * 60_000 + 1 }),

  async *find(_run, { store, leftMs }) {
    for await (const document of streamQuery(flaggedOnline(store), { leftMs }))
      yield { id: document.id, document };
  },

  async gather(batch, _run, context) {
    const seen = await seeUsers(context, batch, context.now);
    return new Map(seen.map((user) => [user.id, user]));
  },

  decide({ id, document }, { facts, run: { staleBefore } }) {
    const seen = facts.get(id);
    if (!seen) throw new Error(`The user ${id} was not gathered; this is a fault of the task.`);
    const note = { name: document.get('display_name') ?? document.get('email') ?? null };
    return seenSince(seen, staleBefore)
      ? { act: false, reason: 'recent', note }
      : { act: true, reason: 'stale', note, plan: seen };
  },

  async act(decided, { staleBefore: before }, context) {
    const seen = decided.map(({ plan }) => plan);
    const results = await putOffline(context, seen, { before, loggedOut: null });
    return results.map((result): ActResult<Reason> => {
      if (result === 'offline') return { outcome: 'acted' };
      if (result === 'alive') return { outcome: 'skipped', reason: 'alive_meanwhile' };
      if (result === 'already') return { outcome: 'skipped', reason: 'already_offline' };
      const code = (result as { code?: unknown }).code ?? result.message;
      return { outcome: 'failed', reason: `store_${String(code)}`, retry: true };
    });
  },

  reply(facts) {
    const { dryRun, outcome, params: of, counts } = facts;
    return {
      success: outcome !== 'failed',
      message: message(facts),
      stale_count: counts.acted + counts.failed,
      cleaned_count: dryRun ? 0 : counts.acted,
      minutes: of.minutes,
    };
  },
};

function message({ outcome, dryRun, counts }: ReplyFacts<object>): string {
  if (dryRun) return `Would clean ${counts.acted} stale sessions`;
  if (outcome === 'failed') return `Failed after cleaning ${counts.acted} stale sessions`;
  if (outcome === 'partial')
    return `Cleaned ${counts.acted} stale sessions, terminée avec ${counts.failed} échec(s)`;
  return `Cleaned ${counts.acted} stale sessions`;
}
