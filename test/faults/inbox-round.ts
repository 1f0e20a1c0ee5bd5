import { systemClock } from '../../shared/clock.ts';
import { loadConfig } from '../../shared/config.ts';
import { newMeter } from '../../shared/cost.ts';
import { MailboxConnection } from '../../shared/inbox/connection.ts';
import type { Integration } from '../../shared/inbox/integration.ts';
import { syncMailbox } from '../../shared/inbox/sync-mailbox.ts';
import { openStore } from '../../shared/store/firestore.ts';

/** One round of one mailbox in a process of its own, to be killed in the middle; it says when it begins. */
const { integration, password } = JSON.parse(process.env['ROUND'] ?? '{}') as {
  integration: Integration;
  password: string;
};
const store = openStore(loadConfig());
process.stdout.write('begins\n');
const { failure } = await syncMailbox(integration, {
  store,
  meter: newMeter(),
  now: systemClock(),
  mayGoOn: () => true,
  connect: () => MailboxConnection.open(integration, { user: integration.user, password }, { local: true }),
  hangUpAfterMs: 60_000,
});
await store.terminate();
process.exitCode = failure ? 1 : 0;
