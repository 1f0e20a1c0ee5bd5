import { type DocumentData, Timestamp } from '@google-cloud/firestore';
import { seed } from '../support/documents.ts';
import { taskPlan } from './harness/task-plan.ts';

const MINUTE_MS = 60_000;

const onlineUser = (lastSign: number): DocumentData => ({
  role: 'user',
  is_online: true,
  last_activity_at: Timestamp.fromMillis(lastSign),
});

/** Putting silent users offline; Redis has the last ping of every other one. */
export const cleanStaleSessions = taskPlan({
  name: 'clean-stale-sessions',
  items: { sample: 1_000, full: 3_000 },
  async seed(stage, { items, now, random }) {
    // Silent for 70 minutes to 30 days; beside them some who are there in every round of a moved clock.
    const signs = Array.from({ length: items }, (_, index): [string, number] => [
      `stale-${index}`,
      now.getTime() - (70 + Math.floor(random() * 43_130)) * MINUTE_MS,
    ]);
    const there = Array.from({ length: 50 }, (_, index): [string, number] => [
      `there-${index}`,
      now.getTime() + 30 * 24 * 60 * MINUTE_MS,
    ]);
    await seed(
      stage.store(),
      'users',
      new Map([...signs, ...there].map(([id, sign]) => [id, onlineUser(sign)])),
    );
    const pinged = signs.filter((_, index) => index % 2 === 0);
    await stage.redis.mset(
      Object.fromEntries(pinged.map(([id, sign]) => [`last_activity:${id}`, String(sign)])),
    );
    return signs.map(([id]) => id);
  },
  async effects(stage) {
    const { docs } = await stage.store().collection('users').where('is_online', '==', false).select().get();
    return new Map(docs.map((doc) => [doc.id, doc.updateTime.valueOf()]));
  },
  async violations(_stage, answers) {
    return answers
      .filter(({ body, counts }) => counts !== null && body.cleaned_count !== counts.acted)
      .map(
        ({ runId, body, counts }) =>
          `answer: ${runId} says ${body.cleaned_count} cleaned, and counted ${counts?.acted}`,
      );
  },
});
