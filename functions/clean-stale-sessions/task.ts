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

interface Params {
  minutes: number;
}

interface Flagged {
  id: string;
  document: QueryDocumentSnapshot;
}

type Facts = ReadonlyMap<string, Seen>;
type Reason = 'stale' | 'recent' | 'alive_meanwhile';

/**
 * Puts users offline who are flagged online and silent.
 *
 * Stale: flagged online, and the last sign of life (ping, login, or what the document says) is at least `minutes` old, or
 * there is none. The key in Redis goes only if it is still that old, the document is written only if it is as it was read:
 * a ping that comes in between wins. Nothing may happen twice. With Redis away nobody can be judged: the run fails and
 * changes nothing.
 */
export const cleanStaleSessions: Task<typeof params, Flagged, Facts, Reason> = {
  name: 'clean-stale-sessions',
  route: '/v1/presence/clean-stale-sessions',
  methods: ['POST'],
  params,
  onOverlap: 'skip',
  budgetSeconds: 120,
  batchSize: 500,
  concurrency: 4,

  async *find({ store, meter, leftMs }) {
    for await (const document of streamQuery(flaggedOnline(store), meter, { leftMs }))
      yield { id: document.id, document };
  },

  async gather(batch, context) {
    const seen = await seeUsers(context, batch, context.now);
    return new Map(seen.map((user) => [user.id, user]));
  },

  decide({ id }, facts, { minutes }, now) {
    const recent = seenSince(facts.get(id) ?? { sign: null }, staleBefore(now, minutes));
    return recent ? { act: false, reason: 'recent' } : { act: true, reason: 'stale' };
  },

  async act(batch, facts, { minutes }, context) {
    const seen = batch.flatMap(({ id }) => facts.get(id) ?? []);
    const before = staleBefore(context.now, minutes);
    const results = await putOffline(context, seen, { before, loggedOut: null });
    return results.map((result): ActResult<Reason> => {
      if (result === 'offline') return { outcome: 'acted' };
      if (result === 'alive') return { outcome: 'skipped', reason: 'alive_meanwhile' };
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

/** A sign of life before this instant (epoch milliseconds) is at least so many minutes old. */
const staleBefore = (now: Date, minutes: number) => now.getTime() - minutes * 60_000 + 1;

function message({ outcome, dryRun, counts }: ReplyFacts<Params>): string {
  if (outcome === 'skipped_overlap') return 'Skipped: another run is cleaning stale sessions';
  if (outcome === 'deduplicated') return 'Deduplicated: this occurrence has been done';
  if (dryRun) return `Would clean ${counts.acted} stale sessions`;
  if (outcome === 'failed') return `Failed after cleaning ${counts.acted} stale sessions`;
  if (outcome === 'partial')
    return `Cleaned ${counts.acted} stale sessions, terminée avec ${counts.failed} échec(s)`;
  return `Cleaned ${counts.acted} stale sessions`;
}
