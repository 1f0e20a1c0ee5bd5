import { describe, expect, it } from 'vitest';
import { type Bounds, describeWalk, explore, exploreRandomly, walk } from './explorer.ts';
import { withoutCondition } from './mutate.ts';
import { type Cast, reminderProtocol } from './reminder.ts';

const LIMIT = 20_000;
const SEED = Number(process.env.SEED ?? 1);

/** The bounds within which every interleaving is tried; `npm run check:protocols` goes further. */
const COMPLETE: [what: string, cast: Cast, bounds: Bounds][] = [
  ['two runs at once', { runs: 2, minutes: 0, payments: 0 }, { preemptions: 2, faults: 0, kills: 0 }],
  ['a run and a payment', { runs: 1, minutes: 0, payments: 1 }, { preemptions: 9, faults: 1, kills: 0 }],
  [
    'a run with a fault, a kill and a minute passing',
    { runs: 1, minutes: 1, payments: 0 },
    { preemptions: 2, faults: 1, kills: 1 },
  ],
];

describe('a reminder', () => {
  it.each(COMPLETE)('keeps its promises in every interleaving of %s', async (_what, cast, bounds) => {
    const protocol = reminderProtocol(cast);
    const { walks, isComplete, failure } = await explore(protocol, bounds, LIMIT);
    process.stdout.write(
      `${protocol.name}: ${walks} interleavings, ${isComplete ? 'complete' : 'cut off'}\n`,
    );
    expect(failure ? describeWalk(failure) : null).toBeNull();
    expect(isComplete).toBe(true);
  });

  it('keeps its promises on random walks with two runs, time, a payment, faults and kills', async () => {
    const protocol = reminderProtocol({ runs: 2, minutes: 2, payments: 1 });
    const bounds = { preemptions: 20, faults: 2, kills: 1 };
    const { walks, failure } = await exploreRandomly(protocol, bounds, { seed: SEED, walks: 500 });
    process.stdout.write(`${protocol.name}: ${walks} random walks from seed ${SEED}\n`);
    expect(failure ? `seed ${SEED}\n${describeWalk(failure)}` : null).toBeNull();
  });

  it('goes to the customer twice if the store checks no precondition, and the explorer finds it', async () => {
    const blind = reminderProtocol({ runs: 2, minutes: 0, payments: 0, mutate: withoutCondition(/./) });
    const { failure } = await explore(blind, { preemptions: 9, faults: 0, kills: 0 }, LIMIT);
    expect(failure?.broken).toContain('the customer got 2 mails of one level');
  });

  it('ends in the same way when a trace is walked again', async () => {
    const protocol = reminderProtocol({ runs: 2, minutes: 1, payments: 1 });
    const bounds = { preemptions: 9, faults: 1, kills: 1 };
    const picks = [1, 0, 2, 0, 1, 3, 0, 2, 1, 0, 1];
    const once = await walk(protocol, bounds, (_width, step) => picks[step] ?? 0);
    const again = await walk(protocol, bounds, (_width, step) => once.picks[step] ?? 0);
    const withoutIds = (trace: readonly string[]) =>
      trace.map((text) => text.replace(/[0-9a-f-]{36}/g, 'ID'));
    expect(withoutIds(again.trace)).toEqual(withoutIds(once.trace));
    expect(again.broken).toEqual(once.broken);
  });
});
