import { describe, expect, it } from 'vitest';
import { alertId, decideAlert, type EarlierAlert } from '../../../../shared/domains/tickets/alerts/alert.ts';
import {
  type AlertSettings,
  createdBefore,
  type DelayReason,
  daysInStage,
  judgeDelay,
  stageEntry,
  type Ticket,
  thresholdOf,
} from '../../../../shared/domains/tickets/delay.ts';
import { seededRandom } from '../../../faults/harness/random.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const GENERAL: AlertSettings = { thresholdDays: 14, repeatHours: 24, stages: {}, ticketUrl: null };
const NOW = new Date('2026-03-04T07:00:00.000Z');
const at = (daysAgo: number) => NOW.getTime() - daysAgo * DAY;
const ticket = (changes: Partial<Ticket> = {}): Ticket => ({
  id: 't1',
  number: 'R-1',
  device: 'Phone',
  customerName: null,
  status: 'active',
  stage: 'diagnosis',
  stageEnteredAt: at(20),
  createdAt: at(40),
  assignee: null,
  snoozedUntil: null,
  reopenedAt: null,
  ...changes,
});

describe('the time in a stage', () => {
  it.each<[string, Partial<Ticket>, [string, number][], { since: number; source: string }]>([
    [
      'is stage_entered_at where it is there',
      {},
      [['diagnosis', 30]],
      { since: at(20), source: 'stage_entered_at' },
    ],
    [
      'else the last event into the stage, in whatever order they come',
      { stageEnteredAt: null },
      [
        ['diagnosis', 9],
        ['repair', 12],
        ['diagnosis', 30],
      ],
      { since: at(9), source: 'events' },
    ],
    [
      'else the creation, where no event leads into the stage',
      { stageEnteredAt: null },
      [['repair', 12]],
      { since: at(40), source: 'created_at' },
    ],
    [
      'else the creation, where there are none',
      { stageEnteredAt: null },
      [],
      { since: at(40), source: 'created_at' },
    ],
  ])('%s', (_title, changes, events, expected) => {
    const changesOfStage = events.map(([to, daysAgo]) => ({ to, at: at(daysAgo) }));
    expect(stageEntry(ticket(changes), changesOfStage)).toEqual(expected);
  });
});

describe('a ticket is late', () => {
  const RULES: AlertSettings = {
    ...GENERAL,
    stages: { parts: { thresholdDays: null, excluded: true } },
  };
  const late = (ageMs: number, changes: Partial<Ticket> = {}) => {
    const entered = ticket({ stageEnteredAt: NOW.getTime() - ageMs, ...changes });
    return judgeDelay(entered, stageEntry(entered, []), RULES, { now: NOW });
  };
  it.each<[string, number, Partial<Ticket>, DelayReason]>([
    ['after 14 days and a millisecond', 14 * DAY + 1, {}, 'over_threshold'],
    ['not after exactly 14 days', 14 * DAY, {}, 'within_threshold'],
    ['not when closed', 20 * DAY, { status: 'closed' }, 'not_active'],
    ['not when cancelled', 20 * DAY, { status: 'cancelled' }, 'not_active'],
    ['not when the stage was entered in the future', -DAY, {}, 'within_threshold'],
    ['not in an excluded stage', 20 * DAY, { stage: 'parts' }, 'excluded_stage'],
    ['not while it is snoozed', 20 * DAY, { snoozedUntil: NOW.getTime() + 1 }, 'snoozed'],
    ['again at the end of the snooze', 20 * DAY, { snoozedUntil: NOW.getTime() }, 'over_threshold'],
    ['not because of a snooze alone', DAY, { snoozedUntil: NOW.getTime() + 1 }, 'within_threshold'],
    ['not by the time before it was reopened', 60 * DAY, { reopenedAt: at(1) }, 'within_threshold'],
    ['by the time since it was reopened', 60 * DAY, { reopenedAt: at(15) }, 'over_threshold'],
    ['not without a readable date', 0, { stageEnteredAt: null, createdAt: null }, 'no_date'],
  ])('%s', (_title, ageMs, changes, expected) => {
    expect(late(ageMs, changes)).toBe(expected);
  });

  it('by its stage’s own threshold, unless the caller gives one', () => {
    const settings: AlertSettings = { ...GENERAL, stages: { parts: { thresholdDays: 30, excluded: false } } };
    expect(thresholdOf('diagnosis', settings)).toBe(14);
    expect(thresholdOf('parts', settings)).toBe(30);
    expect(thresholdOf('parts', settings, 3)).toBe(3);
    expect(thresholdOf('constructor', settings)).toBe(14);
  });

  it('and then it was created before the shortest threshold, so that the search finds it', () => {
    const settings: AlertSettings = { ...GENERAL, stages: { quick: { thresholdDays: 2, excluded: false } } };
    expect(createdBefore(GENERAL, NOW)).toEqual(new Date(at(14)));
    expect(createdBefore(settings, NOW)).toEqual(new Date(at(2)));
    expect(createdBefore(settings, NOW, 5)).toEqual(new Date(at(5)));
  });

  it('for whole days', () => {
    expect(daysInStage({ since: at(14) - 1, source: 'events' }, NOW)).toBe(14);
    expect(daysInStage({ since: at(15) + 1, source: 'events' }, NOW)).toBe(14);
  });
});

describe('an alert', () => {
  const RUN = 'check-delay-alerts@2026-03-04T07:00:00.000Z';
  const earlier = (hoursAgo: number, runId = 'an earlier run'): EarlierAlert => ({
    sequence: 3,
    countedAt: NOW.getTime() - hoursAgo * HOUR,
    runId,
  });
  const decide = (before: EarlierAlert | null, force = false) =>
    decideAlert({ earlier: before, repeatHours: 24, force, occurrence: NOW, runId: RUN });
  const acts = (reason: 'new' | 'reminder' | 'forced', sequence: number, hoursAgo = 0) =>
    ({ act: true, reason, sequence, countedAt: NOW.getTime() - hoursAgo * HOUR }) as const;
  const until = (hours: number) =>
    ({ act: false, reason: 'suppressed', until: new Date(NOW.getTime() + hours * HOUR) }) as const;

  it.each<[string, EarlierAlert | null, boolean, ReturnType<typeof decideAlert>]>([
    ['that is the first', null, false, acts('new', 1)],
    ['that is the first, forced', null, true, acts('new', 1)],
    ['a day after', earlier(24), false, acts('reminder', 4)],
    ['a quarter of an hour early', earlier(23.75), false, acts('reminder', 4)],
    ['twenty minutes early', earlier(24 - 1 / 3), false, until(1 / 3)],
    ['seven hours after', earlier(7), false, until(17)],
    ['seven hours after, forced: the window stays as it was', earlier(7), true, acts('forced', 4, 7)],
    ['a day after, forced', earlier(24), true, acts('reminder', 4)],
    ['of an occurrence that came late, after a newer one', earlier(-24), false, until(48)],
    ['that an earlier attempt of the same run forced', earlier(7, RUN), true, until(17)],
  ])('%s', (_title, before, force, expected) => {
    expect(decide(before, force)).toEqual(expected);
  });

  it('has one document per stay in a stage, recipient and run', () => {
    const subject = { ticketId: 't1', stage: 'diagnosis', since: at(20), recipient: 'ada@example.test' };
    const ids = [
      alertId(subject, 'one'),
      alertId(subject, 'two'),
      alertId({ ...subject, since: at(19) }, 'one'),
      alertId({ ...subject, stage: 'repair' }, 'one'),
      alertId({ ...subject, recipient: 'bob@example.test' }, 'one'),
      alertId({ ...subject, ticketId: 't2' }, 'one'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(alertId({ ...subject }, 'one')).toBe(ids[0]);
  });
});

/** Counts the alerts of a ticket in a series of runs. `occurrence` is null if the caller sends none. */
function alertsOver(runs: readonly { occurrence: number | null; now: number }[]): number {
  let earlier: EarlierAlert | null = null;
  let alerts = 0;
  for (const { occurrence: sent, now } of runs) {
    const occurrence = new Date(sent ?? now);
    const decision = decideAlert({
      earlier,
      repeatHours: 24,
      force: false,
      occurrence,
      runId: `run at ${now}`,
    });
    if (!decision.act) continue;
    alerts += 1;
    earlier = { sequence: decision.sequence, countedAt: decision.countedAt, runId: `run at ${now}` };
  }
  return alerts;
}

describe('the window over many days', () => {
  const random = seededRandom(7);
  const jitter = () => random() * 10 * 60_000;
  const days = (count: number) => Array.from({ length: count }, (_, day) => NOW.getTime() + day * DAY);

  it('gives 60 alerts in 60 days to a daily job that starts up to ten minutes late', () => {
    expect(alertsOver(days(60).map((occurrence) => ({ occurrence, now: occurrence + jitter() })))).toBe(60);
  });

  it('sends 60 mails in 60 days to a crontab without occurrences', () => {
    expect(alertsOver(days(60).map((due) => ({ occurrence: null, now: due + jitter() })))).toBe(60);
  });

  it('gives one a day if it runs at 7 and at 14', () => {
    const runs = days(30).flatMap((seven) => [seven, seven + 7 * HOUR]);
    expect(alertsOver(runs.map((occurrence) => ({ occurrence, now: occurrence + jitter() })))).toBe(30);
  });

  it('gives one a week if it runs on Mondays', () => {
    const mondays = days(70).filter((_, index) => index % 7 === 0);
    expect(alertsOver(mondays.map((occurrence) => ({ occurrence, now: occurrence + jitter() })))).toBe(10);
  });

  it('gives one after 18 days without a run', () => {
    const runs = [NOW.getTime(), NOW.getTime() + 19 * DAY];
    expect(alertsOver(runs.map((occurrence) => ({ occurrence, now: occurrence })))).toBe(2);
  });
});
