import { loadConfig } from '../../shared/doors/config.ts';
import { noUsage } from '../../shared/doors/cost.ts';
import { createLog } from '../../shared/doors/log.ts';
import { standingClaim } from '../../shared/doors/mail/claim-documents.ts';
import { type Claims, resume } from '../../shared/doors/mail/claims.ts';
import { documentClaims } from '../../shared/doors/mail/document-claims.ts';
import { settleOrphans } from '../../shared/doors/mail/orphans.ts';
import { Post } from '../../shared/doors/mail/post.ts';
import { openStore } from '../../shared/doors/store/firestore.ts';

// Process entry: sends one mail once, like a run. It reads the claim and takes it, waits, or settles it. It prints
// each step and stops at the step STOP_AT, where a test kills it.

const config = loadConfig(process.env, { mail: true });
const store = openStore(config);
const clock = () => new Date(Date.now() + Number(process.env.CLOCK_AHEAD_MS ?? 0));
const log = createLog();

async function step(name: string): Promise<void> {
  process.stdout.write(`step ${name}\n`);
  if (process.env.STOP_AT === name) await new Promise(() => setInterval(() => undefined, 60_000));
}

function watched(claims: Claims): Claims {
  return {
    async take(messageId) {
      await step('before-claim');
      const taken = await claims.take(messageId);
      await step('claimed');
      return taken;
    },
    async sending() {
      await step('before-sending');
      const ours = await claims.sending();
      await step('sending');
      return ours;
    },
    async settle(settlement) {
      await step('before-settling');
      await claims.settle(settlement);
      await step('settled');
    },
    renew: () => claims.renew(),
    withdraw: () => claims.withdraw(),
    release: () => claims.release(),
  };
}

async function main(): Promise<string> {
  const ref = store.doc(process.env.CLAIM ?? '');
  const standing = await ref.get();
  const todo = resume(standing.exists ? standingClaim(standing) : null, clock());
  const context = { store, clock };
  if (todo === 'unknown') await settleOrphans(context, [standing]);
  if (todo !== 'take' || !config.mail) return todo;
  const claims = documentClaims(context, [{ ref, standing, fields: {} }]);
  const post = new Post({ config: config.mail, clock, log, meter: noUsage() });
  const text = 'A line of the body.\n'.repeat(50);
  const mail = { key: ref.path, to: { address: 'ada@example.test' }, locale: 'en' as const };
  const result = await post.sendOnce(
    { ...mail, subject: ref.path, text, html: `<p>${text}</p>` },
    watched(claims),
  );
  return result.outcome;
}

process.stdout.write(`result ${await main()}\n`);
process.exit(0);
