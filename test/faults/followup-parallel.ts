import { Campaign, faultOf } from './followup-campaign.ts';
import { type Answer, deliver } from './harness/delivery.ts';
import { type FaultCase, type Figures, refuse, type Scale, Violation } from './harness/plan.ts';

const SIZE: Record<Scale, { due: number; parallel: number }> = {
  sample: { due: 60, parallel: 6 },
  full: { due: 1_000, parallel: 50 },
};

const sent = (answer: Answer | null) =>
  (answer?.body['followups'] as { sent: number } | undefined)?.sent ?? 0;

/** What each says of itself, and what they say together. */
function wrongAnswers(answers: readonly (Answer | null)[], due: number): string[] {
  const sum = answers.reduce((total, answer) => total + sent(answer), 0);
  const uneven = answers.filter((answer) => {
    const { candidates = 0, acted = 0, skipped = 0, failed = 0 } = answer?.counts ?? {};
    return answer?.status !== 200 || candidates !== acted + skipped + failed;
  });
  return [
    ...uneven.map((answer) => `answer: ${answer?.status} with ${JSON.stringify(answer?.counts)}`),
    ...(sum === due ? [] : [`answer: the runs say that they sent ${sum} mails, and ${due} were due`]),
  ];
}

/** Many runs at a time over the same reminders, when nothing but the claims keeps them apart. */
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
      const shared = answers.filter((answer) => sent(answer) > 0).length;
      refuse(wrongAnswers(answers, due));
      refuse((await campaign.fates()).flatMap(faultOf));
      if (shared < 2) throw new Violation([`overlap: ${shared} of ${parallel} runs sent anything`]);
      return { runs: parallel, mails: campaign.smtp.mails().length, 'runs that sent': shared };
    } finally {
      await Promise.all(processes.map((each) => each.kill()));
      await stage.engines.redis.restart();
      await campaign.stop();
    }
  },
};
