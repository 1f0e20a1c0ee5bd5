import { randomUUID } from 'node:crypto';
import { type DocumentData, Timestamp } from '@google-cloud/firestore';
import { systemClock } from '../../shared/doors/clock.ts';
import { seed } from '../support/documents.ts';
import { startFunction } from './function-process.ts';
import type { DeliveryAnswer } from './harness/delivery.ts';
import { readLedger } from './harness/ledger.ts';
import { type FaultCase, refuse } from './harness/plan.ts';
import type { FaultStage } from './harness/stage.ts';
import { taskPlan } from './harness/task-plan.ts';
import { sendVisit } from './harness/visit-call.ts';

const NAME = 'close-inactive-visits';
const MINUTE_MS = 60_000;
const HEARTBEATS = 200;
const visits = (stage: FaultStage) => stage.store().collection('page_visits');

/** Returns an open visit whose last activity was `silentMs` before an instant. */
function openVisit(now: Date, silentMs: number): DocumentData {
  const lastSign = now.getTime() - silentMs;
  return {
    user_id: 'usertest1',
    session_id: 'tab-1',
    path: '/',
    start_time: Timestamp.fromMillis(lastSign - 90_000),
    last_activity_at: Timestamp.fromMillis(lastSign),
    end_time: null,
  };
}

/** Requires that each run counted the visits it closed: their instant is that of the run. */
async function countedIsWritten(stage: FaultStage, closedAt: readonly number[]): Promise<string[]> {
  const counted = new Map<number, number>();
  for (const { startedAt, counts } of await readLedger(stage, NAME))
    counted.set(startedAt, (counted.get(startedAt) ?? 0) + (counts?.acted ?? 0));
  return [...counted].flatMap(([at, count]) => {
    const written = closedAt.filter((instant) => instant === at).length;
    if (count <= written) return [];
    return [`counted: ${count} at ${new Date(at).toISOString()}, and ${written} were closed`];
  });
}

/** Requires that a reply and the run's record agree on the number of closed visits. */
function wrongReplies(answers: readonly DeliveryAnswer[]): string[] {
  return answers
    .filter(({ body, counts }) => counts !== null && body.closed_count !== counts.acted)
    .map(
      ({ runId, body, counts }) =>
        `answer: ${runId} says ${body.closed_count} closed, and counted ${counts?.acted}`,
    );
}

/** Requires that every closed visit ended at its last activity. */
async function violations(stage: FaultStage, answers: readonly DeliveryAnswer[]): Promise<string[]> {
  const fields = ['closed_at', 'end_time', 'last_activity_at'];
  const { docs } = await visits(stage)
    .where('closed_at', '!=', null)
    .select(...fields)
    .get();
  const wrongEnds = docs
    .filter((doc) => !(doc.get('end_time') as Timestamp).isEqual(doc.get('last_activity_at')))
    .map((doc) => `wrong: ${doc.id} ended at another instant than its last sign of life`);
  const closedAt = docs.map((doc) => (doc.get('closed_at') as Timestamp).toMillis());
  return [...wrongReplies(answers), ...wrongEnds, ...(await countedIsWritten(stage, closedAt))];
}

/** Races heartbeats against a sweep. An acknowledged heartbeat must hold, whichever came first. */
const heartbeats: FaultCase = {
  name: 'heartbeats',
  claim: `every acknowledged heartbeat of ${HEARTBEATS} that race a sweep holds`,
  runs: { sample: 1, full: 20 },
  async once({ stage, bundles, random }) {
    await stage.reset();
    const now = systemClock();
    const ids = Array.from({ length: HEARTBEATS }, () => randomUUID());
    await seed(stage.store(), 'page_visits', new Map(ids.map((id) => [id, openVisit(now, 31 * MINUTE_MS)])));
    const token = await stage.issuer.userToken('usertest1');
    const start = (name: string) => startFunction(name, bundles, stage.environment);
    const [sweep, api] = await Promise.all([start(NAME), start('visits')]);
    try {
      const beat = (id: string) => sendVisit(api.url, `/${id}/heartbeat`, token, {});
      const proof = { method: 'POST', headers: { 'X-Cron-Secret': stage.secret } };
      // Both processes are warm, so that they race: the sweep starts after a seeded part of the heartbeats.
      await Promise.all([beat(randomUUID()), fetch(`${sweep.url}/?dry_run=true`, proof)]);
      const early = Math.floor(random() * HEARTBEATS);
      const first = ids.slice(0, early).map(beat);
      const swept = fetch(sweep.url, proof);
      const statuses = await Promise.all([...first, ...ids.slice(early).map(beat)]);
      await swept;
      refuse(await takenBack(stage, ids, statuses, now));
      return { heartbeats: HEARTBEATS, 'closed first': statuses.filter((status) => status === 409).length };
    } finally {
      await Promise.all([sweep.kill(), api.kill()]);
    }
  },
};

async function takenBack(
  stage: FaultStage,
  ids: readonly string[],
  statuses: readonly (number | null)[],
  sentAfter: Date,
): Promise<string[]> {
  const violations: string[] = [];
  const docs = await stage.store().getAll(...ids.map((id) => visits(stage).doc(id)));
  for (const [index, doc] of docs.entries()) {
    const status = statuses[index];
    const open = doc.get('end_time') === null;
    const moved = (doc.get('last_activity_at') as Timestamp).toMillis() >= sentAfter.getTime();
    if (status !== 200 && status !== 409) violations.push(`answer: ${status} for a heartbeat`);
    else if (open !== (status === 200) || moved !== open)
      violations.push(`lost: the heartbeat of ${doc.id} was answered ${status}, open is ${open}`);
  }
  return violations;
}

/** Faults while open visits are closed: 5,000 visits are ten batches, four of them in flight at a time. */
export const plan = taskPlan(
  {
    name: NAME,
    items: { sample: 3_000, full: 5_000 },
    async seed(stage, { items, now, random }) {
      // Silent for 40 minutes to 30 days, beside visits that another back end closed and visits of another month.
      const stale = Array.from({ length: items }, (_, index): [string, DocumentData] => [
        `stale-${index}`,
        openVisit(now, (40 + Math.floor(random() * 43_160)) * MINUTE_MS),
      ]);
      const others = [...Array(50).keys()].flatMap((index): [string, DocumentData][] => {
        const closed = openVisit(now, 60 * MINUTE_MS);
        return [
          [`closed-${index}`, { ...closed, end_time: closed.last_activity_at }],
          [`later-${index}`, openVisit(now, -30 * 24 * 60 * MINUTE_MS)],
        ];
      });
      await seed(stage.store(), 'page_visits', new Map([...stale, ...others]));
      return stale.map(([id]) => id);
    },
    async effects(stage) {
      const { docs } = await visits(stage).where('closed_at', '!=', null).select().get();
      return new Map(docs.map((doc) => [doc.id, doc.updateTime.valueOf()]));
    },
    violations,
  },
  { functions: ['visits'], cases: [heartbeats] },
);
