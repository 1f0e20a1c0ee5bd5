import { describe, expect, it } from 'vitest';
import { findingsOf, isOver } from '../../../../shared/domains/watch/findings.ts';
import { type IncidentKind, incidentOf } from '../../../../shared/domains/watch/incident.ts';
import type { SeenRun } from '../../../../shared/domains/watch/run.ts';
import { WATCH_DEFAULTS } from '../../../../shared/domains/watch/settings.ts';
import { job } from '../../../support/watch.ts';
import { NOW } from '../../../support/world.ts';

const TASK = 'sync-inbox';
type Kind = keyof typeof KINDS;

/** The fields in which kinds of runs differ. */
const KINDS = {
  good: { outcome: 'succeeded', candidates: 3, acted: 3 },
  idle: { outcome: 'nothing_to_do' },
  /** Three mailboxes that cannot be reached, and the runs after that, in which they wait. */
  unreachable: { outcome: 'partial', candidates: 3, failed: 3 },
  waiting: { outcome: 'nothing_to_do', candidates: 3, waiting: 3 },
  partly: { outcome: 'partial', candidates: 3, acted: 2, failed: 1 },
  cut: { outcome: 'succeeded', candidates: 9, acted: 9, complete: false },
  failed: { outcome: 'failed', error: 'Error: away' },
  /** A run that only its retry healed. */
  healed: { outcome: 'succeeded', candidates: 1, acted: 1, failedBefore: 1 },
  skipped: { outcome: 'skipped_overlap', complete: true },
  open: { outcome: null },
} satisfies Record<string, Partial<SeenRun>>;

/** Returns runs five minutes apart, given from the oldest to the newest. */
function runsOf(...kinds: Kind[]): SeenRun[] {
  const runs = kinds.map((kind, index): SeenRun => {
    const startedAt = NOW.getTime() - (kinds.length - index) * 300_000;
    const plain = { complete: true, durationMs: 400, budgetSeconds: null, failedBefore: 0, error: null };
    const counts = { candidates: 0, acted: 0, failed: 0, waiting: 0 };
    const times = { occurrence: startedAt, startedAt, firstStartedAt: startedAt };
    return { id: `${TASK}@${index}`, task: TASK, ...times, ...plain, ...counts, ...KINDS[kind] };
  });
  return runs.reverse();
}
const times = (count: number, ...kinds: Kind[]): Kind[] => Array.from({ length: count }, () => kinds).flat();

const viewOf = (kinds: readonly Kind[], failures = 3) => ({
  job: job(TASK, '*/5 * * * *', { period_seconds: 300, budget_seconds: 100 }),
  runs: runsOf(...kinds),
  missed: [],
  now: NOW,
  settings: { ...WATCH_DEFAULTS, failures_in_a_row: failures },
});
const kindsOf = (kinds: readonly Kind[], failures?: number) =>
  findingsOf(viewOf(kinds, failures)).map(({ kind }) => kind);

describe('watch-runs sees', () => {
  it.each<[title: string, runs: Kind[], found: IncidentKind[], failures?: number]>([
    ['nothing in good runs', times(8, 'good'), []],
    [
      'all mailboxes out of reach, though each run succeeds',
      ['unreachable', ...times(5, 'waiting')],
      ['fruitless'],
    ],
    ['nothing if only some of them are', times(6, 'partly'), []],
    ['nothing if one run worked in between', ['unreachable', 'waiting', 'good', 'waiting', 'waiting'], []],
    ['a recipient refused every morning', times(3, 'unreachable'), ['fruitless']],
    ['nothing works, though most runs have nothing to do', times(3, 'unreachable', 'idle'), ['fruitless']],
    ['runs that their budget always ends', times(5, 'cut'), ['cut_short']],
    ['nothing if one of them got through', ['cut', 'good', ...times(4, 'cut')], []],
    ['failures that alternate with successes', times(4, 'failed', 'good'), ['unsteady']],
    ['failures that only retries heal', times(3, 'good', 'healed'), ['unsteady']],
    ['one outage that is over, once', [...times(2, 'good'), ...times(4, 'failed'), ...times(2, 'good')], []],
    ['twelve failures in a row of a caller without retries', times(12, 'failed'), ['failing'], 12],
    ['nothing in eleven of them', ['good', ...times(11, 'failed')], [], 12],
    ['twenty failures in a row', times(20, 'failed'), ['failing'], 20],
    ['failures behind overlaps', [...times(3, 'failed'), ...times(9, 'skipped')], ['failing']],
  ])('%s', (_title, runs, found, failures) => {
    expect(kindsOf(runs, failures)).toEqual(found);
  });
});

describe('an incident', () => {
  it.each<[kind: IncidentKind, ends: boolean, runs: Kind[], when: string]>([
    [
      'failing',
      false,
      [...times(3, 'failed'), ...times(9, 'skipped')],
      'other runs only find the task at work',
    ],
    ['failing', true, [...times(3, 'failed'), 'good'], 'a run ends well'],
    ['fruitless', false, [...times(3, 'waiting'), 'idle'], 'a run has nothing to do'],
    ['fruitless', true, [...times(3, 'waiting'), 'partly'], 'something worked'],
    ['cut_short', false, times(5, 'cut'), 'runs are still cut short'],
    ['cut_short', true, [...times(5, 'cut'), 'good'], 'a run gets through'],
    ['unsteady', false, times(4, 'failed', 'good'), 'failures still alternate'],
    ['unsteady', true, ['failed', ...times(7, 'good')], 'they have nearly stopped'],
    ['overrun', false, ['open', ...times(9, 'skipped')], 'later runs only find the task at work'],
  ])('"%s" ends: %s (%j)', (kind, ends, runs, _when) => {
    const view = viewOf(runs);
    const key = kind === 'overrun' ? `${TASK}@0` : 'any';
    const incident = incidentOf({ kind, task: TASK, key, facts: {} }, NOW, false);
    expect(isOver(incident, view)).toBe(ends);
  });
});
