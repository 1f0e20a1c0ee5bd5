import { expect, it } from 'vitest';
import { concernsOf } from '../../../../shared/domains/watch/concern.ts';
import { type Incident, type IncidentKind, incidentOf } from '../../../../shared/domains/watch/incident.ts';
import { noticeMail } from '../../../../shared/domains/watch/mails/mails.ts';
import { recentOpenings, type WatchState } from '../../../../shared/domains/watch/state.ts';
import { minutes, NOW } from '../../../support/world.ts';

const DAY = minutes(24 * 60);
const TASK = 'process-followups';

/** Simulates watch-runs every five minutes: what it would mail while `isBad` says whether the task is in trouble. */
function simulate(days: number, isBad: (minute: number) => boolean, kind: IncidentKind = 'failing') {
  const openings = new Map<string, number[]>();
  const flapping = new Map<string, number>();
  const state: WatchState = { tasks: new Map(), settledUntil: null, openings, flapping };
  const subject = `${kind} ${TASK}`;
  const mails: { minute: number; event: string }[] = [];
  let open: Incident[] = [];
  for (let minute = 0; minute <= days * 24 * 60; minute += 5) {
    const now = new Date(NOW.getTime() + minutes(minute));
    const finding = { kind, task: TASK, key: String(minute), facts: {} };
    const bad = isBad(minute);
    const present = { now, state, audience: true };
    for (const concern of concernsOf(bad ? [finding] : [], open, () => !bad, present)) {
      if (concern.reason === 'open') {
        const { muted } = concern;
        open = [incidentOf(finding, now, muted, recentOpenings(state, finding, now).length + 1)];
        openings.set(subject, [...recentOpenings(state, finding, now), now.getTime()]);
        const isSilent = muted && now.getTime() - (flapping.get(subject) ?? -DAY) < DAY;
        if (muted && !isSilent) flapping.set(subject, now.getTime());
        if (!isSilent) mails.push({ minute, event: muted ? 'flapping' : 'opened' });
        if (!muted) open = open.map((one) => ({ ...one, notices: 1, lastNotifiedAt: now }));
      }
      if (concern.reason === 'withdraw') open = [];
      if (concern.reason !== 'tell') continue;
      const { event } = concern;
      mails.push({ minute, event });
      if (event === 'flapping') flapping.set(subject, now.getTime());
      const noted = { notices: 1, lastNotifiedAt: now, ...(event === 'opened' ? { muted: false } : {}) };
      open = event === 'recovered' ? [] : open.map((one) => ({ ...one, ...noted }));
    }
  }
  return mails;
}

it('reports three short failures, then once a day that they come and go', () => {
  const mails = simulate(5, (minute) => minute % 120 < 20);
  const events = (event: string) => mails.filter((one) => one.event === event).length;
  expect(events('opened')).toBe(3);
  expect(events('recovered')).toBe(3);
  expect(events('flapping')).toBe(5);
  expect(mails.slice(0, 7).map(({ event }) => event)).toEqual([
    ...['opened', 'recovered', 'opened', 'recovered', 'opened', 'recovered'],
    'flapping',
  ]);
});

it('reports a failure that lasts half an hour, however much came and went before, and its end', () => {
  const outage = 5 * 24 * 60;
  const mails = simulate(6, (minute) => (minute < outage ? minute % 120 < 20 : minute < outage + 300));
  const late = mails.filter(({ minute, event }) => minute >= outage && event !== 'flapping');
  expect(late).toEqual([
    { minute: outage + 30, event: 'opened' },
    { minute: outage + 300, event: 'recovered' },
  ]);
});

it('reports each failure again after a quiet day', () => {
  const mails = simulate(3, (minute) => (minute < 600 ? minute % 120 < 20 : minute === 2_400));
  expect(mails.at(-2)).toEqual({ minute: 2_400, event: 'opened' });
  expect(mails.at(-1)?.event).toBe('recovered');
});

it('does not report a missed run that a web cron of a slower rhythm ends each hour', () => {
  const mails = simulate(2, (minute) => minute % 60 >= 15, 'missed');
  const events = (event: string) => mails.filter((one) => one.event === event).length;
  expect(events('opened')).toBe(3);
  expect(events('flapping')).toBe(2);
});

it.each([
  ['en' as const, 'Comes and goes', 'begun 7 times within a day'],
  ['fr' as const, 'Par intermittence', '7 fois en une journée'],
])('says in %s how often it came', (locale, title, often) => {
  const finding = { kind: 'failing', task: TASK, key: 'k', facts: { failures: 3 } } as const;
  const mail = noticeMail(incidentOf(finding, NOW, true, 7), 'flapping', locale, NOW);
  expect(mail.subject).toContain(title);
  expect(mail.text).toContain(often);
});
