import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_THRESHOLD_SECONDS } from '../../../../shared/domains/presence/limits.ts';
import { presenceSettings } from '../../../../shared/domains/presence/settings.ts';
import { decideStatus, type Evidence, isOnline } from '../../../../shared/domains/presence/status.ts';

const NOW = Date.parse('2026-03-04T10:00:00.000Z');
const DAY_MS = 24 * 60 * 60_000;
const instant = fc.integer({ min: NOW - 2 * DAY_MS, max: NOW });
const perhaps = fc.option(instant);
const threshold = fc.integer({ min: MIN_THRESHOLD_SECONDS * 1000, max: DAY_MS });
const known: fc.Arbitrary<Evidence> = fc.record({
  activity: perhaps,
  login: perhaps,
  sessionEnd: perhaps,
  loggedOut: perhaps,
  projected: perhaps,
});

describe('online', () => {
  it('means younger than the threshold by a millisecond at least', () => {
    fc.assert(
      fc.property(threshold, (thresholdMs) => {
        const at = (age: number) =>
          isOnline({ now: NOW, lastActivity: NOW - age, lastLogout: null, thresholdMs });
        expect([at(thresholdMs - 1), at(thresholdMs)]).toEqual([true, false]);
      }),
    );
  });

  it('later activity never turns online into offline', () => {
    fc.assert(
      fc.property(
        known,
        threshold,
        fc.nat({ max: DAY_MS }),
        fc.boolean(),
        (evidence, thresholdMs, later, degraded) => {
          if (decideStatus(evidence, thresholdMs, NOW, degraded).status !== 'online') return;
          const activity = Math.max(evidence.activity ?? 0, NOW - later);
          expect(decideStatus({ ...evidence, activity }, thresholdMs, NOW, degraded).status).toBe('online');
        },
      ),
    );
  });

  it('no user is online after a logout that is newer than all signs of life, with or without Redis', () => {
    fc.assert(
      fc.property(known, threshold, fc.boolean(), (evidence, thresholdMs, degraded) => {
        const loggedOut = Math.max(evidence.activity ?? 0, evidence.login ?? 0);
        const verdict = decideStatus({ ...evidence, loggedOut }, thresholdMs, NOW, degraded);
        expect(verdict.status).not.toBe('online');
      }),
    );
  });

  it('losing the data of Redis makes no user online', () => {
    fc.assert(
      fc.property(known, threshold, (evidence, thresholdMs) => {
        if (decideStatus(evidence, thresholdMs, NOW, false).status === 'online') return;
        for (const degraded of [false, true])
          expect(decideStatus({ ...evidence, activity: null }, thresholdMs, NOW, degraded).status).not.toBe(
            'online',
          );
      }),
    );
  });

  it('unknown is returned only if Redis is away, and online names its sign of life', () => {
    fc.assert(
      fc.property(known, threshold, fc.boolean(), (evidence, thresholdMs, degraded) => {
        const { status, source, asOf } = decideStatus(evidence, thresholdMs, NOW, degraded);
        if (status === 'unknown') expect(degraded).toBe(true);
        if (status === 'online') expect(asOf).toBe(source === 'redis' ? evidence.activity : evidence.login);
        expect(source === 'none').toBe(asOf === null);
      }),
    );
  });
});

describe('a user who is offline', () => {
  const none = { activity: null, login: null, sessionEnd: null, loggedOut: null, projected: null };
  const verdict = (evidence: Partial<Evidence>) =>
    decideStatus({ ...none, ...evidence }, 15 * 60_000, NOW, false);

  it('has the last sign of life known, also if only the document has it', () => {
    const projected = NOW - 3 * DAY_MS;
    expect(verdict({ projected })).toEqual({ status: 'offline', source: 'login_history', asOf: projected });
    expect(verdict({ projected, loggedOut: projected - 1 }).asOf).toBe(projected);
    expect(verdict({})).toEqual({ status: 'offline', source: 'none', asOf: null });
  });

  it.each(['activity', 'login', 'projected'] as const)('is not online by a future %s', (name) => {
    expect(verdict({ [name]: NOW + 60_001 })).toMatchObject({ status: 'offline', asOf: null });
    if (name !== 'projected') expect(verdict({ [name]: NOW + 60_000 }).status).toBe('online');
  });
});

it.each([
  [3, false],
  [4, true],
  [15, true],
  [1440, true],
  [1441, false],
  [4.5, false],
  ['15', false],
])('a threshold of %j minutes is %s', (minutes, legal) => {
  const parsed = presenceSettings.safeParse({ online_threshold_minutes: minutes });
  expect(parsed.success).toBe(legal);
  if (minutes === 3) expect(parsed.error?.issues[0]?.message).toContain('three pings');
});
