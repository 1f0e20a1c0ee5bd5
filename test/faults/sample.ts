import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isSampled, SEED } from '../support/sample/draw.ts';
import { type Ground, openGround, runCase } from './harness/campaign.ts';
import type { FaultCase, FaultPlan } from './harness/plan.ts';
import { seededRandom } from './harness/random.ts';

/** The part of the cases that run here; `npm run faults -- --sample` runs all of them. */
const PART = isSampled ? 1 / 6 : 1 / 3;
/** The plans whose samples have separate files. */
export const MAILING: readonly string[] = ['check-delay-alerts', 'process-followups'];
/** Seconds on a quiet machine; a busy one must not make a case fail. */
const TIMEOUT_MS = 600_000;

/** Picks a part of the plan's cases by the seed. Each case comes with some seed. */
function pickCases({ name, cases }: FaultPlan): FaultCase[] {
  const random = seededRandom(SEED + name.length);
  const drawn = cases.map((one) => ({ one, rank: random() })).toSorted((a, b) => a.rank - b.rank);
  return drawn.slice(0, Math.ceil(cases.length * PART)).map(({ one }) => one);
}

/**
 * Declares a sample of the faults of these plans. Several files share the plans, since vitest runs files in
 * parallel.
 */
export function sampleFaults(plans: readonly FaultPlan[]): void {
  const embedded = inject('firestoreEngine') === 'embedded';
  if (embedded)
    console.warn(
      "SKIPPED: kills, races and outages need Google's Firestore emulator, which is not installed",
    );

  describe.skipIf(embedded)(`a sample of the faults, from seed ${SEED}`, () => {
    let ground: Ground;
    beforeAll(async () => {
      ground = await openGround(plans);
    });
    afterAll(() => ground?.stop());

    for (const plan of plans)
      for (const one of pickCases(plan))
        it.skipIf(plan.absent ?? false)(`${plan.name}: ${one.claim}`, { timeout: TIMEOUT_MS }, async () => {
          const options = { runs: one.runs.sample, seed: SEED, scale: 'sample' } as const;
          const { failures } = await runCase(plan, one, ground, options);
          expect(failures.join('\n\n')).toBe('');
        });
  });
}
