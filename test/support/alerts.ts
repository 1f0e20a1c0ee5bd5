import { clear, NOW, type Reply, type World } from './world.ts';

const COLLECTIONS = [
  'tickets',
  'alert_recipients',
  'delay_alert_logs',
  'delay_alert_states',
  'settings',
  'task_runs',
];

/** Resets the clock to NOW and empties stores and mails. */
export async function resetAlerts(world: World): Promise<void> {
  world.clock.set(NOW);
  world.reconfigure({});
  world.smtp.clear();
  world.logs.length = 0;
  await Promise.all(COLLECTIONS.map((name) => clear(world.store, name)));
  await world.redis.flushall();
}

/** Calls check-delay-alerts: as a person, or as Cloud Scheduler for an occurrence. */
export const checkDelays = (world: World, body: object = {}, occurrence?: Date): Promise<Reply> =>
  world.post('/tickets/alerts/check', {
    body,
    headers: {
      'X-Cron-Secret': world.secret,
      ...(occurrence ? { 'X-CloudScheduler-ScheduleTime': occurrence.toISOString() } : {}),
    },
  });

/** Returns the rows of delay_alert_logs. */
export async function alertRows(world: World) {
  return (await world.store.collection('delay_alert_logs').get()).docs;
}
