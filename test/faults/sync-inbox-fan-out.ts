import { PROCESSES } from './fan-out/dispatched-run.ts';
import { Fleet, findDifferences } from './fan-out/fleet.ts';
import { type FaultCase, type RunScale, refuse } from './harness/plan.ts';

const MAILBOXES: Record<RunScale, number> = { sample: 20, full: 200 };

/**
 * Many mailboxes: once in one process, once dispatched to several, once with a killed process and doubled deliveries.
 */
export const fanOut: FaultCase = {
  name: 'fan-out',
  claim:
    'mailboxes dispatched to several processes end as in one, despite a killed process and doubled deliveries',
  runs: { sample: 1, full: 1 },
  async once(run) {
    const fleet = await Fleet.begin(run, MAILBOXES[run.scale]);
    try {
      const inPlace = await fleet.runInPlace();
      const dispatched = await fleet.runDispatched();
      const disturbed = await fleet.runDispatched({ disturbed: true });
      refuse([
        ...findDifferences('dispatched', inPlace.stored, dispatched.stored),
        ...findDifferences('with a process killed', inPlace.stored, disturbed.stored),
      ]);
      return {
        mailboxes: fleet.size,
        processes: PROCESSES[run.scale],
        'in place (ms)': Math.round(inPlace.ms),
        'dispatched (ms)': Math.round(dispatched.ms),
        kills: disturbed.kills,
        doubled: disturbed.doubled,
      };
    } finally {
      await fleet.stop();
    }
  },
};

const DISPATCHED: Record<RunScale, number> = { sample: 20, full: 60 };
const KILLS: Record<RunScale, number> = { sample: 1, full: 20 };
/** Some kills come after the dispatcher's answer. */
const BEYOND = 1.1;

/** Kills a dispatcher by SIGKILL at random points; Scheduler then retries the same occurrence. */
export const dispatcherKilled: FaultCase = {
  name: 'dispatcher',
  claim: 'after a killed dispatcher another one dispatches the rest, and each batch counts once',
  runs: { sample: 1, full: 1 },
  async once(run) {
    const fleet = await Fleet.begin(run, DISPATCHED[run.scale]);
    try {
      const { stored, dispatchMs } = await fleet.runDispatched();
      let kills = 0;
      for (let index = 0; index < KILLS[run.scale]; index += 1) {
        const repeated = await fleet.runDispatched({ killAfterMs: run.random() * dispatchMs * BEYOND });
        refuse(findDifferences('after a killed dispatcher', stored, repeated.stored));
        kills += repeated.kills;
      }
      return { kills };
    } finally {
      await fleet.stop();
    }
  },
};
