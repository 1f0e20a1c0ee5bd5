import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../../infra/scheduler/apply.ts';
import type { ScheduledJob } from '../../../infra/scheduler/parse.ts';
import { hasDrift, type PlannedJob } from '../../../infra/scheduler/plan.ts';
import {
  anyFile,
  openService,
  SECRET,
  type Service,
  scheduled,
  startService,
  wanted,
} from './scheduler-service.ts';

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => scheduled(name));

/** Requests that change something, since the last call of this. */
function writes(): string[] {
  return service.requests.splice(0).filter((request) => !request.startsWith('GET'));
}

describe('the plan', () => {
  it('creates missing jobs, and is empty right after apply', async () => {
    const jobs = wanted(scheduled('a'), scheduled('b', { paused: true }), scheduled('c', { method: 'GET' }));
    expect((await service.plan(jobs)).map(({ kind }) => kind)).toEqual(['create', 'create', 'create']);
    const results = await service.apply(jobs);
    expect(results.map(({ done, error }) => [...done, error])).toEqual([
      ['create', null],
      ['create', 'pause', null],
      ['create', null],
    ]);
    expect(writes()).toEqual(['POST', 'POST', 'POST /b:pause', 'POST']);
    expect(hasDrift(await service.plan(jobs))).toBe(false);
    expect(await service.apply(jobs)).toEqual([]);
    expect(writes()).toEqual([]);
  });

  const before = scheduled('a');
  const oidc = { type: 'oidc' as const, audience: 'https://other.example.test' };
  it.each<[string, Partial<ScheduledJob>, string[], string]>([
    ['schedule', { schedule: '0 * * * *' }, ['schedule: */15 * * * * -> 0 * * * *'], 'schedule'],
    ['time zone', { time_zone: 'Europe/Paris' }, ['time_zone: Etc/UTC -> Europe/Paris'], 'time_zone'],
    ['deadline', { attempt_deadline: 240 }, ['attempt_deadline: 180s -> 240s'], 'attempt_deadline'],
    [
      'route',
      { route: '/v1/z' },
      [expect.stringMatching(/^http_target.uri: .*\/v1\/a -> .*\/v1\/z$/)],
      'http_target.uri',
    ],
    ['parameter', { params: { minutes: 31 } }, ['http_target.body.minutes: 30 -> 31'], 'http_target.body'],
    [
      'new parameter',
      { params: { minutes: 30, force: true } },
      ['http_target.body.force: (none) -> true'],
      'http_target.body',
    ],
    ['budget', { budget_seconds: 60 }, ['http_target.body.budget_seconds: 120 -> 60'], 'http_target.body'],
    [
      'audience',
      { auth: oidc },
      [expect.stringMatching(/audience: .* -> https:\/\/other/)],
      'http_target.oidc_token.audience',
    ],
    ...(['count', 'min_backoff', 'max_backoff', 'max_doublings', 'max_duration'] as const).map(
      (key): [string, Partial<ScheduledJob>, string[], string] => {
        const path =
          { count: 'retry_count', max_doublings: 'max_doublings', max_duration: 'max_retry_duration' }[
            key as 'count'
          ] ?? `${key}_duration`;
        const retry = { ...before.retry, [key]: before.retry[key] + 2 };
        return [key, { retry }, [expect.stringContaining(`retry_config.${path}: `)], `retry_config.${path}`];
      },
    ),
  ])(
    'names a changed %s and nothing else, and one request corrects it',
    async (_what, changes, fields, mask) => {
      await service.apply(wanted(before));
      const jobs = wanted({ ...before, ...changes });
      const [planned] = await service.plan(jobs);
      expect(planned?.kind).toBe('update');
      expect(planned?.fields.map(({ field, old, new: next }) => `${field}: ${old} -> ${next}`)).toEqual(
        fields,
      );
      writes();
      await service.apply(jobs);
      expect(writes()).toEqual([`PATCH /a ${mask}`]);
      expect(hasDrift(await service.plan(jobs))).toBe(false);
    },
  );

  it('names a changed description, method and kind of proof', async () => {
    await service.apply(wanted(before));
    const jobs = wanted({ ...before, description: 'Other', method: 'GET', auth: { type: 'secret' } });
    const [planned] = await service.plan(jobs);
    expect(planned?.fields.map(({ field }) => field)).toEqual([
      'description',
      'http_target.uri',
      'http_target.http_method',
      'http_target.authentication',
      'http_target.headers.content-type',
      'http_target.headers.x-cron-secret',
      'http_target.body',
    ]);
    writes();
    await service.apply(jobs);
    expect(writes()).toEqual(['PATCH /a description,http_target']);
    expect(hasDrift(await service.plan(jobs))).toBe(false);
  });

  it('pauses before changing a job and resumes it afterwards, in separate calls', async () => {
    await service.apply(wanted(before));
    const paused = wanted({ ...before, paused: true, schedule: '0 * * * *' });
    writes();
    await service.apply(paused);
    expect(writes()).toEqual(['POST /a:pause', 'PATCH /a schedule']);
    expect(
      (await service.plan(wanted({ ...before, schedule: '0 * * * *' }))).map(({ kind }) => kind),
    ).toEqual(['resume']);
    await service.apply(wanted(before));
    expect(writes()).toEqual(['PATCH /a schedule', 'POST /a:resume']);
  });

  it('leaves a job paused that a person paused, and changes the rest of it', async () => {
    await service.apply(wanted(before));
    await service.byHand('POST', '/a:pause');
    const plan = await service.plan(wanted({ ...before, schedule: '0 * * * *' }));
    writes();
    const results = await applyPlan(plan, service.api, { adopt: false });
    expect(results).toMatchObject([{ id: 'a', done: ['update'], left: true, error: null }]);
    expect(writes()).toEqual(['PATCH /a schedule']);
  });

  it('updates a job whose last update failed before it pauses it', async () => {
    const calls: string[] = [];
    const [planned] = await service.plan(wanted({ ...before, paused: true }));
    const failed = {
      ...planned,
      kind: 'update',
      pause: 'pause',
      mask: ['schedule'],
      fields: [{ field: 'state', old: 'UPDATE_FAILED', new: 'ENABLED' }],
    } as PlannedJob;
    const record = (call: string) => async () => void calls.push(call);
    const api = { ...service.api, update: record('update'), pause: record('pause') };
    await applyPlan([failed], api, { adopt: false });
    expect(calls).toEqual(['update', 'pause']);
  });

  it('finds manual changes, pauses and deletions on the service, and corrects exactly these', async () => {
    const jobs = wanted(scheduled('a'), scheduled('b'), scheduled('c'));
    await service.apply(jobs);
    const body = { httpTarget: { headers: { 'X-Extra': 'not-for-anybody' } } };
    expect(await service.byHand('PATCH', '/a?updateMask=httpTarget.headers', body)).toBe(200);
    expect(await service.byHand('POST', '/b:pause', {})).toBe(200);
    expect(await service.byHand('DELETE', '/c')).toBe(200);
    const planned = await service.plan(jobs);
    expect(planned.map(({ id, kind }) => `${kind} ${id}`)).toEqual(['update a', 'resume b', 'create c']);
    expect(JSON.stringify(planned.map(({ fields }) => fields))).not.toContain('not-for-anybody');
    writes();
    await service.apply(jobs);
    expect(writes()).toEqual(['PATCH /a http_target.headers', 'POST /b:resume', 'POST']);
    expect(hasDrift(await service.plan(jobs))).toBe(false);
  });

  it('shows a rename as a new job and a job to prune, and only prune deletes', async () => {
    await service.apply(wanted(scheduled('old'), scheduled('kept')));
    await service.byHand('POST', '', {
      name: 'projects/ronde-plans/locations/europe-west1/jobs/theirs',
      schedule: '* * * * *',
      httpTarget: { uri: 'https://theirs.example.test/' },
    });
    const jobs = wanted(scheduled('new'), scheduled('kept'));
    expect((await service.plan(jobs)).map(({ id, kind }) => `${kind} ${id}`)).toEqual([
      'create new',
      'unchanged kept',
      'delete old',
    ]);
    writes();
    await service.apply(jobs);
    expect(writes()).toEqual(['POST']);
    await service.prune(jobs);
    expect(writes()).toEqual(['DELETE /old']);
    expect(hasDrift(await service.plan(jobs))).toBe(false);
    expect((await service.api.list()).map(({ name }) => name.split('/').at(-1)).sort()).toEqual([
      'kept',
      'new',
      'theirs',
    ]);
  });

  it('takes over a job of the same name only with --adopt, and removes its old token header', async () => {
    const token = `Bearer ${'x'.repeat(40)}`;
    await service.byHand('POST', '', {
      name: 'projects/ronde-plans/locations/europe-west1/jobs/a',
      schedule: '*/15 * * * *',
      httpTarget: { uri: `https://old.example.test/run?secret=${SECRET}`, headers: { Authorization: token } },
    });
    const jobs = wanted(scheduled('a'), scheduled('b'));
    const planned = await service.plan(jobs);
    expect(planned[0]?.kind).toBe('adopt');
    expect(planned[0]?.fields).toContainEqual({
      field: 'http_target.headers.authorization',
      old: '(hidden)',
      new: 'removed',
    });
    expect(JSON.stringify(planned[0]?.fields)).not.toMatch(new RegExp(`${token}|${SECRET}`));
    const refused = await service.apply(jobs);
    expect(refused.map(({ id, done, error }) => [id, done, error === null])).toEqual([
      ['a', [], false],
      ['b', ['create'], true],
    ]);
    await service.apply(jobs, true);
    const [adopted] = await service.api.list();
    expect(JSON.stringify(adopted)).not.toContain(token);
    expect(hasDrift(await service.plan(jobs))).toBe(false);
  });

  it('shows a secret header as "changed", never its value', async () => {
    const job = scheduled('a', { auth: { type: 'secret' } });
    const [old] = wanted(job);
    if (!old) throw new Error('no job');
    const headers = {
      ...old.body.httpTarget.headers,
      'X-Cron-Secret': 'another-not-a-real-secret-of-32-chars',
    };
    await service.apply([{ ...old, body: { ...old.body, httpTarget: { ...old.body.httpTarget, headers } } }]);
    const [planned] = await service.plan(wanted(job));
    expect(planned?.fields).toEqual([
      { field: 'http_target.headers.x-cron-secret', old: '(hidden)', new: 'changed' },
    ]);
  });

  it('is empty after apply and prune for any file, whatever was there before', async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, anyFile, async (first, second) => {
        service.api = openService(service.url);
        for (const file of [first, second]) {
          const results = [
            ...(await service.apply(wanted(...file))),
            ...(await service.prune(wanted(...file))),
          ];
          expect(results.filter(({ error }) => error !== null)).toEqual([]);
          expect(hasDrift(await service.plan(wanted(...file)))).toBe(false);
        }
        await service.api.close();
      }),
      { numRuns: 25 },
    );
  });
});

describe('a service that fails', () => {
  it('does not stop the other six jobs by failing for the third of seven', async () => {
    let creations = 0;
    service.fault = (request) => (request === 'POST' && ++creations === 3 ? 400 : null);
    const results = await service.apply(wanted(...seven));
    expect(results.map(({ error }) => error === null)).toEqual([true, true, false, true, true, true, true]);
    expect(results[2]).toMatchObject({ id: 'c', done: [], error: expect.stringContaining('planted') });
    service.fault = () => null;
    const again = await service.apply(wanted(...seven));
    expect(again.map(({ id, done }) => [id, done])).toEqual([['c', ['create']]]);
  });

  it('is called again after 503 and 429', async () => {
    service.fault = (_request, index) => [503, 429, null][index] ?? null;
    expect(await service.api.list()).toEqual([]);
    expect(service.requests).toHaveLength(3);
  });

  it('is abandoned in bounded time if it never answers, with a line for every job', async () => {
    service.fault = (request) => (request.startsWith('POST') ? 'hang' : null);
    const began = performance.now();
    const results = await service.apply(wanted(...seven));
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(results).toHaveLength(7);
    for (const { error } of results) expect(error).toMatch(/did not answer within \d s|not tried/);
    expect(results.at(-1)?.error).toContain('not tried');
  });

  it('is reported at once if it does not exist, in plain words', async () => {
    const { url } = service;
    await service.stop();
    service = await startService();
    const api = openService(url);
    await expect(api.list()).rejects.toThrow(/ECONNREFUSED|did not answer/);
    await api.close();
  });
});
