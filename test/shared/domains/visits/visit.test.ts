import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_VISIT_MS } from '../../../../shared/domains/visits/close.ts';
import {
  activityFields,
  endFields,
  navigatedFields,
  newVisit,
  type StoredVisit,
  signOfLife,
  storedVisit,
} from '../../../../shared/domains/visits/visit.ts';

const START = Date.parse('2026-03-04T10:00:00.000Z');
const HOUR_MS = 60 * 60 * 1000;

const span = fc.integer({ min: 0, max: 2 * MAX_VISIT_MS });
/** Whole milliseconds, as the schema of a body returns them. */
const reported = fc.option(fc.nat({ max: 3 * MAX_VISIT_MS }), { nil: undefined });
const report = fc.record({ elapsed_ms: reported, engaged_ms: reported });

const fresh: StoredVisit = { startTime: START, lastActivityAt: START, engagedSeconds: 0 };
const at = (ms: number) => new Date(START + ms);
const time = (fields: Record<string, unknown>, name: string) => (fields[name] as Timestamp).toMillis();
/** Stores fields and reads them back, as the tracker does between two reports. */
const reread = (fields: Record<string, unknown>) =>
  storedVisit({ get: (name: string) => fields[name] } as unknown as DocumentSnapshot);

describe('a sign of life', () => {
  it('moves activity forward only, never past now nor the greatest length, and engaged stays within', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: HOUR_MS * 5 }), report), { maxLength: 12 }), (steps) => {
        let visit = fresh;
        let now = 0;
        for (const [gap, body] of steps) {
          now += gap;
          const next = signOfLife(visit, body, at(now));
          expect(next.startTime).toBe(START);
          expect(next.lastActivityAt).toBeGreaterThanOrEqual(visit.lastActivityAt);
          expect(next.lastActivityAt).toBeLessThanOrEqual(START + Math.min(now, MAX_VISIT_MS));
          expect(next.engagedSeconds).toBeGreaterThanOrEqual(visit.engagedSeconds);
          const length = next.lastActivityAt - next.startTime;
          expect(next.engagedSeconds * 1000).toBeLessThanOrEqual(length + 1e-6);
          visit = reread({ ...activityFields(next), start_time: Timestamp.fromMillis(START) });
        }
      }),
    );
  });

  it('counts once, in any number and order of reports', () => {
    const beats = fc.array(span, { minLength: 1, maxLength: 8 });
    const shuffled = beats.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2, maxLength: all.length * 2 }),
      ),
    );
    fc.assert(
      fc.property(shuffled, span, ([once, twice], now) => {
        const last = (all: number[]) =>
          all.reduce((visit, ms) => signOfLife(visit, { elapsed_ms: ms }, at(now)), fresh).lastActivityAt;
        expect(last(twice)).toBe(last(once));
        expect(last(once)).toBe(START + Math.min(Math.max(...once), now, MAX_VISIT_MS));
      }),
    );
  });
});

it('an unknown visit began at most a day ago, and its engaged time fits in', () => {
  fc.assert(
    fc.property(report, (body) => {
      const fields = newVisit('u', { session_id: 's', path: '/', ...body }, at(0));
      const length = START - time(fields, 'start_time');
      expect(length).toBeGreaterThanOrEqual(0);
      expect(length).toBeLessThanOrEqual(MAX_VISIT_MS);
      expect(Number(fields.engaged_seconds) * 1000).toBeLessThanOrEqual(length + 1);
    }),
  );
});

it('an end closes at the last sign of life, whenever its report arrives', () => {
  fc.assert(
    fc.property(report, span, (body, now) => {
      const visit = signOfLife(fresh, body, at(now));
      const fields = endFields(visit, 'left', at(now));
      expect(time(fields, 'end_time')).toBe(time(fields, 'last_activity_at'));
      expect(time(fields, 'closed_at')).toBe(START + now);
      expect(Number(fields.duration_seconds) * 1000).toBeCloseTo(visit.lastActivityAt - START, 5);
      expect(fields.duration_source).toBe(visit.lastActivityAt > START ? 'measured' : 'inferred');
      expect(Number(fields.engaged_seconds)).toBeLessThanOrEqual(Number(fields.duration_seconds) + 1e-9);
    }),
  );
});

it("one tab's visits, one after the other, never sum to more than the time that passed", () => {
  const page = fc.record({ stay: span, beats: fc.array(span, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: 8 }), (pages) => {
      let now = START;
      let sum = 0;
      for (const { stay, beats } of pages) {
        const began = now;
        let visit: StoredVisit = { startTime: began, lastActivityAt: began, engagedSeconds: 0 };
        now += stay;
        for (const ms of beats)
          visit = signOfLife(visit, { elapsed_ms: ms, engaged_ms: ms }, new Date(began + Math.min(ms, stay)));
        const fields = navigatedFields(visit, now, new Date(now));
        const end = time(fields, 'end_time');
        expect(end).toBeGreaterThanOrEqual(Math.min(visit.lastActivityAt, began + MAX_VISIT_MS));
        expect(end).toBeLessThanOrEqual(now);
        const reached = end - began >= MAX_VISIT_MS ? 'max_length' : 'navigated';
        expect(fields.close_reason).toBe(now - visit.lastActivityAt > HOUR_MS / 2 ? 'timeout' : reached);
        sum += Number(fields.duration_seconds) * 1000;
      }
      expect(sum).toBeLessThanOrEqual(now - START + 1e-3);
    }),
  );
});
