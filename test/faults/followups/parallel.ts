import { type DeliveryAnswer, deliver } from '../harness/delivery.ts';
import { type FaultCase, type Figures, type RunScale, refuse, Violation } from '../harness/plan.ts';
import type { FaultStage } from '../harness/stage.ts';
import { Campaign, findWrongEnd } from './campaign.ts';

const SIZE: Record<RunScale, { due: number; parallel: number }> = {
  sample: { due: 60, parallel: 6 },
  full: { due: 1_000, parallel: 50 },
};

/**
 * The number of mails that each run reports. A busy machine may not end a run within its budget; then its record
 * counts.
 */
function findWrongAnswers(answers: readonly (DeliveryAnswer | null)[]): string[] {
  const uneven = answers.filter((answer) => {
    const { candidates = 0, acted = 0, skipped = 0, failed = 0 } = answer?.counts ?? {};
    return ![200, 503].includes(answer?.status ?? 0) || candidates !== acted + skipped + failed;
  });
  return uneven.map((answer) => `answer: ${answer?.status} with ${JSON.stringify(answer?.counts)}`);
}

/** Resolves once every run has ended, with the mails that each reports. */
async function ended(stage: FaultStage, runs: number): Promise<number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  const stop = stage
    .store()
    .collection('task_runs')
    .onSnapshot(({ docs }) => {
      const over = docs.filter((doc) => doc.get('finished_at') !== null);
      if (over.length >= runs) resolve(over.map((doc) => Number(doc.get('counts').acted)));
    }, reject);
  return await promise.finally(stop);
}

/** Many runs at a time over the same reminders, which only the claims keep apart. */
export const withoutLease: FaultCase = {
  name: 'without-lease',
  claim: 'runs in parallel without any lease send each reminder once',
  runs: { sample: 1, full: 1 },
  async once({ stage, scale }): Promise<Figures> {
    const { due, parallel } = SIZE[scale];
    const campaign = await Campaign.begin(stage, due);
    const processes = await Promise.all([1, 2].map(() => campaign.start(campaign.smtp.port)));
    try {
      await stage.engines.redis.kill();
      const answers = await Promise.all(
        Array.from({ length: parallel }, (_, index) =>
          deliver(processes[index % processes.length]?.url ?? '', stage, { occurrence: null }),
        ),
      );
      refuse(findWrongAnswers(answers));
      const acted = await ended(stage, parallel);
      const sum = acted.reduce((all, one) => all + one, 0);
      if (sum !== due) throw new Violation([`ledger: the runs say ${sum} mails, and ${due} were due`]);
      refuse((await campaign.readEnds()).flatMap(findWrongEnd));
      const shared = acted.filter((count) => count > 0).length;
      if (shared < 2) throw new Violation([`overlap: ${shared} of ${parallel} runs sent anything`]);
      return { runs: parallel, mails: campaign.smtp.mails().length, 'runs that sent': shared };
    } finally {
      await Promise.all(processes.map((each) => each.kill()));
      await stage.engines.redis.restart();
      await campaign.stop();
    }
  },
};
