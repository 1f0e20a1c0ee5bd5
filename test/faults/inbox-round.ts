import { systemClock } from '../../shared/clock.ts';
import { loadConfig } from '../../shared/config.ts';
import { newMeter } from '../../shared/cost.ts';
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
  rules: { local: true },
  credentials: { user: integration.user, password },
  hangUpAfterMs: 60_000,
});
await store.terminate();
process.exitCode = failure ? 1 : 0;
