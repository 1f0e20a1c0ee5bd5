import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Ground, openGround, runCase } from './harness/campaign.ts';
import type { FaultPlan } from './harness/plan.ts';

/** The seed of every run of the tests; `npm run faults` takes others. */
const SEED = 1;
/** The plans whose samples have separate files. */
export const MAILING: readonly string[] = ['check-delay-alerts', 'process-followups'];
/** Seconds on a quiet machine; a busy one must not make a case fail. */
const TIMEOUT_MS = 600_000;

/**
 * Declares a sample of every fault of these plans. Several files share the plans, since vitest runs files in
 * parallel.
 */
export function sampleFaults(plans: readonly FaultPlan[]): void {
  const embedded = inject('firestoreEngine') === 'embedded';
  if (embedded)
    console.warn(
      "SKIPPED: kills, races and outages need Google's Firestore emulator, which is not installed",
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
