import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentData, Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processFollowups } from '../../../functions/process-followups/task.ts';
import { applySignal } from '../../../shared/domains/followups/answers/signals.ts';
import { seededRandom } from '../../faults/harness/random.ts';
import { callJson } from '../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { minutes, NOW, type Reply, seed, startWorld, type World } from '../../support/world.ts';

/** `npm run faults -- process-followups --case changes` runs 216 races of each kind, just before and just after the claim. */
const RACES = 50;
const HOUR = minutes(60);
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1');
  world.smtp.clear();
  await clearFollowups(world.store);
  await world.redis.flushall();
});

const proof = () => ({ headers: { 'X-Cron-Secret': world.secret } });
const run = () => world.post('/api/followups/process-automatic', proof());
/** Calls the task several times at once, as repeated deliveries do. */
async function runs(times: number): Promise<Reply[]> {
  return await Promise.all(Array.from({ length: times }, run));
}
const call = (path: string, body: object = {}) =>
  world.post(path, { body, headers: { Authorization: `Bearer ${admin}` } });
const ids = (count: number) =>
  Array.from({ length: count }, (_, index) => `f-${String(index).padStart(4, '0')}`);
const fill = (count: number, more: (index: number) => DocumentData = () => ({})) =>
  seed(
    world.store,
    'followups',
    new Map(
      ids(count).map((id, index) => [
        id,
        followupFields({
          customer: { name: id, email: `${id}@example.test` },
          next_due_at: stamp(NOW.getTime() - HOUR - index),
          ...more(index),
        }),
      ]),
    ),
  );
const arrived = () => world.smtp.mails().map(({ to }) => to[0]?.split('@')[0] ?? '');
const at = (time: Timestamp | undefined) => (time ? time.seconds * 1e9 + time.nanoseconds : Number.NaN);
/** Reads the instant of each claim by follow-up, in nanoseconds of Firestore's clock. */
async function claimedAt(): Promise<Map<string, number>> {
  const { docs } = await world.store.collectionGroup('sends').get();
  return new Map(docs.map((doc) => [doc.ref.parent.parent?.id ?? '', at(doc.createTime)]));
}

describe('a change during a run', () => {
  /** Changes one follow-up and returns the instant of Firestore's write. */
  type Act = (id: string) => Promise<number>;
  const written: (fields: DocumentData) => Act = (fields) => async (id) =>
    at((await world.store.doc(`followups/${id}`).update(fields)).writeTime);
  const called: (path: string, body?: object) => Act = (path, body) => async (id) => {
    const { status } = await call(`/api/followups/${id}/${path}`, body);
    if (status !== 200) throw new Error(`POST ${path} of ${id} returned ${status}`);
    const { docs } = await world.store
      .collection(`followups/${id}/history`)
      .where('by', '==', 'admintest1')
      .get();
    return at(docs[0]?.createTime);
  };
  const replied: Act = async (id) => {
    const messageId = `<reply-to-${id}@ronde.test>`;
    const context = {
      store: world.store,
      now: NOW,
      decider: { runId: null, by: 'inbox' },
    };
    const answer = { answerId: `<answer-to-${id}>`, documentId: id, receivedAt: NOW, detail: 'Ada' };
    const orgId: string = (await world.store.doc(`followups/${id}`).get()).get('org_id');
    const signal = { kind: 'reply', orgId, messageIds: [messageId], ...answer } as const;
    const [result] = await applySignal(context, signal);
    if (result?.effect !== 'stopped') throw new Error(`the reply to ${id} had the effect ${result?.effect}`);
    const { docs } = await world.store.collection(`followups/${id}/history`).where('by', '==', 'inbox').get();
    return at(docs[0]?.createTime);
  };

  const excluded: Act = async (id) => {
    const path = `/v1/admin/customers/org-1/${id}@example.test`;
    const { status } = await callJson(world, { token: admin, method: 'PUT', path, body: { excluded: true } });
    if (status !== 200) throw new Error(`PUT ${path} returned ${status}`);
    const { docs } = await world.store
      .collection(`followups/${id}/history`)
      .where('by', '==', 'admintest1')
      .get();
    return at(docs[0]?.createTime);
  };

  it.each<[string, Act, (id: string) => DocumentData]>([
    ['an exclusion of the customer', excluded, () => ({})],
    ['a payment', called('paid'), () => ({})],
    ['a payment that another back end writes', written({ status: 'paid' }), () => ({})],
    ['a pause', called('pause'), () => ({})],
    ['a stop', called('stop'), () => ({})],
    ['auto_enabled off', written({ auto_enabled: false }), () => ({})],
    ['a reply', replied, (id) => ({ message_ids: [`<reply-to-${id}@ronde.test>`] })],
  ])(
    `%s, ${RACES} times: no claim follows it, and every mail claimed before it goes once`,
    async (_title, act, fields) => {
      await world.store.doc('billing_settings/org-1').set(settingsFields());
      await fill(RACES, (index) => fields(ids(RACES)[index] ?? ''));
      const random = seededRandom(20_260_304);
      const changes = ids(RACES).map(async (id, index): Promise<[string, number]> => {
        // The delays spread the changes over the duration of the run, in another order than its own.
        await delay(random() * 600 + (index % 7));
        return [id, await act(id)];
      });
      const [body, ...changed] = await Promise.all([run().then((answer) => answer.body), ...changes]);
      const [claims, mails] = [await claimedAt(), arrived()];
      const before = changed
        .filter(([id, when]) => (claims.get(id) ?? Number.POSITIVE_INFINITY) < when)
        .map(([id]) => id);
      expect(mails.toSorted()).toEqual(before.toSorted());
      expect(new Set(mails).size).toBe(mails.length);
      expect(body.counts.candidates).toBe(body.counts.acted + body.counts.skipped + body.counts.failed);
      expect(body.followups.sent).toBe(mails.length);
      await run();
      expect(arrived()).toHaveLength(mails.length);
    },
  );

  it('to switched-off settings, 5 times: only mails already being claimed still go', async () => {
    const random = seededRandom(7);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await clearFollowups(world.store);
      world.smtp.clear();
      await world.store.doc('billing_settings/org-1').set(settingsFields());
      await fill(30);
      const off = delay(random() * 250).then(() =>
        world.store.doc('billing_settings/org-1').update({ auto_followups_enabled: false }),
      );
      const [{ writeTime }] = await Promise.all([off, run()]);
      const late = [...(await claimedAt()).values()].filter((when) => when > at(writeTime));
      // Each concurrent batch may have read the settings just before.
      expect(late.length).toBeLessThanOrEqual(processFollowups.concurrency);
      expect(new Set(arrived()).size).toBe(arrived().length);
    }
  });
});

describe('runs in parallel', () => {
  // `npm run faults -- process-followups --case without-lease` runs this over 1,000 follow-ups without any lease.
  it('send 200 mails for 200 due follow-ups in 50 runs at once', async () => {
    await world.store.doc('billing_settings/org-1').set(settingsFields());
    await fill(200);
    const answers = await runs(50);
    expect(new Set(answers.map(({ body }) => body.outcome))).toEqual(
      new Set(['succeeded', 'skipped_overlap']),
    );
    const sent = answers.reduce((sum, { body }) => sum + body.followups.sent, 0);
    expect([sent, arrived().length, new Set(arrived()).size]).toEqual([200, 200, 200]);
    const levels = (await world.store.collection('followups').get()).docs.map((doc) => doc.get('level'));
    expect(new Set(levels)).toEqual(new Set([1]));
  });

  it('share the work of 40 follow-ups in 4 runs without a lease, and send no mail twice', async () => {
    await world.store.doc('billing_settings/org-1').set(settingsFields());
    await fill(40);
    await world.redisEngine.stopEngine();
    try {
      const answers = await runs(4);
      expect(answers.filter(({ body }) => body.followups.sent > 0).length).toBeGreaterThan(1);
      await run();
    } finally {
      await world.redisEngine.restart();
    }
    expect([arrived().length, new Set(arrived()).size]).toEqual([40, 40]);
  });
});
