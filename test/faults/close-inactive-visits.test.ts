import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions } from '../../infra/build.ts';
import { clear, seed, startWorld, type World } from '../support/world.ts';
import { startFunction } from './function-process.ts';
import { faultRuns, seededRandom } from './random.ts';

const NAME = 'close-inactive-visits';
const VISITS = 5_000;
const { runs, seed: firstSeed } = faultRuns(3);
const out = `.local/faults-${process.pid}`;
let world: World;

beforeAll(async () => {
  await buildFunctions({ only: [NAME], out });
  world = await startWorld();
});
afterAll(async () => {
  rmSync(out, { recursive: true, force: true });
  await world.stop();
});

const visits = () => world.store.collection('page_visits');

/** The function process reads the machine's clock, so these visits are years old. */
function staleVisits(): Map<string, object> {
  const at = (index: number) => Timestamp.fromMillis(Date.UTC(2024, 0, 1) + index * 1000);
  return new Map(
    Array.from({ length: VISITS }, (_, index) => [
      `visit-${index}`,
      {
        user_id: 'usertest1',
        path: '/',
        start_time: at(index),
        last_activity_at: at(index + 90),
        end_time: null,
      },
    ]),
  );
}

async function call(url: string) {
  const response = await fetch(url, { method: 'POST', headers: { 'X-Cron-Secret': world.secret } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function closed(): Promise<Map<string, string>> {
  const { docs } = await visits().where('end_time', '!=', null).get();
  return new Map(docs.map((doc) => [doc.id, doc.updateTime.valueOf()]));
}

/** How many visits bear the instant of this run; a commit that was on its way when its process died bears another. */
async function closedBy(runId: string): Promise<number> {
  const startedAt = (await world.store.doc(`task_runs/${runId}`).get()).get('started_at');
  return (await visits().where('closed_at', '==', startedAt).count().get()).data().count;
}

/** Nobody waits for the lease's 30 seconds: its time is moved by hand. */
const expireLease = () => world.redis.del(`lease:${NAME}`);

describe(`a ${VISITS}-visit run that is killed, ${runs} time(s) from seed ${firstSeed}`, () => {
  it.each(Array.from({ length: runs }, (_, index) => firstSeed + index))(
    'loses nothing and closes nothing twice (seed %i)',
    async (runSeed) => {
      await clear(world.store, 'task_runs');
      await seed(world.store, 'page_visits', staleVisits());
      const first = await startFunction(NAME, out, world.environment);
      const answer = call(first.url).catch(() => null);
      await delay(seededRandom(runSeed)() * 1500);
      await first.kill();
      const finished = await answer;
      const before = await closed();
      await expireLease();

      const second = await startFunction(NAME, out, world.environment);
      const { status, body } = await call(second.url);
      await second.kill();
      const after = await closed();
      expect(status).toBe(200);
      expect(after.size).toBe(VISITS);
      expect(body.closed_count).toBe(await closedBy(String(body.run_id)));
      for (const [id, updateTime] of before) expect(after.get(id)).toBe(updateTime);
      const outcomes = (await world.store.collection('task_runs').get()).docs.map((doc) =>
        doc.get('outcome'),
      );
      const own = body.closed_count === 0 ? 'nothing_to_do' : 'succeeded';
      expect(body.outcome).toBe(own);
      expect(outcomes.toSorted()).toEqual(
        finished || outcomes.length === 1 ? outcomes.toSorted() : ['abandoned', own].toSorted(),
      );
      expect(outcomes).not.toContain(null);
      await clear(world.store, 'page_visits');
    },
  );
});
