import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../../infra/local/loopback-server.ts';
import { handSchedule } from '../../../shared/domains/watch/schedule.ts';
import { incidentsOf, job, listMails, OWN_JOB, ran, watch, watchUntil } from '../../support/watch.ts';
import { dump, minutes, startWorld, type World } from '../../support/world.ts';

const VISITS = 'close-inactive-visits';
const NIGHTLY = 'test-presence';
const OPERATOR = 'ops@example.test';
/** Ten o'clock; the schedule's occurrences are at the quarters. */
const START = new Date('2026-03-04T10:00:00.000Z');
const at = (time: string) => new Date(`2026-03-04T${time}:00.000Z`);
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(START);
  world.smtp.clear();
  await world.redis.flushall();
  for (const collection of await world.store.listCollections()) await world.store.recursiveDelete(collection);
  handSchedule([OWN_JOB, job(VISITS, '*/15 * * * *')]);
  await world.store.doc('settings/watch').set({ operators: [OPERATOR], locale: 'en' });
});

/** Stores the runs of a quarter-hourly task, both ends included, as Cloud Scheduler delivers them. */
async function storeRuns(from: Date, to: Date, task = VISITS) {
  for (let time = from.getTime(); time <= to.getTime(); time += minutes(15)) {
    const occurrence = new Date(time);
    await ran(world, task, new Date(time + 1_200), { occurrence });
  }
}

/** Sets the clock; watch-runs ran a minute before. */
async function awakeAt(instant: Date) {
  await ran(world, 'watch-runs', new Date(instant.getTime() - minutes(1)));
  world.clock.set(instant);
}

const settings = (fields: object) => world.store.doc('settings/watch').set(fields, { merge: true });

describe('a missed run', () => {
  it('is reported once, in the first run after its grace, and so is its recovery', async () => {
    await storeRuns(at('10:00'), at('10:15'));
    await watchUntil(world, at('10:35'));
    expect(listMails(world)).toEqual([]);
    world.clock.set(at('10:40'));
    const { body } = await watch(world);
    expect(body).toMatchObject({ success: true, outcome: 'succeeded', counts: { acted: 1 } });
    expect(listMails(world)).toEqual([
      `${OPERATOR}: [Ronde] ${VISITS}: the run of 2026-03-04 10:30 UTC did not take place`,
    ]);
    world.clock.set(at('10:45'));
    await watchUntil(world, at('11:30'));
    expect(listMails(world)).toHaveLength(1);
    await ran(world, VISITS, at('11:31'), { occurrence: at('11:30') });
    world.clock.set(at('11:35'));
    await watchUntil(world, at('11:45'));
    expect(listMails(world).slice(1)).toEqual([
      `${OPERATOR}: [Ronde] Over: ${VISITS}: the run of 2026-03-04 10:30 UTC did not take place`,
    ]);
    const [incident, ...others] = await incidentsOf(world);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      id: `missed:${VISITS}:2026-03-04T10:30:00.000Z`,
      kind: 'missed',
      task: VISITS,
      told: 2,
      told_to: [OPERATOR],
      history: [{ event: 'opened' }, { event: 'opened', told_to: [OPERATOR] }, { event: 'recovered' }],
    });
  });

  it('is reported again every day while it lasts', async () => {
    await watch(world);
    world.clock.set(at('10:05'));
    await watchUntil(world, at('10:30'));
    for (const instant of ['05T10:24', '05T10:25', '05T10:30', '06T10:24', '06T10:25', '06T10:30']) {
      await awakeAt(new Date(`2026-03-${instant}:00Z`));
      await watch(world);
    }
    const still = `${OPERATOR}: [Ronde] Still: ${VISITS}: the run of 2026-03-04 10:15 UTC did not take place`;
    expect(listMails(world).slice(1)).toEqual([still, still]);
    expect(world.smtp.mails()[1]?.text).toContain('since 2026-03-04 10:25 UTC, for 1 d');
    expect(await incidentsOf(world)).toMatchObject([{ told: 3, history: { length: 4 } }]);
  });

  it('does not exist if watch-runs or the task is newer than the occurrence', async () => {
    world.clock.set(at('10:12'));
    await watchUntil(world, at('10:22'));
    handSchedule([
      OWN_JOB,
      job(VISITS, '*/15 * * * *'),
      job(NIGHTLY, '0 10 * * *', { grace_seconds: 1_800 }),
    ]);
    await ran(world, VISITS, at('10:15'), { occurrence: at('10:15') });
    await ran(world, VISITS, at('10:30'), { occurrence: at('10:30') });
    world.clock.set(at('10:25'));
    await watchUntil(world, at('10:40'));
    expect(listMails(world)).toEqual([]);
  });

  it('does not exist during a pause, nor afterwards for the time of the pause', async () => {
    await storeRuns(at('10:00'), at('10:00'));
    await settings({ paused: { [VISITS]: true } });
    await watchUntil(world, at('11:55'));
    await settings({ paused: {} });
    world.clock.set(at('12:00'));
    await watchUntil(world, at('12:10'));
    expect(listMails(world)).toEqual([]);
    world.clock.set(at('12:15'));
    await watchUntil(world, at('12:25'));
    expect(listMails(world)).toEqual([expect.stringContaining('12:15 UTC did not take place')]);
    await settings({ paused: { [VISITS]: true } });
    world.clock.set(at('12:30'));
    await watch(world);
    expect(listMails(world)).toHaveLength(1);
    expect(await incidentsOf(world)).toMatchObject([{ recovered_at: expect.anything() }]);
  });

  it('does not exist if a web cron, which knows no occurrences, called within the grace', async () => {
    await watch(world);
    for (let hour = 10; hour < 16; hour += 1) {
      for (const minute of [4, 19, 34, 49])
        await ran(world, VISITS, at(`${hour}:${String(minute).padStart(2, '0')}`));
    }
    world.clock.set(at('10:05'));
    await watchUntil(world, at('15:55'));
    expect(listMails(world)).toEqual([]);
  });

  it('is reported three times a day, then as coming and going, if a web cron calls by another rhythm', async () => {
    await watch(world);
    const hours = 30;
    for (let hour = 0; hour < hours; hour += 1)
      await ran(world, VISITS, new Date(START.getTime() + minutes(60 * hour)));
    world.clock.set(at('10:05'));
    await watchUntil(world, new Date(START.getTime() + minutes(60 * hours)), 9);
    const mails = listMails(world).filter((mail) => !mail.includes('Over'));
    expect(mails.filter((mail) => !mail.includes('Comes and goes'))).toHaveLength(3);
    expect(mails.filter((mail) => mail.includes('Comes and goes'))).toHaveLength(2);
    expect(listMails(world).length).toBeLessThanOrEqual(8);
  });

  it('is found further back if many runs by hand hide it from the last eight', async () => {
    await watch(world);
    await ran(world, VISITS, at('10:15'), { occurrence: at('10:15') });
    for (let index = 0; index < 12; index += 1)
      await ran(world, VISITS, new Date(at('10:26').getTime() + index * 1_000));
    world.clock.set(at('10:05'));
    await watchUntil(world, at('10:25'));
    world.clock.set(at('10:28'));
    await watch(world);
    expect(listMails(world)).toEqual([]);
  });
});

describe('a task in trouble', () => {
  beforeEach(async () => {
    await watch(world);
    await storeRuns(at('10:00'), at('12:00'));
  });

  it('is reported when a run is open a minute past its budget, and when it has ended', async () => {
    const id = await ran(world, VISITS, at('10:15'), {
      occurrence: at('10:15'),
      outcome: null,
      finished_at: null,
    });
    await awakeAt(new Date(at('10:18').getTime() - 1));
    await watch(world);
    expect(listMails(world)).toEqual([]);
    await awakeAt(at('10:18'));
    await watch(world);
    expect(listMails(world)).toEqual([`${OPERATOR}: [Ronde] ${VISITS}: a run has not ended in time`]);
    await world.store.doc(`task_runs/${id}`).update({ outcome: 'abandoned' });
    await awakeAt(at('10:23'));
    await watch(world);
    await awakeAt(at('10:27'));
    await watch(world);
    expect(listMails(world).slice(1)).toEqual([expect.stringContaining('Over')]);
  });

  it('is reported at its third failed attempt in a row, with the error, and when it works again', async () => {
    const bad = { outcome: 'failed', error: 'Error: <b>Redis</b> is away' };
    const attempts = [{ attempt: 1, outcome: 'failed', started_at: null }];
    await world.store.doc(`task_runs/${VISITS}@${at('12:00').toISOString()}`).update({ ...bad });
    await awakeAt(at('12:05'));
    await watch(world);
    expect(listMails(world).filter((mail) => mail.includes('failures'))).toEqual([]);
    await ran(world, VISITS, at('12:15'), { occurrence: at('12:15'), ...bad, attempt: 2, attempts });
    await awakeAt(at('12:20'));
    await watch(world);
    const mails = world.smtp.mails().filter(({ subject }) => subject.includes('failures'));
    expect(mails).toMatchObject([{ subject: `[Ronde] ${VISITS}: 3 failures in a row` }]);
    expect(mails[0]?.text).toContain('Error: <b>Redis</b> is away');
    expect(mails[0]?.html).toContain('&lt;b&gt;Redis&lt;/b&gt;');
    await ran(world, VISITS, at('12:30'), { occurrence: at('12:30') });
    await awakeAt(at('12:35'));
    await watchUntil(world, at('12:45'));
    expect(listMails(world).filter((mail) => mail.includes('failures'))).toHaveLength(2);
  });

  it('is reported although the newest run is dispatched, which is neither good nor failed until it closes', async () => {
    const bad = { outcome: 'failed', error: 'Lost: 1 of 3 batches' };
    const attempts = [{ attempt: 1, outcome: 'failed', started_at: null }];
    await ran(world, VISITS, at('12:15'), { occurrence: at('12:15'), ...bad, attempt: 2, attempts });
    await ran(world, VISITS, at('12:20'), { ...bad });
    const handedOn = { outcome: 'dispatched', finished_at: null, duration_ms: null };
    const id = await ran(world, VISITS, at('12:30'), { occurrence: at('12:30'), ...handedOn });
    await awakeAt(at('12:35'));
    await watch(world);
    const failures = () => listMails(world).filter((mail) => mail.includes('failures'));
    expect(failures()).toEqual([`${OPERATOR}: [Ronde] ${VISITS}: 3 failures in a row`]);
    await world.store.doc(`task_runs/${id}`).update({ outcome: 'succeeded', duration_ms: 90_000 });
    await awakeAt(at('12:40'));
    await watch(world);
    expect(failures()).toHaveLength(2);
  });

  it('is reported when the median of five runs exceeds thirty seconds, and when they are quick again', async () => {
    for (const time of ['13:00', '13:01', '13:02', '13:03', '13:04'])
      await ran(world, VISITS, at(time), { durationMs: 31_000 });
    await storeRuns(at('12:15'), at('13:00'));
    await awakeAt(at('12:05'));
    await watchUntil(world, at('13:10'));
    expect(listMails(world)).toEqual([`${OPERATOR}: [Ronde] ${VISITS}: its runs take too long`]);
    expect(world.smtp.mails()[0]?.text).toContain('Lengthen the interval');
    for (const time of ['13:11', '13:12', '13:13', '13:14']) await ran(world, VISITS, at(time));
    await awakeAt(at('13:15'));
    await watch(world);
    expect(listMails(world).slice(1)).toEqual([expect.stringContaining('Over')]);
  });

  it('is reported when the delivery of a mail is uncertain, and only for a day', async () => {
    const { Timestamp } = await import('@google-cloud/firestore');
    await world.store.doc('delay_alert_logs/one').set({
      state: 'unknown',
      ticket_number: 'T-1',
      recipient: 'anna@example.test',
      settled_at: Timestamp.fromDate(at('10:03')),
    });
    await awakeAt(at('10:05'));
    await watch(world);
    expect(listMails(world)).toEqual([
      `${OPERATOR}: [Ronde] check-delay-alerts: 1 mail(s) may or may not have arrived`,
    ]);
    expect(world.smtp.mails()[0]?.text).toContain('T-1, anna@example.test');
    await world.store.doc('delay_alert_logs/one').update({ state: 'sent' });
    await awakeAt(at('10:10'));
    await watch(world);
    expect(listMails(world)).toHaveLength(2);
  });

  it('is reported while the delivery of a reminder is uncertain, and again when it is uncertain once more', async () => {
    const { Timestamp } = await import('@google-cloud/firestore');
    const send = world.store.doc('followups/f-1/sends/2');
    const unknownSince = (time: string) =>
      send.set({ state: 'unknown', to: 'ada@example.test', settled_at: Timestamp.fromDate(at(time)) });
    await unknownSince('09:03');
    await awakeAt(at('10:05'));
    await watch(world);
    expect(listMails(world)).toEqual([
      `${OPERATOR}: [Ronde] process-followups: 1 mail(s) may or may not have arrived`,
    ]);
    expect(world.smtp.mails()[0]?.text).toContain('follow-up f-1, level 2, ada@example.test');
    expect(world.smtp.mails()[0]?.text).toContain('settle each in the console');
    await send.update({ state: 'failed' });
    await awakeAt(at('10:10'));
    await watch(world);
    expect(listMails(world)).toHaveLength(2);
    await unknownSince('10:14');
    await awakeAt(at('10:15'));
    await watch(world);
    expect(listMails(world)).toHaveLength(3);
    expect((await incidentsOf(world)).length).toBe(2);
    await send.delete();
  });
});

describe('watch-runs after a sleep', () => {
  const TOMORROW = new Date('2026-03-05T10:00:00.000Z');
  const MORNING = { grace_seconds: 3_600, period_seconds: 86_400 };

  it('reports its sleep and the missed runs in one message, and opens no other incident for them', async () => {
    handSchedule([OWN_JOB, job(VISITS, '*/15 * * * *'), job(NIGHTLY, '0 3 * * *', MORNING)]);
    await watch(world);
    await storeRuns(at('10:00'), TOMORROW);
    world.clock.set(TOMORROW);
    await watch(world);
    expect(listMails(world)).toEqual([
      `${OPERATOR}: [Ronde] watch-runs was asleep from 2026-03-04 10:00 UTC to 2026-03-05 10:00 UTC`,
    ]);
    expect(world.smtp.mails()[0]?.text).toContain(`${NIGHTLY}: 1 (2026-03-05 03:00 UTC)`);
    expect(world.smtp.mails()[0]?.text).not.toContain(VISITS);
    world.clock.advance(minutes(5));
    await watchUntil(world, new Date(TOMORROW.getTime() + minutes(20)));
    expect(listMails(world)).toHaveLength(1);
    expect(await incidentsOf(world)).toMatchObject([{ kind: 'asleep', recovered_at: expect.anything() }]);
  });

  it('reports that all runs took place if they did', async () => {
    await watch(world);
    await storeRuns(at('10:00'), at('12:00'));
    world.clock.set(at('12:01'));
    await watch(world);
    expect(world.smtp.mails()[0]?.text).toContain('All runs of the tasks took place');
  });

  it('counts as awake if it ran nine minutes ago, even if that run failed', async () => {
    await watch(world);
    await storeRuns(at('10:00'), at('12:00'));
    world.clock.set(at('10:09'));
    await watch(world);
    expect(listMails(world)).toEqual([]);
  });

  it('reports its sleep three times, and other incidents as usual, if a web cron calls it by another rhythm', async () => {
    await storeRuns(at('10:00'), at('13:00'));
    for (let hour = 10; hour < 34; hour += 1) {
      await watch(world);
      world.clock.advance(minutes(60));
    }
    const sleeps = listMails(world).filter((mail) => mail.includes('asleep'));
    expect(sleeps).toHaveLength(3);
    expect(listMails(world).filter((mail) => mail.includes('did not take place'))).toHaveLength(1);
  });
});

describe('daylight saving', () => {
  const paris = job('check-delay-alerts', '30 2 * * *', {
    time_zone: 'Europe/Paris',
    grace_seconds: 3_600,
    period_seconds: 82_800,
  });

  it.each([
    [
      'in spring, when 02:30 does not exist',
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T03:00:00Z',
    ],
    [
      'in autumn, when 02:30 comes twice',
      '2026-10-24T23:30:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T03:00:00Z',
    ],
  ])('neither loses nor doubles an occurrence %s', async (_name, from, occurrence, until) => {
    handSchedule([OWN_JOB, paris]);
    world.clock.set(new Date(from));
    await watch(world);
    await ran(world, paris.task, new Date(occurrence), { occurrence: new Date(occurrence) });
    await watchUntil(world, new Date(until));
    expect(listMails(world)).toEqual([]);
  });

  it.each([
    ['spring', '2026-03-29T00:00:00Z', '2026-03-29 01:00 UTC', '2026-03-29T03:00:00Z'],
    ['autumn', '2026-10-24T23:30:00Z', '2026-10-25 00:30 UTC', '2026-10-25T03:00:00Z'],
  ])('reports a missed run once in %s', async (_name, from, occurrence, until) => {
    handSchedule([OWN_JOB, paris]);
    world.clock.set(new Date(from));
    await watchUntil(world, new Date(until));
    expect(listMails(world)).toEqual([
      expect.stringContaining(`the run of ${occurrence} did not take place`),
    ]);
  });
});

describe('a notice', () => {
  beforeEach(() => watch(world));
  /** Moves to the first run after the grace of 10:15, in which nothing ran. */
  const find = async () => {
    world.clock.set(at('10:05'));
    await watchUntil(world, at('10:20'));
    world.clock.set(at('10:25'));
  };

  it('is one mail per operator, even if ten runs without a lease work at the same moment', async () => {
    await settings({ operators: [OPERATOR, 'second@example.test'] });
    await find();
    await world.redisEngine.stopEngine();
    const looks = await Promise.all(Array.from({ length: 10 }, () => watch(world)));
    await world.redisEngine.restart();
    expect(looks.map(({ status }) => status)).toContain(200);
    expect(
      listMails(world).sort(),
      JSON.stringify(looks.map(({ status, body }) => [status, body])),
    ).toHaveLength(2);
  });

  it('is in French unless settings say otherwise, with the remedies', async () => {
    await world.store.doc('settings/watch').set({ operators: [OPERATOR] });
    await find();
    await watch(world);
    const [mail] = world.smtp.mails();
    expect(mail?.subject).toBe(`[Ronde] ${VISITS} : l’exécution du 04/03/2026 à 10:15 UTC n’a pas eu lieu`);
    expect(mail?.text).toContain('Que faire');
    expect(mail?.html).toContain('<html lang="fr">');
  });

  it('fails the run while the mail server defers, and comes with the next run', async () => {
    await find();
    world.smtp.refuse(OPERATOR, 451);
    expect(await watch(world)).toMatchObject({ status: 503, body: { failed: { mail_system: 1 } } });
    world.smtp.clear();
    world.clock.advance(minutes(5));
    expect((await watch(world)).status).toBe(200);
    expect(listMails(world)).toHaveLength(1);
  });

  it('comes once, without an asleep incident, after an hour in which no mail could go', async () => {
    await find();
    world.smtp.refuse(OPERATOR, 451);
    await watchUntil(world, at('11:25'));
    world.smtp.clear();
    world.clock.set(at('11:30'));
    await watchUntil(world, at('11:40'));
    expect(listMails(world)).toEqual([
      expect.stringContaining('the run of 2026-03-04 10:15 UTC did not take place'),
    ]);
    expect(await incidentsOf(world)).toHaveLength(1);
  });

  it('costs at most eight reads per task and a dozen for the rest, however many runs are stored', async () => {
    for (let index = 0; index < 40; index += 1)
      await ran(world, VISITS, new Date(START.getTime() - index * minutes(15)));
    world.clock.set(at('10:05'));
    const { body } = await watch(world);
    expect(body.cost.firestore_reads).toBeGreaterThan(8);
    expect(body.cost.firestore_reads).toBeLessThanOrEqual(20);
  });

  it('waits for an operator, while the incident stays open', async () => {
    await settings({ operators: [] });
    await find();
    expect((await watch(world)).body.outcome).toBe('succeeded');
    world.clock.advance(minutes(5));
    expect((await watch(world)).body.skipped).toEqual({ nobody_to_tell: 1 });
    expect(await incidentsOf(world)).toMatchObject([{ told: 0, recovered_at: null }]);
    await settings({ operators: [OPERATOR] });
    world.clock.advance(minutes(5));
    await watch(world);
    expect(listMails(world)).toHaveLength(1);
  });

  it('is listed by a dry run, which sends no mail and writes nothing', async () => {
    await find();
    const before = await dump(world.store, world.redis);
    const { body } = await watch(world, { dry_run: true });
    expect(body.candidates).toEqual([
      { id: `missed:${VISITS}:2026-03-04T10:15:00.000Z`, decision: 'act', reason: 'open' },
    ]);
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(listMails(world)).toEqual([]);
  });

  it('reports in a dry run that every task is well', async () => {
    await ran(world, VISITS, at('10:15'), { occurrence: at('10:15') });
    await find();
    const { body } = await watch(world, { dry_run: true });
    expect(body).toMatchObject({
      outcome: 'nothing_to_do',
      candidates: [{ id: VISITS, decision: 'skip', reason: 'on_time' }],
    });
  });
});

describe('the outside', () => {
  let calls: { method: string; url: string; body: string }[];
  let answer: number;
  let listener: LoopbackServer;

  beforeAll(async () => {
    listener = await serveLoopback(0, async (request, response, body) => {
      calls.push({ method: request.method ?? '', url: request.url ?? '', body });
      response.writeHead(answer, { Location: '/elsewhere' }).end();
    });
  });
  afterAll(() => listener?.stop());
  beforeEach(async () => {
    calls = [];
    answer = 200;
    world.logs.length = 0;
    world.reconfigure({ HEALTHCHECK_URL: `${listener.url}/ping/made-up-uuid` });
    await settings({ webhook_url: `${listener.url}/hook/made-up-token` });
    await watch(world);
    calls = [];
    world.clock.set(at('10:05'));
  });
  afterEach(() => {
    world.reconfigure({});
  });
  const pings = () => calls.filter(({ url }) => url.startsWith('/ping'));
  const hooks = () => calls.filter(({ url }) => url.startsWith('/hook')).map(({ body }) => JSON.parse(body));
  const find = async () => {
    await awakeAt(at('10:25'));
    return watch(world);
  };

  it('is called after each complete run, and after no dry run', async () => {
    await watch(world, { dry_run: true });
    expect(pings()).toHaveLength(0);
    await watch(world);
    expect(pings()).toMatchObject([{ method: 'GET' }]);
    await find();
    expect(pings()).toHaveLength(2);
    expect(listMails(world)).toHaveLength(1);
  });

  it('is not followed where it redirects: neither the webhook nor the monitor', async () => {
    answer = 307;
    await find();
    expect(calls.filter(({ url }) => url.startsWith('/elsewhere'))).toEqual([]);
    expect([pings().length, hooks().length]).toEqual([1, 1]);
    expect(world.logs.join('')).toContain('HTTP 307');
  });

  it('is not called at a private address outside of the local cloud', async () => {
    world.deps.config = { ...world.deps.config, local: false };
    await find();
    expect(hooks()).toEqual([]);
  });

  it('is not called after a run in which a notice failed', async () => {
    world.smtp.refuse(OPERATOR, 451);
    expect((await find()).status).toBe(503);
    expect(pings()).toHaveLength(0);
  });

  it('may be away: that is logged without its address, and the run succeeds', async () => {
    answer = 500;
    expect(await watch(world)).toMatchObject({ status: 200, body: { outcome: 'nothing_to_do' } });
    const lines = world.logs.filter((line) => line.includes('healthcheck'));
    expect(lines).toEqual([expect.stringContaining('HTTP 500')]);
    expect(world.logs.join('')).not.toContain('made-up');
  });

  it('gets an incident by webhook once, with its facts, and its end', async () => {
    await find();
    await ran(world, VISITS, at('10:27'), { occurrence: at('10:15') });
    world.clock.set(at('10:30'));
    await watchUntil(world, at('10:35'));
    expect(hooks()).toMatchObject([
      {
        event: 'opened',
        text: `[Ronde] ${VISITS}: the run of 2026-03-04 10:15 UTC did not take place`,
        incident: { kind: 'missed', task: VISITS, facts: { occurrence: '2026-03-04T10:15:00.000Z' } },
      },
      { event: 'recovered' },
    ]);
    expect(await incidentsOf(world)).toMatchObject([{ told_to: [OPERATOR, 'webhook'] }]);
  });

  it('delays no mail if the webhook fails, and is retried if there is no operator', async () => {
    answer = 503;
    expect((await find()).status).toBe(200);
    expect(listMails(world)).toHaveLength(1);
    await world.store.recursiveDelete(world.store.collection('incidents'));
    await settings({ operators: [] });
    await awakeAt(at('10:40'));
    expect(await watch(world)).toMatchObject({ status: 503, body: { failed: { webhook: 1 } } });
    answer = 200;
    world.clock.set(at('10:45'));
    expect((await watch(world)).status).toBe(200);
    expect(hooks()).toHaveLength(3);
    expect(world.logs.join('')).not.toContain('made-up');
  });
});
