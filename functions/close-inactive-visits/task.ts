import {
  closingFields,
  DEFAULT_INACTIVITY_MINUTES,
  decideClose,
  type OpenVisit,
  openVisitsStartedBefore,
  type SweepReason,
  toOpenVisit,
} from '../../shared/domains/visits/close.ts';
import { streamQuery } from '../../shared/doors/store/firestore.ts';
import { updateUnchanged } from '../../shared/doors/store/update-unchanged.ts';
import { integerParam } from '../../shared/runtime/params.ts';
import type { ActResult, Note, ReplyFacts, Task } from '../../shared/runtime/task.ts';

const params = { inactivity_minutes: integerParam(1, 1440).default(DEFAULT_INACTIVITY_MINUTES) };

interface Types {
  params: typeof params;
  candidate: OpenVisit;
  run: undefined;
  facts: undefined;
  reason: SweepReason;
  /** The fields that close the visit. */
  plan: Record<string, unknown>;
}

/**
 * Closes page visits that were left open.
 *
 * - A visit closes if it is open and its last sign of life (else its start) is more than `inactivity_minutes` old.
 * - `end_time` is that last sign of life, so neither the time nor the frequency of the runs shows in the data.
 * - A visit closes only if it is as it was read: a heartbeat in between wins, so no visit ends before an acknowledged one.
 * - A killed run leaves the rest for the next one, and nothing happens twice.
 */
export const closeInactiveVisits: Task<Types> = {
  name: 'close-inactive-visits',
  route: '/api/v1/monitoring/close-inactive-visits',
  methods: ['POST'],
  params,
  language: 'en',
  onOverlap: 'skip',
  budgetSeconds: 120,
  batchSize: 500,
  concurrency: 4,

  async *find(_run, { store, now, leftMs }, { inactivity_minutes }) {
    const cutoff = new Date(now.getTime() - inactivity_minutes * 60_000);
    for await (const snapshot of streamQuery(openVisitsStartedBefore(store, cutoff), { leftMs }))
      yield toOpenVisit(snapshot);
  },

  decide(visit, { params: { inactivity_minutes }, now }) {
    const decision = { ...decideClose(visit, inactivity_minutes, now), note: noteOf(visit) };
    if (!decision.act) return decision;
    const { startTime, lastActivityAt: endTime, lastSign } = visit;
    return { ...decision, plan: closingFields({ startTime, endTime, lastSign }, decision.reason, now) };
  },

  async act(decided, _run, { store }) {
    const updates = decided.map(({ candidate: { snapshot }, plan: fields }) => ({ snapshot, fields }));
    const results = await updateUnchanged(store, updates);
    return results.map((result): ActResult<SweepReason> => {
      if (result === 'updated') return { outcome: 'acted' };
      if (result === 'changed') return { outcome: 'skipped', reason: 'changed_meanwhile' };
      return {
        outcome: 'failed',
        reason: `store_${String((result as { code?: unknown }).code ?? result.name)}`,
        retry: true,
      };
    });
  },

  reply(facts) {
    const { dryRun, params, counts } = facts;
    return {
      message: message(facts),
      closed_count: dryRun ? 0 : counts.acted,
      ...(dryRun ? { would_close_count: counts.acted } : {}),
      inactivity_minutes: params.inactivity_minutes,
    };
  },
};

/** Says which page a visit was of, and whose it was. */
function noteOf({ snapshot }: OpenVisit): Note {
  return { path: snapshot.get('path') ?? null, user_id: snapshot.get('user_id') ?? null };
}

function message({ outcome, dryRun, counts }: ReplyFacts<object>): string {
  if (outcome === 'failed') return `Failed after closing ${dryRun ? 0 : counts.acted} inactive page visits`;
  if (outcome === 'partial')
    return `Closed ${counts.acted} inactive page visits, terminée avec ${counts.failed} échec(s)`;
  return dryRun
    ? `Would close ${counts.acted} inactive page visits`
    : `Closed ${counts.acted} inactive page visits`;
}
