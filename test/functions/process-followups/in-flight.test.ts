import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callJson } from '../../support/call.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../../support/scripted-smtp.ts';
import { minutes, NOW, startWorld, type World } from '../../support/world.ts';

const DAY = minutes(24 * 60);
/** Midnight in Paris. */
const LATER = '2026-05-28T22:00:00.000Z';
let world: World;
let smtp: ScriptedSmtp;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  smtp = await startScriptedSmtp();
});
afterAll(async () => {
  await smtp?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 400 * 86_400 });
  Object.assign(smtp, { mails: [], script: () => null });
  await clearFollowups(world.store);
  await world.redis.flushall();
  world.reconfigure({ EMAIL_PORT: String(smtp.port) });
  await world.store.doc('billing_settings/org-1').set(settingsFields());
  await ada().set(
    followupFields({ due_date: stamp(NOW.getTime() - 20 * DAY), next_due_at: stamp(NOW.getTime() - 1) }),
  );
});

const ada = () => world.store.doc('followups/ada');
const run = () =>
  world.post('/api/followups/process-automatic', { body: {}, headers: { 'X-Cron-Secret': world.secret } });

describe('a due date that moves while the mail is on its way', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'by the API',
      () =>
        callJson(world, {
          token: admin,
          method: 'PATCH',
          path: '/api/followups/ada',
          body: { due_date: '2026-05-29' },
        }),
    ],
    ['by another back end', () => ada().update({ due_date: stamp(LATER) })],
  ])(
    '%s counts from then: no mail goes on the new due day, and the next level goes after it',
    async (_by, move) => {
      smtp.script = async (step) => {
        if (step === 'data') await move();
        return null;
      };
      await run();
      expect(smtp.mails).toHaveLength(1);
      smtp.script = () => null;
      expect((await ada().get()).data()).toMatchObject({ level: 1, status: 'open' });
      for (const day of ['2026-03-20', '2026-05-29', '2026-06-12']) {
        world.clock.set(new Date(`${day}T12:00:00Z`));
        await run();
      }
      expect(smtp.mails).toHaveLength(1);
      expect((await ada().get()).get('next_due_at').toDate().toISOString()).toBe('2026-06-12T22:00:00.000Z');
      world.clock.set(new Date('2026-06-13T12:00:00Z'));
      await run();
      expect(smtp.mails).toHaveLength(2);
    },
  );
});
