import { atMost, type Bench, measure } from '../bench.ts';
import { interleave } from '../rounds.ts';
import { BARE, sweepOnce, TASK } from './sweep-run.ts';

/** Measures if a sweep's memory grows with the number of visits. */
export const sweepMemory: Bench = {
  name: 'sweep-memory',
  compares: `peak memory of ${TASK} over four times as many visits, each in a fresh process; beside it the bare stream's own`,
  targets: { 'ours, growth': atMost(60) },
  async run(lab) {
    await lab.build([TASK], [BARE]);
    const [few, many] = lab.quick ? [5_000, 20_000] : [50_000, 200_000];
    const peak = async (name: string, visits: number) => {
      const { megabytes } = await lab.withEngines((engines) => sweepOnce(lab, engines, name, visits));
      return megabytes;
    };
    const peaks = await interleave(lab.quick ? 1 : 3, {
      oursFew: () => peak(TASK, few),
      oursMany: () => peak(TASK, many),
      bareFew: () => peak(BARE, few),
      bareMany: () => peak(BARE, many),
    });
    const growth = (from: number[], to: number[]) =>
      to.map((value, round) => value - (from[round] ?? Number.NaN));
    return {
      'ours, growth': measure('MB', growth(peaks.oursFew, peaks.oursMany)),
      'bare, growth': measure('MB', growth(peaks.bareFew, peaks.bareMany)),
      [`ours, ${few} visits`]: measure('MB', peaks.oursFew),
      [`ours, ${many} visits`]: measure('MB', peaks.oursMany),
      [`bare, ${few} visits`]: measure('MB', peaks.bareFew),
      [`bare, ${many} visits`]: measure('MB', peaks.bareMany),
    };
  },
};
