import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Ground, openGround, runCase } from './harness/campaign.ts';
import type { FaultPlan } from './harness/plan.ts';

/** The sample is the same in every run of the tests; `npm run faults` takes other seeds. */
const SEED = 1;
/** The plans whose samples have a file of their own. */
export const MAILING: readonly string[] = ['check-delay-alerts', 'process-followups'];
/** Seconds on a quiet machine; a starved one must not make a case fail. */
const TIMEOUT_MS = 600_000;

/** A sample of every fault of these plans. They are shared out among files, since files are what runs side by side. */
export function sampleFaults(plans: readonly FaultPlan[]): void {
  const embedded = inject('firestoreEngine') === 'embedded';
  if (embedded)
    console.warn(
      "SKIPPED: kills, races and outages are judged on Google's Firestore emulator, which is not here",
    );

  describe.skipIf(embedded)('a sample of every fault, from seed 1', () => {
    let ground: Ground;
    beforeAll(async () => {
      ground = await openGround(plans);
    });
    afterAll(() => ground?.stop());

    for (const plan of plans)
      for (const one of plan.cases)
        it.skipIf(plan.absent ?? false)(`${plan.name}: ${one.claim}`, { timeout: TIMEOUT_MS }, async () => {
          const options = { runs: one.runs.sample, seed: SEED, scale: 'sample' } as const;
          const { failures } = await runCase(plan, one, ground, options);
          expect(failures.join('\n\n')).toBe('');
        });
  });
}
