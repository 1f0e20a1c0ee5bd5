import { differences, Fleet } from './fan-out/fleet.ts';
import { PROCESSES } from './fan-out/round.ts';
import { type FaultCase, refuse, type Scale } from './harness/plan.ts';

const MAILBOXES: Record<Scale, number> = { sample: 20, full: 200 };

/** 200 mailboxes over four processes: once in place, once handed on, once with a process killed and deliveries doubled. */
export const fanOut: FaultCase = {
  name: 'fan-out',
  claim:
    'mailboxes handed to several processes end as in one, though one is killed and deliveries come twice',
  runs: { sample: 1, full: 1 },
  async once(run) {
    const fleet = await Fleet.begin(run, MAILBOXES[run.scale]);
    try {
      const inPlace = await fleet.inPlace();
      const handedOn = await fleet.handedOn();
      const disturbed = await fleet.handedOn({ disturbed: true });
      refuse([
        ...differences('handed on', inPlace.stored, handedOn.stored),
        ...differences('with a process killed', inPlace.stored, disturbed.stored),
      ]);
      return {
        mailboxes: fleet.size,
        processes: PROCESSES[run.scale],
        'in place (ms)': Math.round(inPlace.ms),
        'handed on (ms)': Math.round(handedOn.ms),
        kills: disturbed.kills,
        doubled: disturbed.doubled,
      };
    } finally {
      await fleet.stop();
    }
  },
};

const DISPATCHED: Record<Scale, number> = { sample: 20, full: 60 };
const KILLS: Record<Scale, number> = { sample: 1, full: 20 };
/** Some kills come after the dispatcher's answer. */
const BEYOND = 1.1;

/** SIGKILL of a dispatcher at random points, and Scheduler's retry of the same run. */
export const dispatcherKilled: FaultCase = {
  name: 'dispatcher',
  claim: 'a dispatcher that is killed is followed by one that hands on the rest, and each batch counts once',
  runs: { sample: 1, full: 1 },
  async once(run) {
    const fleet = await Fleet.begin(run, DISPATCHED[run.scale]);
    try {
      const { stored, dispatchMs } = await fleet.handedOn();
      let kills = 0;
      for (let index = 0; index < KILLS[run.scale]; index += 1) {
        const round = await fleet.handedOn({ killAfterMs: run.random() * dispatchMs * BEYOND });
        refuse(differences('after a killed dispatcher', stored, round.stored));
        kills += round.kills;
      }
      return { kills };
    } finally {
      await fleet.stop();
    }
  },
};
