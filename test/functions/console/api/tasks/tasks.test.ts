import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tasks } from '../../../../../functions/tasks.ts';
import { CONSOLE_ACCOUNT } from '../../../../../infra/local/environment.ts';
import { type ConsoleWorld, startConsoleWorld, storedRun } from '../../../../support/console.ts';
import { clear, dump, NOW, seed, visit } from '../../../../support/world.ts';

const VISITS = 'close-inactive-visits';
let console_: ConsoleWorld;

beforeAll(async () => {
  console_ = await startConsoleWorld();
});
afterAll(() => console_?.stop());
beforeEach(async () => {
  const { world } = console_;
  world.clock.set(NOW);
  world.reconfigure(console_.environment);
  for (const collection of ['task_runs', 'page_visits', 'users']) await clear(world.store, collection);
});

const call: ConsoleWorld['call'] = (...given) => console_.call(...given);
/** Returns the Firestore reads of the last call to the admin API, from its log line. */
const reads = () =>
  console_.world.logs
    .map((line) => JSON.parse(line) as { message: string; cost?: { firestore_reads: number } })
    .findLast(({ message }) => / by (admin|operator)$/.test(message))?.cost?.firestore_reads;

/** Runs of each task, one a minute. */
async function fill(perTask: number, names = tasks.map(({ name }) => name)) {
  const runs = names.flatMap((name) =>
    Array.from({ length: perTask }, (_, index): [string, object] => [
      `${name}!${String(index).padStart(5, '0')}`,
      storedRun(name, index + 1, index % 10 === 0 ? { outcome: 'failed', error: 'Error: planted' } : {}),
    ]),
  );
  await seed(console_.world.store, 'task_runs', new Map(runs));
}

describe('the tasks', () => {
  it('are listed with their last runs, newest first, and their next occurrence', async () => {
    await fill(3);
    const { status, body } = await call('GET', '/v1/admin/tasks');
    expect(status).toBe(200);
    expect(body.items.map((item: { id: string }) => item.id)).toEqual(tasks.map(({ name }) => name));
    const item = body.items.find((one: { id: string }) => one.id === VISITS);
    expect(item).toMatchObject({
      schedule: '*/15 * * * *',
      time_zone: 'Etc/UTC',
      next_occurrence: '2026-03-04T10:15:00.000Z',
      paused: false,
      last_run: { id: `${VISITS}!00000`, outcome: 'failed', error: 'Error: planted', usd: 0.0000043 },
    });
    expect(item.last_runs.map(({ id }: { id: string }) => id)).toEqual(
      ['00000', '00001', '00002'].map((id) => `${VISITS}!${id}`),
    );
  });

  it('cost a read per run in the answer, however many are stored', async () => {
    await fill(120);
    await call('GET', '/v1/admin/tasks');
    // One more for the pauses.
    expect(reads()).toBe(50 * tasks.length + 1);
    const { body } = await call('GET', '/v1/admin/tasks?runs=5');
    expect(reads()).toBe(5 * tasks.length + 1);
    expect(body.items[0].last_runs).toHaveLength(5);
    for (const runs of ['0', '51', 'many', '5&runs=6'])
      expect((await call('GET', `/v1/admin/tasks?runs=${runs}`)).status).toBe(400);
  });

  it('are listed from the schedule file if Cloud Scheduler does not answer', async () => {
    await fill(1);
    console_.world.reconfigure({ ...console_.environment, RONDE_SCHEDULER: 'http://127.0.0.1:9' });
    const { status, body } = await call('GET', '/v1/admin/tasks');
    expect([status, body.scheduler_answers]).toEqual([200, false]);
    expect(body.items[0]).toMatchObject({
      ...{ id: VISITS, schedule: '*/15 * * * *', time_zone: 'Etc/UTC' },
      next_occurrence: '2026-03-04T10:15:00.000Z',
      paused: null,
      last_run: { outcome: 'failed' },
    });
    const refused = await call('POST', `/v1/admin/tasks/${VISITS}/pause`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
  });
});

describe('pausing and resuming', () => {
  it('act on the job of Cloud Scheduler, and twice has the effect of once', async () => {
    const job = () => console_.scheduler.jobs().find(({ name }) => name.endsWith(`/${VISITS}`));
    for (const action of ['pause', 'pause', 'resume', 'resume'] as const) {
      const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/${action}`, {});
      expect([status, body.id, body.paused]).toEqual([200, VISITS, action === 'pause']);
      expect(body.next_occurrence).toBe(action === 'pause' ? null : '2026-03-04T10:15:00.000Z');
      expect(job()?.state).toBe(action === 'pause' ? 'PAUSED' : 'ENABLED');
      // watch-runs reads it there.
      const { paused } = (await console_.world.store.doc('settings/watch').get()).data() ?? {};
      expect(paused).toEqual(action === 'pause' ? { [VISITS]: true } : {});
    }
  });

  it('of an unknown task is 404 with the names of the tasks', async () => {
    for (const action of ['pause', 'resume', 'run']) {
      const { status, body } = await call('POST', `/v1/admin/tasks/nothing/${action}`, {});
      expect(status).toBe(404);
      expect(body.error.message).toContain(VISITS);
    }
  });
});

describe('running a task', () => {
  const plant = () =>
    seed(
      console_.world.store,
      'page_visits',
      new Map<string, object>([
        ['old', visit(90, 60)],
        ['fresh', visit(45, 5)],
      ]),
    );

  it('dry shows each candidate with its reason and leaves both stores as they were', async () => {
    await plant();
    const before = await dump(console_.world.store, console_.world.redis);
    const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, { dry_run: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({ dry_run: true, outcome: 'succeeded', would_close_count: 1 });
    expect(body.candidates).toEqual(
      expect.arrayContaining([
        { id: 'old', decision: 'act', reason: 'timeout', path: '/repairs', user_id: 'usertest1' },
        { id: 'fresh', decision: 'skip', reason: 'still_active', path: '/repairs', user_id: 'usertest1' },
      ]),
    );
    expect(await dump(console_.world.store, console_.world.redis)).toBe(before);
  });

  it('for real is done by the console in the name of the caller, as its record shows', async () => {
    await plant();
    const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, {
      params: { inactivity_minutes: 30 },
    });
    expect([status, body.outcome, body.closed_count]).toEqual([200, 'succeeded', 1]);
    const run = await call('GET', `/v1/admin/runs/${encodeURIComponent(body.run_id)}`);
    expect(run.body).toMatchObject({
      id: body.run_id,
      trigger: 'service',
      requested_by: 'admintest1',
      outcome: 'succeeded',
      counts: { candidates: 2, acted: 1, skipped: 1, failed: 0 },
      skipped: { still_active: 1 },
      params: { inactivity_minutes: 30, budget_seconds: 50 },
    });
  });

  it('takes dry_run from params as it is, and never twice', async () => {
    await plant();
    const before = await dump(console_.world.store, console_.world.redis);
    for (const dry_run of [true, 'true']) {
      const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, { params: { dry_run } });
      expect(status).toBe(200);
      expect(body).toMatchObject({ dry_run: true, closed_count: 0, would_close_count: 1 });
    }
    const twice = { dry_run: false, params: { dry_run: true } };
    const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, twice);
    expect(status).toBe(400);
    expect(body.error.message).toContain('dry_run is in both');
    expect(await dump(console_.world.store, console_.world.redis)).toBe(before);
  });

  it.each(['abc', -100, 0, 100_000])(
    'answers 400, as the task does, to a budget of %j',
    async (budget_seconds) => {
      const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, {
        params: { budget_seconds },
      });
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain('budget_seconds');
    },
  );

  it("keeps the task's own checks of its parameters", async () => {
    const wrong = await call('POST', `/v1/admin/tasks/${VISITS}/run`, { params: { inactivity_minutes: 0 } });
    expect(wrong.status).toBe(400);
    expect(wrong.body.error.message).toContain('inactivity_minutes');
    const force = await call('POST', `/v1/admin/tasks/${VISITS}/run`, { force: true });
    expect(force.status).toBe(400);
    const unknown = await call('POST', `/v1/admin/tasks/${VISITS}/run`, { dryrun: true });
    expect(unknown.status).toBe(400);
  });

  it('is 503 if the task does not accept the console', async () => {
    console_.world.reconfigure({ ...console_.environment, SERVICE_ACCOUNTS: 'other@example.test' });
    const { status, body } = await call('POST', `/v1/admin/tasks/${VISITS}/run`, {});
    expect(status).toBe(503);
    expect(body.error.message).toContain('SERVICE_ACCOUNTS');
    console_.world.reconfigure({ ...console_.environment, RONDE_METADATA: 'http://127.0.0.1:9' });
    expect((await call('POST', `/v1/admin/tasks/${VISITS}/run`, {})).status).toBe(503);
  });

  it('takes the name of the caller from services only', async () => {
    const { world } = console_;
    const asked = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}`, 'X-Ronde-Requested-By': 'somebody%20else' };
      const { body } = await world.post(tasks[0]?.route ?? '', { headers, body: {} });
      return (await world.store.doc(`task_runs/${body.run_id}`).get()).get('requested_by');
    };
    expect(await asked(await world.issuer.userToken('admintest1'))).toBe('admintest1');
    const service = { email: CONSOLE_ACCOUNT, audience: world.url };
    expect(await asked(await world.issuer.googleToken(service))).toBe('somebody else');
  });
});

describe('the ledger', () => {
  it('is paged newest first, each run once, though many began in the same instant', async () => {
    const same = Array.from({ length: 25 }, (_, index): [string, object] => [
      `${VISITS}!same-${String(index).padStart(2, '0')}`,
      storedRun(VISITS, 5),
    ]);
    await seed(console_.world.store, 'task_runs', new Map(same));
    await fill(20, [VISITS]);
    const seen: string[] = [];
    let page = '';
    do {
      const { body } = await call('GET', `/v1/admin/runs?limit=10${page}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      page = body.next_page ? `&page=${body.next_page}` : '';
      expect(reads()).toBeLessThanOrEqual(11);
    } while (page);
    expect(seen).toHaveLength(45);
    expect(new Set(seen).size).toBe(45);
  });

  it('is narrowed by task, by outcome and by both', async () => {
    await fill(20, [VISITS, 'test-presence']);
    await seed(
      console_.world.store,
      'task_runs',
      new Map([['open', storedRun(VISITS, 0, { outcome: null })]]),
    );
    const ids = async (query: string) =>
      (await call('GET', `/v1/admin/runs?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await ids(`task=${VISITS}&limit=100`)).toHaveLength(21);
    expect(await ids('outcome=failed')).toHaveLength(4);
    expect(await ids(`task=${VISITS}&outcome=failed`)).toEqual([`${VISITS}!00000`, `${VISITS}!00010`]);
    expect(await ids('outcome=running')).toEqual(['open']);
    expect(await ids('task=nothing')).toEqual([]);
  });

  it.each(['outcome=odd', 'limit=0', 'limit=501', 'page=xyz', 'page=YWJj', 'since=2020', 'task='])(
    'refuses %s with the rule',
    async (query) => {
      const { status, body } = await call('GET', `/v1/admin/runs?${query}`);
      expect([status, body.error.code]).toEqual([400, 'invalid_argument']);
    },
  );

  it('returns a run as JSON with times in ISO 8601; an unknown run is 404', async () => {
    await fill(1, [VISITS]);
    const { body } = await call('GET', `/v1/admin/runs/${encodeURIComponent(`${VISITS}!00000`)}`);
    expect(body).toMatchObject({ started_at: '2026-03-04T09:59:00.000Z', error: 'Error: planted' });
    expect(reads()).toBe(1);
    expect((await call('GET', '/v1/admin/runs/nothing')).status).toBe(404);
  });
});

it('users are listed to choose recipients from, in pages', async () => {
  const { store } = console_.world;
  const people = ['anna', 'bruno', 'chiara'].map((id): [string, object] => [
    id,
    { email: `${id}@example.test` },
  ]);
  await seed(store, 'users', new Map(people));
  const first = await call('GET', '/v1/admin/users?limit=2');
  expect(first.body.items).toEqual([
    { id: 'anna', email: 'anna@example.test', display_name: null, role: null },
    { id: 'bruno', email: 'bruno@example.test', display_name: null, role: null },
  ]);
  const rest = await call('GET', `/v1/admin/users?limit=2&page=${first.body.next_page}`);
  expect([rest.body.items.length, rest.body.next_page]).toEqual([1, null]);
});
