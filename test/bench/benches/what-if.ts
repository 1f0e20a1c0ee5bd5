import type { DocumentSnapshot } from '@google-cloud/firestore';
import { WhatIfWorld } from '../../../shared/domains/followups/what-if/what-if.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { followupFields, settings, stamp } from '../../support/followups.ts';
import { atMost, type Bench, measure } from '../bench.ts';

const DAY_MS = 86_400_000;
const DAYS = 90;
const MICROSECONDS = 1_000_000;

/** An open follow-up, due from a month ago to three months ahead, as Firestore returns its document. */
function toRow(index: number, now: number): DocumentSnapshot {
  const id = `f-${index}`;
  const fields = followupFields({
    customer: { name: `Customer ${id}`, email: `${id}@example.test` },
    due_date: stamp(now + ((index % 120) - 30) * DAY_MS),
    next_due_at: null,
  });
  return { id, exists: true, get: (name: string) => fields[name] } as unknown as DocumentSnapshot;
}

/** Plays the runs by the saved and by other settings. Returns the process's CPU seconds: a loaded machine slows no figure. */
function play(count: number): number {
  const now = systemClock().getTime();
  const saved = settings({ max_per_day: 2_000 });
  const levels = { invoice: [{ after_days: 5, template: 'courteous' }] };
  const given = settings({ max_per_day: 2_000, levels, rescheduling: true, releasing_held: true });
  const rows = Array.from({ length: count }, (_, index) => toRow(index, now));
  const before = process.cpuUsage();
  const world = new WhatIfWorld(saved, given, (followup) => followup);
  for (const row of rows) world.add(row, now);
  const { counts } = world.result({ from: now, until: now + DAYS * DAY_MS, sentToday: 0 }, 1_000);
  const { user, system } = process.cpuUsage(before);
  if (counts.would_send + counts.would_not !== count)
    throw new Error(`${JSON.stringify(counts)} is not one level of each of ${count} follow-ups`);
  return (user + system) / MICROSECONDS;
}

/** Measures the longest question that a person may ask before settings are saved, without the reading of documents. */
export const whatIf: Bench = {
  name: 'what-if',
  compares: `the runs of ${DAYS} days over 50,000 open follow-ups, by two settings, against a ceiling of CPU time`,
  targets: { 'CPU seconds of a what-if': atMost(10) },
  async run(lab) {
    const count = lab.quick ? 5_000 : 50_000;
    const rounds = Array.from({ length: lab.quick ? 1 : 3 }, () => play(count));
    return { 'CPU seconds of a what-if': measure('s', rounds) };
  },
};
