import { afterAll, beforeAll, expect, it } from 'vitest';
import { syncInbox } from '../../../functions/sync-inbox/task.ts';
import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { type FanOutWorld, startFanOut } from '../../support/fan-out/fan-out.ts';
import { withoutDovecot } from '../../support/inbox/inbox.ts';
import { addIntegration } from '../../support/inbox/integrations.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { startWorld, type World } from '../../support/world.ts';

const ACCOUNTS = Array.from({ length: 10 }, (_, index) => `user${index}`);
const absent = withoutDovecot();
let world: World;
let fan: FanOutWorld;
let imap: LocalImap;

beforeAll(async () => {
  world = await startWorld();
  fan = await startFanOut(world, syncInbox);
  if (!absent) imap = (await startImap({ prefer: 'real', users: ACCOUNTS })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await fan?.stop();
  await world?.stop();
});

it.skipIf(absent)('hands mailboxes on, and keeps the sums of all of them in the ledger', async () => {
  for (const user of imap.users) {
    const mailbox = await openMailbox(imap, user);
    await mailbox.append(mail({ 'Message-ID': `<${user.user}@x.test>` }));
    await mailbox.close();
    await addIntegration(world, imap, user, user.user === 'user3' ? { health: { status: 'disabled' } } : {});
  }
  const { status, body } = await fan.run();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    success: true,
    message: 'Synchronisation inbox confiée à Cloud Tasks en 2 lot(s)',
    outcome: 'dispatched',
    dispatched: { batches: 2, candidates: 9 },
    integrations: { due: 9, synced: 0, failed: 0, skipped: 1 },
    messages: { new: 0 },
  });
  await fan.queue.tick();
  expect((await world.store.doc(`task_runs/${body.run_id}`).get()).data()).toMatchObject({
    outcome: 'succeeded',
    counts: { candidates: 10, acted: 9, skipped: 1, failed: 0 },
    skipped: { disabled: 1 },
    tally: { new: 9, announced: 9, stored: 9 },
  });
  expect((await world.store.collection('inbox_messages').get()).size).toBe(9);
});
