import { isConflict } from '../doors/store/firestore.ts';
import type { OpenRun } from './ledger.ts';
import type { Counts } from './task.ts';

/** A run that takes this long writes its counts, and again each time as long; most runs end before and write nothing. */
export const REPORT_MS = 5_000;

/** The progress reports of a run. */
export interface Progress {
  /** Ends the reports and waits for one in flight: the run's end must be written after it. */
  stop(): Promise<void>;
}

/**
 * Writes a run's counts into its record while it works, if they changed. Nothing relies on these reports: a failed one is
 * skipped, and they end once another attempt has the record.
 */
export function reportProgress(opened: OpenRun, counts: () => Counts, everyMs = REPORT_MS): Progress {
  let reported = '';
  let reporting: Promise<void> | null = null;
  const report = async () => {
    const now = { ...counts() };
    if (JSON.stringify(now) === reported) return;
    try {
      const { writeTime } = await opened.ref.update({ counts: now }, { lastUpdateTime: opened.writtenAt });
      opened.writtenAt = writeTime;
      reported = JSON.stringify(now);
    } catch (error) {
      if (isConflict(error)) clearInterval(timer);
    }
  };
  const timer = setInterval(() => {
    reporting ??= report().finally(() => {
      reporting = null;
    });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await reporting;
    },
  };
}
